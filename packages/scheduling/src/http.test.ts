/** What kube-scheduler meets on the wire (extender/v1): its own field names, errors where it looks for them, certificates. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { err, ok, type Result } from "@seam/base";
import { Registry } from "prom-client";
import { afterAll, expect, test } from "vitest";

import { createCluster, startExtender } from "./cluster.fixture.ts";
import type { Extender } from "./extender.ts";
import { serveExtender, type Serving, type TlsFiles } from "./http.ts";
import { createMeter } from "./meter.ts";

const folder = mkdtempSync(join(tmpdir(), "seam-extender-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serve(
  extender: () => Result<Extender, string>,
  tls: TlsFiles | null = null,
): Promise<Serving> {
  const meter = createMeter(new Registry(), () => 0);
  const served = await serveExtender({ port: 0, tls, meter, extender, onRefused: () => undefined });
  if (!served.ok) throw new Error(served.error);
  return served.value;
}

const ask = async (port: number, path: string, body: string): Promise<unknown> => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body });
  return [answer.status, await answer.json()];
};

const question = {
  Pod: {
    metadata: {
      namespace: "lab",
      name: "a",
      uid: "uid-a",
      annotations: {
        "kubernetes.io/egress-bandwidth": "100M",
        "kubernetes.io/ingress-bandwidth": "100M",
      },
    },
  },
  Nodes: null,
  NodeNames: ["n1", "n2"],
};

test("V10: questions and answers have the names of the Go types", async () => {
  const cluster = createCluster();
  cluster.addNode("n1", 1000);
  cluster.addNode("n2", 50);
  const { extender } = startExtender(cluster);
  await using server = await serve(() => ok(extender));
  const text = JSON.stringify(question);
  expect(await ask(server.port, "/filter", text)).toEqual([
    200,
    {
      NodeNames: ["n1"],
      FailedNodes: {},
      FailedAndUnresolvableNodes: {
        n2: "node n2 has insufficient bandwidth (required: ul=100Mbps, dl=100Mbps)",
      },
      Error: "",
    },
  ]);
  expect(await ask(server.port, "/prioritize", text)).toEqual([
    200,
    [
      { Host: "n1", Score: 3 },
      { Host: "n2", Score: 0 },
    ],
  ]);
  const victims = {
    Pod: question.Pod,
    NodeNameToMetaVictims: { n1: { Pods: [], NumPDBViolations: 0 } },
  };
  expect(await ask(server.port, "/preempt", JSON.stringify(victims))).toEqual([
    200,
    { NodeNameToMetaVictims: victims.NodeNameToMetaVictims },
  ]);
  cluster.addPod("a", {});
  const binding = { PodName: "a", PodNamespace: "lab", PodUID: "uid-a", Node: "n1" };
  expect(await ask(server.port, "/bind", JSON.stringify(binding))).toEqual([200, { Error: "" }]);
});

test.each([
  ["/filter", "{", 200, "expected JSON"],
  ["/filter", "{}", 200, "expected an object with the field Pod"],
  ["/filter", '{"Pod": {}}', 200, "set nodeCacheCapable: true"],
  ["/bind", "[]", 200, "expected the fields PodName"],
  ["/prioritize", "{}", 503, "expected an object with the field Pod"],
  ["/preempt", "{}", 503, "expected an object with the field Pod"],
  ["/bid", "{}", 404, "expected POST of /filter, /prioritize, /preempt, /bind"],
] as const)("a bad question at %s: %s", async (...[path, body, status, message]) => {
  const { extender } = startExtender(createCluster());
  await using server = await serve(() => ok(extender));
  const expected = [status, { Error: expect.stringContaining(message) }];
  expect(await ask(server.port, path, body)).toEqual(expected);
});

test("V19: a process that stands by places nothing", async () => {
  await using server = await serve(() => err("this process stands by"));
  const standing = { Error: "this process stands by" };
  expect(await ask(server.port, "/filter", JSON.stringify(question))).toEqual([200, standing]);
  expect(await ask(server.port, "/bind", "{}")).toEqual([200, standing]);
  expect(await ask(server.port, "/prioritize", "{}")).toEqual([503, standing]);
});

/** A certificate that is its own authority. */
function certificate(name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
  const made = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
  ];
  execFileSync("openssl", ["req", "-x509", ...made, ...subject, "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
  return { cert, key };
}

test("V19: over TLS only callers with a certificate of the given authority are heard", async () => {
  const own = certificate("server");
  const caller = certificate("caller");
  const { extender } = startExtender(createCluster());
  await using server = await serve(() => ok(extender), { ...own, clientCa: caller.cert });
  const call = async (with_: object): Promise<string> =>
    new Promise((resolve) => {
      const options = {
        port: server.port,
        path: "/filter",
        method: "POST",
        ca: readFileSync(own.cert),
      };
      const sent = request({ host: "127.0.0.1", ...options, ...with_ }, (answer) => {
        answer.resume();
        resolve(String(answer.statusCode));
      });
      sent.on("error", () => resolve("refused"));
      sent.end("{}");
    });
  const known = { cert: readFileSync(caller.cert), key: readFileSync(caller.key) };
  expect(await call(known)).toBe("200");
  expect(await call({})).toBe("refused");
  expect(await call({ cert: readFileSync(own.cert), key: readFileSync(own.key) })).toBe("refused");
});

test("files that cannot be used are named", async () => {
  const tls = { cert: join(folder, "none"), key: join(folder, "none"), clientCa: null };
  await expect(serve(() => err(""), tls)).rejects.toThrow("cannot read a certificate");
});
