/** S1: the Python client, as the guide installs and uses it, towards a real server, API server and store. */
import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { customResourceDefinitions } from "@seam/api";
import { createKubeClient, isKubeObject, type KubeClient, readKubeconfig } from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type ApiProcess,
  killApiProcesses,
  portOf,
  startApiProcess,
  tokenIn,
} from "./api-process.fixture.ts";
import { blocksOf, installedPython } from "./python.fixture.ts";

const execute = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), "seam-test-python-"));
const ended = new AbortController();
let plane: ControlPlane;
let kube: KubeClient;
let server: ApiProcess;
let python = "";
let token = "";
let playing: Promise<void> = Promise.resolve();

const start = (port: number): Promise<ApiProcess> =>
  startApiProcess({ port, directory: path.join(folder, "store"), kubeconfig: plane.kubeconfig });

const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  SEAM_URL: server.url,
  SEAM_TOKEN: token,
});

beforeAll(async () => {
  chmodSync(folder, 0o755);
  [plane, python] = await Promise.all([startControlPlane(), installedPython()]);
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  kube = createKubeClient(config.value);
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "first" } };
  for (const object of [...customResourceDefinitions(), namespace].filter(isKubeObject)) {
    const made = await kube.apply(object, { fieldManager: "test" });
    if (!made.ok) throw new Error(made.error.message);
  }
  server = await start(0);
  token = tokenIn(server.said());
  playing = playController();
}, 300_000);

afterAll(async () => {
  ended.abort();
  await playing;
  kube.close();
  killApiProcesses();
  await plane[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** No kubelet is here that could run pods: says of the experiments of `first` what the controller would say of them. */
async function playController(): Promise<void> {
  const phases = new Map([
    ["two-tier", "Ready"],
    ["broken", "Failed"],
  ]);
  while (!ended.signal.aborted) {
    for (const [name, phase] of phases)
      await kube.applyStatus(
        {
          apiVersion: "seam.ucsd.edu/v1alpha1",
          kind: "Experiment",
          metadata: { name, namespace: "first" },
          status: { phase, workloads: [{ name: "server", ready: 1, desired: 1, pods: [] }] },
        },
        { fieldManager: "test" },
      );
    await pause(200);
  }
}

const runPython = async (program: string): Promise<string> =>
  (await execute(python, ["-c", program], { env: environment(), timeout: 60_000 })).stdout;

test("S1: the guide's program works as written, from an experiment's making to its end", async () => {
  const output = await runPython(blocksOf("python").join("\n"));
  expect(output).toMatch(
    new RegExp(
      [
        "signed in as admin",
        "server 1 of 1",
        "would create quiet",
        "revision 2 by admin",
        "revision 1 by admin",
        String.raw`422 invalid \['body\.spec\.podSelectorr'\]`,
        String.raw`\d+ audit first \d{4}-\d\d-\d\d \S+`,
        String.raw`\d+ revision first .*`,
        String.raw`\d+ audit first .*`,
        String.raw`\d+ revision first .*`,
        String.raw`token \d+ is good for 30 days`,
      ].join("\n"),
    ),
  );
});

test("what cannot come is an error that says why, and a token that is none is refused", async () => {
  const output = await runPython(`
import seam_client
seam = seam_client.Seam.from_environment()
lab = seam.project("first")
lab.experiments.create("broken", {"workloads": [{"name": "server", "image": "none"}]})
try:
    lab.experiments.wait("broken", seconds=30)
except seam_client.WaitError as error:
    print(error)
try:
    lab.experiments.wait("absent")
except seam_client.WaitError as error:
    print(error)
try:
    lab.experiments.get("absent")
except seam_client.SeamError as error:
    print(error.status, error.code)
try:
    lab.experiments.apply({"kind": "Experiment"})
except ValueError as error:
    print(error)
print([each["metadata"]["name"] for each in lab.experiments.list(search="rok")])
try:
    seam_client.Seam("${server.url}", token="seam_none").whoami()
except seam_client.SeamError as error:
    print(error.status, error.code)
`);
  expect(output.split("\n")).toEqual([
    "broken is Failed: no condition says why",
    "absent: there is none, while its phase Ready was waited for",
    "404 not-found",
    'metadata.name: expected the name of the object, such as "two-tier"',
    "['broken']",
    "401 unauthenticated",
    "",
  ]);
});

const FOLLOWER = `
import itertools, seam_client
changes = seam_client.Seam.from_environment().changes(after=0)
for change in itertools.islice(changes, 40):
    print(change.number, flush=True)
`;

const WRITER = `
import seam_client
lab = seam_client.Seam.from_environment().project("first")
for index in range(NUMBERS):
    spec = {"podSelector": {"matchLabels": {"index": str(index)}}}
    lab.policies.create("followed", spec)
`;

test("S14: a follower loses no change, and gets none twice, while the server is killed and started again", async () => {
  const follower = spawn(python, ["-c", FOLLOWER], {
    env: environment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const seen: number[] = [];
  const done = new Promise((resolve) => follower.once("close", resolve));
  createInterface({ input: follower.stdout }).on("line", (line) => seen.push(Number(line)));
  await runPython(WRITER.replace("NUMBERS", "10"));
  await server.stop("SIGKILL");
  // Asked while the server is away; it is made when the server is back.
  const written = runPython(WRITER.replace("NUMBERS", "10"));
  server = await start(portOf(server.url));
  await written;
  expect(await done).toBe(0);
  expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
});
