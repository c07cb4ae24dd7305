/** A server by real clients: on loopback, on a socket, with TLS whose certificate is replaced; health and reflection. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect as connectTls } from "node:tls";
import { create, type DescMethod } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { err, millis, ok } from "@seam/base";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, expect, test } from "vitest";

import { followCertificate } from "./certificate.ts";
import { connect } from "./connect.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as HealthStatus,
} from "./gen/grpc/health/v1/health_pb.ts";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from "./gen/grpc/reflection/v1/reflection_pb.ts";
import { NetworkPolicySchema, Policy, PolicyEventSchema } from "./gen/seam/v1/policy_pb.ts";
import { type CallEnd, type Method, reader, serverStreaming, unary, writer } from "./methods.ts";
import { type Place, serve, type Serving } from "./serve.ts";

const folder = mkdtempSync(path.join(tmpdir(), "seam-wire-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ends: CallEnd[] = [];
const thrown: unknown[] = [];
const start = async (place: Place, methods: readonly Method[] = []): Promise<Serving> =>
  serve({
    place,
    services: [{ service: Policy, methods }],
    listener: {
      onEnd: (end) => ends.push(end),
      onThrown: (_, error) => thrown.push(error),
    },
    grace: millis(500),
  });
const LOOPBACK = { kind: "loopback", port: 0 } as const;

test("health is that of the server and of each service, and changes are told", async () => {
  await using server = await start(LOOPBACK);
  using client = connect({ address: server.address });
  const check = async (service: string): ReturnType<typeof client.call> =>
    client.call(Health.method.check, { service });
  const stop = new AbortController();
  const watch = client.stream(Health.method.watch, { service: "seam.v1.Policy" }, stop.signal);
  expect(await watch.next()).toMatchObject({ value: { status: HealthStatus.NOT_SERVING } });
  server.setServing(true);
  expect(await watch.next()).toMatchObject({ value: { status: HealthStatus.SERVING } });
  expect(await check("")).toMatchObject({ ok: true, value: { status: HealthStatus.SERVING } });
  expect(await check("other")).toEqual(
    err({ code: "NOT_FOUND", message: "service: expected nothing or seam.v1.Policy" }),
  );
  expect(await client.call(Health.method.list, {})).toMatchObject({
    value: { statuses: { "": {}, "seam.v1.Policy": {} } },
  });
  stop.abort();
  expect(await watch.next()).toMatchObject({ done: true, value: { error: { code: "CANCELLED" } } });
  await expect
    .poll(() => ends.map(({ method, code }) => `${method} ${code}`))
    .toContain("/grpc.health.v1.Health/Watch CANCELLED");
});

test.each(["grpc.reflection.v1", "grpc.reflection.v1alpha"])(
  "%s tells services, files and symbols, and what it does not know",
  async (version) => {
    await using server = await start(LOOPBACK);
    const client = new Client(server.address, credentials.createInsecure());
    const { input, output, name }: DescMethod = ServerReflection.method.serverReflectionInfo;
    const call = client.makeBidiStreamRequest(
      `/${version}.ServerReflection/${name}`,
      writer(ServerReflectionRequestSchema),
      reader(ServerReflection.method.serverReflectionInfo.output),
    );
    expect([input.name, output.name]).toEqual([
      "ServerReflectionRequest",
      "ServerReflectionResponse",
    ]);
    const asked = [
      { case: "listServices", value: "" },
      { case: "fileByFilename", value: "google/protobuf/struct.proto" },
      { case: "fileContainingSymbol", value: "seam.v1.Policy.Update" },
      { case: "fileContainingSymbol", value: "seam.v1.Nothing" },
      { case: "allExtensionNumbersOfType", value: "seam.v1.NetworkPolicy" },
    ] as const;
    for (const messageRequest of asked)
      call.write(create(ServerReflectionRequestSchema, { messageRequest }));
    call.end();
    const answers: ServerReflectionResponse["messageResponse"][] = [];
    for await (const { messageResponse } of call) answers.push(messageResponse);
    client.close();
    const files = answers.map((answer) =>
      answer.case === "fileDescriptorResponse"
        ? answer.value.fileDescriptorProto.map(
            (bytes) => reader(FileDescriptorProtoSchema)(Buffer.from(bytes)).name,
          )
        : [],
    );
    expect(answers[0]?.value).toMatchObject({
      service: [
        { name: "seam.v1.Policy" },
        { name: "grpc.health.v1.Health" },
        { name: "grpc.reflection.v1.ServerReflection" },
      ],
    });
    expect(files[1]).toEqual(["google/protobuf/struct.proto"]);
    expect(files[2]).toEqual(["seam/v1/policy.proto", "google/protobuf/struct.proto"]);
    expect(answers[3]?.value).toMatchObject({
      errorCode: 5,
      errorMessage: "this server has no seam.v1.Nothing",
    });
    expect(answers[4]?.value).toMatchObject({ errorCode: 5 });
  },
);

test("the token comes as metadata; a wrong handler is hidden from the caller and told to the log", async () => {
  const methods = [
    unary(Policy.method.get, async (_, { token }) =>
      ok(create(NetworkPolicySchema, { name: token ?? "nobody" })),
    ),
    unary(Policy.method.delete, async () => {
      throw new Error("inner matter");
    }),
  ];
  await using server = await start(LOOPBACK, methods);
  using nobody = connect({ address: server.address });
  using somebody = connect({ address: server.address, token: "a.b-c" });
  expect(await nobody.call(Policy.method.get, {})).toMatchObject({ value: { name: "nobody" } });
  expect(await somebody.call(Policy.method.get, {})).toMatchObject({ value: { name: "a.b-c" } });
  const wrong = await somebody.call(Policy.method.delete, {});
  expect(wrong).toMatchObject({ ok: false, error: { code: "INTERNAL" } });
  expect(JSON.stringify(wrong)).not.toContain("inner matter");
  expect(String(thrown.at(-1))).toBe("Error: inner matter");
  expect(await somebody.call(Policy.method.list, {})).toMatchObject({
    error: { code: "UNIMPLEMENTED" },
  });
});

test("answers are made as fast as they are read, and the last value ends the call", async () => {
  const large = { policy: { name: "n".repeat(10_000) } };
  let made = 0;
  const endless = serverStreaming(Policy.method.watch, async function* (_, { signal }) {
    for (; !signal.aborted && made < 10_000; made += 1) yield create(PolicyEventSchema, large);
    return err({ code: "OUT_OF_RANGE", message: "enough" });
  });
  await using server = await start(LOOPBACK, [endless]);
  using client = connect({ address: server.address });
  const stream = client.stream(Policy.method.watch, {});
  await stream.next();
  await expect.poll(() => made).toBeGreaterThan(1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  // 100 MB wait to be read, of which no more is made than fits into the connection's buffers.
  expect(made).toBeLessThan(2000);
  made = 9_990;
  let last = await stream.next();
  while (last.done !== true) last = await stream.next();
  expect(last.value).toEqual(err({ code: "OUT_OF_RANGE", message: "enough" }));
});

test("a socket is its user's alone, and one left behind is replaced", async () => {
  const file = path.join(folder, "run/server.sock");
  for (const _ of [1, 2]) {
    const server = await start({ kind: "socket", path: file });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
    using client = connect({ address: server.address });
    expect(await client.call(Health.method.check, {})).toMatchObject({ ok: true });
    await server[Symbol.asyncDispose]();
  }
  writeFileSync(file, "");
  await using server = await start({ kind: "socket", path: file });
  using client = connect({ address: server.address });
  expect(await client.call(Health.method.check, {})).toMatchObject({ ok: true });
});

const files = { cert: path.join(folder, "tls.crt"), key: path.join(folder, "tls.key") };

function issue(name: string, only: readonly ("cert" | "key")[] = ["cert", "key"]): void {
  const made = { cert: path.join(folder, "new.crt"), key: path.join(folder, "new.key") };
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const into = ["-keyout", made.key, "-out", made.cert];
  execFileSync("openssl", ["req", "-x509", ...key, ...subject, ...into], { stdio: "ignore" });
  for (const part of only) writeFileSync(files[part], readFileSync(made[part]));
}

const nameShown = async (address: string): Promise<string> => {
  const socket = connectTls({
    host: "127.0.0.1",
    port: Number(address.split(":")[1]),
    rejectUnauthorized: false,
  });
  await new Promise((resolve, reject) =>
    socket.once("secureConnect", resolve).once("error", reject),
  );
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
};

test("a replaced certificate is shown to new connections; a pair that does not belong together is not", async () => {
  issue("first");
  const told: string[] = [];
  const followed = followCertificate(files, {
    interval: millis(20),
    onRefused: (why) => told.push(why),
    onReplaced: () => told.push("replaced"),
  });
  if (!followed.ok) throw new Error(followed.error);
  using pair = followed.value;
  await using server = await start({ kind: "tls", port: 0, credentials: pair.credentials });
  const authority = readFileSync(files.cert, "utf8");
  using client = connect({ address: server.address, certificateAuthority: authority });
  expect(await client.call(Health.method.check, {})).toMatchObject({ ok: true });
  using plain = connect({ address: server.address });
  expect(await plain.call(Health.method.check, {})).toMatchObject({
    error: { code: "UNAVAILABLE" },
  });
  expect(await nameShown(server.address)).toBe("first");
  issue("torn", ["cert"]);
  await expect.poll(() => told.join()).toMatch(/cannot use certificate .*tls.crt with key/);
  expect(await nameShown(server.address)).toBe("first");
  issue("second");
  await expect.poll(() => told).toContain("replaced");
  expect(await nameShown(server.address)).toBe("second");
  expect(await client.call(Health.method.check, {})).toMatchObject({ ok: true });
});

test("a certificate that cannot be used is refused at the start", () => {
  const refused = followCertificate(
    { cert: path.join(folder, "none"), key: files.key },
    { interval: millis(1000), onRefused: () => undefined, onReplaced: () => undefined },
  );
  expect(refused).toMatchObject({ ok: false, error: expect.stringContaining("ENOENT") });
});

test("a port that is in use is an error", async () => {
  await using server = await start(LOOPBACK);
  const port = Number(server.address.split(":")[1]);
  await expect(start({ kind: "loopback", port })).rejects.toThrow(/cannot listen on 127.0.0.1:/);
});
