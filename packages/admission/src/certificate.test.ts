/** Certificates made in memory, as OpenSSL and Node see them, and the bundle of those who are trusted. */
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, connect } from "node:tls";

import { expect, test } from "vitest";

import { makeIdentity } from "./certificate.ts";
import { bundleWith } from "./trust.ts";

const HOUR_MS = 3_600_000;
const wish = { maker: "seam-admission-x", names: ["a.b.svc", "localhost"], validMs: HOUR_MS };

test("a client that trusts the authority takes the certificate for its names, and no other does", async () => {
  const now = Date.now();
  const { cert, key, authority, endsAtMs } = await makeIdentity({ ...wish, nowMs: now });
  const [leaf, root] = [new X509Certificate(cert), new X509Certificate(authority)];
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.checkHost("a.b.svc")).toBe("a.b.svc");
  expect(leaf.ca).toBe(false);
  expect(root.ca).toBe(true);
  expect(leaf.validToDate.getTime()).toBe(Math.floor(endsAtMs / 1000) * 1000);
  const server = createServer({ cert, key }, (socket) => socket.end("yes")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const ask = async (ca: string): Promise<string> => {
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca });
    return once(socket, "data")
      .then(
        ([data]) => String(data),
        (error: Error) => `no: ${error.message}`,
      )
      .finally(() => socket.destroy());
  };
  expect(await ask(authority)).toBe("yes");
  const other = await makeIdentity({ ...wish, nowMs: now });
  expect(await ask(other.authority)).toContain("no: ");
  server.close();
});

test("a bundle keeps others, drops what has ended, and holds an authority once", async () => {
  const now = Date.now();
  const [old, current, own] = await Promise.all([
    makeIdentity({ ...wish, nowMs: now - 2 * HOUR_MS }),
    makeIdentity({ ...wish, nowMs: now }),
    makeIdentity({ ...wish, nowMs: now }),
  ]);
  const authorities = (bundle: string): number =>
    Buffer.from(bundle, "base64").toString().split("BEGIN CERTIFICATE").length - 1;
  const first = bundleWith("", old.authority, now - 2 * HOUR_MS);
  expect(authorities(first)).toBe(1);
  const second = bundleWith(first, current.authority, now);
  expect(authorities(second)).toBe(1);
  const third = bundleWith(second, own.authority, now);
  expect(authorities(third)).toBe(2);
  expect(bundleWith(third, own.authority, now)).toBe(third);
  expect(bundleWith(third, current.authority, now)).toBe(third);
  let many = third;
  for (let index = 0; index < 20; index += 1)
    many = bundleWith(many, (await makeIdentity({ ...wish, nowMs: now })).authority, now);
  expect(authorities(many)).toBe(16);
});
