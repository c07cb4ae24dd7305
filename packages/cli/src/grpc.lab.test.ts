/**
 * Policies over gRPC on a real cluster (S24), by grpcurl: a change stops and starts live traffic of both families between two nodes,
 * how soon is printed, and restarts no pod; without a certificate the server is its pod's alone, with one it is everybody's over TLS.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { labDown } from "@seam/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

import { PATIENCE_MS, testLab } from "./lab.fixture.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const lab = testLab("seam-test-grpc");
const { kubectl, onNode } = lab;
const execute = promisify(execFile);
const folder = mkdtempSync("/tmp/seam-test-grpc-");
const certificate = { cert: path.join(folder, "tls.crt"), key: path.join(folder, "tls.key") };
const grpcurl = `${process.env["SEAM_GRPCURL_BIN"] ?? "SEAM_GRPCURL_BIN names the folder of grpcurl"}/grpcurl`;
const running: ChildProcess[] = [];
let token = "";

const pod = (name: string, nodeName: string, command: readonly string[]): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: name } },
  spec: {
    nodeName,
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "c", image: "localhost/seam/traffic:dev", command }],
  },
});

beforeAll(async () => {
  await labDown(lab.name);
  await lab.seam("lab", "up", "--nodes", "2");
  await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=90s");
  await lab.apply(
    pod("ask", "n1", ["sleep", "infinity"]),
    pod("answer", "n2", ["rr", "serve", "5202"]),
  );
  await kubectl("wait", "--for=condition=Ready", "pod/ask", "pod/answer", "--timeout=120s");
  await kubectl("create", "serviceaccount", "tuner");
  const role = ["--clusterrole=edit", "--serviceaccount=default:tuner"];
  await kubectl("create", "rolebinding", "tuner", ...role);
  token = await kubectl("create", "token", "tuner");
}, 300_000);

afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
  await labDown(lab.name);
}, 200_000);

/** The local end of a port forward to what is named. */
async function forwarded(what: string): Promise<string> {
  const { address, child } = await lab.forwardServer(what);
  running.push(child);
  return address;
}

const serverOn = async (field: string): Promise<string> =>
  kubectl(
    "-n",
    "seam-system",
    "get",
    "pods",
    "-l",
    "app.kubernetes.io/name=seam-server",
    "-o",
    `jsonpath=${field}`,
  );

test("without a certificate the server is reached by a port forward, and by nobody else", async () => {
  const address = await forwarded("deployment/seam-server");
  const listed = await execute(grpcurl, ["-plaintext", address, "list"]);
  expect(listed.stdout).toContain("seam.v1.Policy");
  const header = `authorization: Bearer ${token}`;
  const list = ["-plaintext", "-H", header, "-d", '{"namespace":"default"}', address];
  expect((await execute(grpcurl, [...list, "seam.v1.Policy/List"])).stdout).toContain(
    "resourceVersion",
  );
  const ip = await serverOn("{.items[0].status.podIP}");
  const asked = await onNode(
    "n1",
    `${grpcurl} -plaintext -connect-timeout 2 ${ip}:9820 list 2>&1 || true`,
  );
  expect(asked).toMatch(/refused|deadline/);
});

test("a Secret gives it TLS, over its Service", async () => {
  const names = "subjectAltName=DNS:seam-server.seam-system,DNS:localhost";
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const into = ["-keyout", certificate.key, "-out", certificate.cert];
  const request = ["req", "-x509", ...key, "-subj", "/CN=seam", "-addext", names, ...into];
  execFileSync("openssl", request, { stdio: "ignore" });
  const secret = ["secret", "tls", "seam-server-tls", `--cert=${certificate.cert}`];
  await kubectl("-n", "seam-system", "create", ...secret, `--key=${certificate.key}`);
  await kubectl("-n", "seam-system", "rollout", "restart", "deployment/seam-server");
  const rolled = ["rollout", "status", "deployment/seam-server", "--timeout=120s"];
  await kubectl("-n", "seam-system", ...rolled);
  const ip = await kubectl(
    "-n",
    "seam-system",
    "get",
    "service",
    "seam-server",
    "-o",
    "jsonpath={.spec.clusterIP}",
  );
  const at = ip.includes(":") ? `[${ip}]` : ip;
  const tls = `-cacert ${certificate.cert} -authority seam-server.seam-system`;
  await expect
    .poll(async () => onNode("n1", `${grpcurl} ${tls} ${at}:9820 list`).catch(String), {
      timeout: PATIENCE_MS,
    })
    .toContain("seam.v1.Policy");
  expect(await serverOn("{.items[*].spec.serviceAccountName}")).toContain("seam-server");
});

/** When replies to a ping came, in milliseconds since 1970. */
async function repliesFrom(address: string, seconds: number): Promise<readonly number[]> {
  const ping = ["ping", "-D", "-n", "-i", "0.02", "-w", String(seconds), address];
  const printed = await lab.inPod("ask", ...ping);
  return [...printed.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from/gm)].map(
    ([, at]) => Number(at) * 1000,
  );
}

type Turn = { readonly isOpen: boolean; readonly at: number };

/** From each call's start to its effect, in milliseconds: the first reply after opening, the last one after closing. */
const effectsOf = (turns: readonly Turn[], times: readonly number[]): readonly number[] =>
  turns.map(({ isOpen, at }, index) => {
    const end = turns[index + 1]?.at ?? Infinity;
    const within = times.filter((time) => time >= at && time < end);
    const last = within.at(-1) ?? at;
    return (isOpen ? (within[0] ?? Infinity) : last) - at;
  });

type Report = { readonly transactions: number; readonly max_us: number };

const paced = (seconds: number): readonly string[] => [
  "--seconds",
  String(seconds),
  "--rate",
  "100",
];

/** All pods but the server's, of which the one before its certificate may still be on its way out. */
const identities = async (): Promise<string> =>
  kubectl(
    "get",
    "pods",
    "-A",
    "-l",
    "app.kubernetes.io/name!=seam-server",
    "-o",
    'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[*].restartCount}{"\\n"}{end}',
  );

test("Update stops and starts live traffic, in both families, and restarts no pod", async () => {
  const address = await forwarded("service/seam-server");
  const call = async (method: string, message: object): Promise<string> => {
    const tls = ["-cacert", certificate.cert, "-authority", "localhost"];
    const what = ["-H", `authorization: Bearer ${token}`, "-d", JSON.stringify(message)];
    return (await execute(grpcurl, [...tls, ...what, address, `seam.v1.Policy/${method}`])).stdout;
  };
  const policy = { namespace: "default", name: "live" };
  const podSelector = { matchLabels: { app: "answer" } };
  const closed = { podSelector, policyTypes: ["Ingress"] };
  const open = {
    ...closed,
    ingress: [{ from: [{ podSelector: { matchLabels: { app: "ask" } } }] }],
  };
  const addresses = await lab.podAddresses("answer");
  expect(addresses).toHaveLength(2);
  const before = await identities();
  const rounds = 2;
  const turnMs = 4000;
  const lengthSeconds = (rounds * 2 * turnMs) / 1000 + 8;
  const replies = addresses.map(async (each) => repliesFrom(each, lengthSeconds));
  const stream = lab.inPod("ask", "rr", "ask", addresses[0] ?? "", "5202", ...paced(lengthSeconds));
  await sleep(1500);
  const turns: Turn[] = [];
  for (let turn = 0; turn < 2 * rounds; turn += 1) {
    const isOpen = turn % 2 === 1;
    turns.push({ isOpen, at: Date.now() });
    await call("Update", { policy: { ...policy, spec: isOpen ? open : closed } });
    await sleep(turnMs);
  }
  const [printed, ...times] = await Promise.all([stream, ...replies]);
  const effects = times.flatMap((each) => effectsOf(turns, each));
  process.stdout.write(`grpc: effect after ${effects.map(Math.round).join(", ")} ms\n`);
  expect(effects).toHaveLength(addresses.length * turns.length);
  // S24 asks for a second, which is what a quiet machine takes; here it is told, and each change must come before the next one.
  expect(Math.max(...effects)).toBeLessThan(turnMs - 200);
  // A connection that was there before stands still while closed, and goes on.
  const report: Report = JSON.parse(printed);
  process.stdout.write(`grpc: the stream stood still for ${Math.round(report.max_us / 1000)} ms\n`);
  expect(report.transactions).toBeGreaterThan(100);
  expect(report.max_us).toBeGreaterThan(1_000_000);
  expect(await identities()).toBe(before);
  expect(await call("List", { namespace: "default" })).toContain('"name": "live"');
  await call("Delete", policy);
  expect(await kubectl("get", "networkpolicies", "-o", "name")).toBe("");
}, 200_000);

test("the program of the guide works as written", async () => {
  await kubectl("create", "namespace", "lab-a");
  const role = ["--clusterrole=edit", "--serviceaccount=default:tuner", "--namespace=lab-a"];
  await kubectl("create", "rolebinding", "tuner", ...role);
  const page = readFileSync(path.join(root, "docs/guide/grpc.md"), "utf8");
  const [, program = ""] = /^```ts\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const address = (await forwarded("service/seam-server")).replace("127.0.0.1", "localhost");
  expect(program).toContain('"localhost:9820"');
  writeFileSync(path.join(folder, "run.ts"), program.replace("localhost:9820", address));
  writeFileSync(path.join(folder, "ca.crt"), readFileSync(certificate.cert));
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  const child = spawn(process.execPath, ["run.ts"], {
    cwd: folder,
    env: { ...process.env, TOKEN: token },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.push(child);
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  await expect
    .poll(() => printed, { timeout: PATIENCE_MS })
    .toMatch(/^\d+\n1 closed\n4 undefined\n$/);
});

test("the server's log tells of calls and holds no token", async () => {
  const log = await kubectl("-n", "seam-system", "logs", "deployment/seam-server");
  expect(log).toContain('"method":"seam.v1.Policy/Update","code":"OK"');
  expect(log).not.toContain(token);
});
