/** The commands that look, watch and read logs, as people run them, against a real kube-apiserver and etcd; the test plays a kubelet. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { customResourceDefinitions } from "@seam/api";
import { applyObjects, createSeam, type Seam } from "@seam/client";
import {
  type ControlPlane,
  type Kubelet,
  makeNode,
  startControlPlane,
  startKubelet,
} from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

let plane: ControlPlane;
let seam: Seam;
let kubelet: Kubelet;
const program = path.join(import.meta.dirname, "../../../bin/seam");

const begin = (...argv: readonly string[]): ChildProcess =>
  spawn(program, argv, { env: { ...process.env, KUBECONFIG: plane.kubeconfig } });

type Ran = { readonly status: unknown; readonly out: string; readonly error: string };

async function run(...argv: readonly string[]): Promise<Ran> {
  const child = begin(...argv);
  const streams = [child.stdout, child.stderr].map((each) => (each === null ? "" : text(each)));
  const [[status], out = "", error = ""] = await Promise.all([once(child, "close"), ...streams]);
  return { status, out, error };
}

/** A program that goes on: what it printed so far, and how it ended when it was interrupted. */
function follow(...argv: readonly string[]): {
  readonly out: () => string;
  readonly interrupt: () => Promise<unknown>;
} {
  const child = begin(...argv);
  let out = "";
  child.stdout?.on("data", (part) => (out += String(part)));
  const ended = once(child, "close");
  return {
    out: () => out,
    interrupt: async () => {
      child.kill("SIGINT");
      const [status] = await ended;
      return status;
    },
  };
}

const soon = { timeout: 60_000, interval: 200 };

const ref = (kind: string, name: string) => ({
  apiVersion: "v1",
  kind,
  metadata: { name, namespace: "lab-a" },
});

async function makePod(workload: string, index: number): Promise<void> {
  const labels = { "seam.ucsd.edu/experiment": "two-tier", "seam.ucsd.edu/workload": workload };
  const pod = ref("Pod", `${workload}-${index}`);
  const made = await seam.kube.create({
    ...pod,
    metadata: { ...pod.metadata, labels },
    spec: { nodeName: "n1", containers: [{ name: "main", image: "i" }] },
  });
  if (!made.ok) throw new Error(made.error.message);
  const podIPs = [{ ip: `10.244.0.${index}` }, { ip: `fd00:244::${index}` }];
  const status = { phase: "Running", podIP: podIPs[0]?.ip, podIPs };
  await seam.kube.applyStatus({ ...pod, status }, { fieldManager: "kubelet", force: true });
}

const usage = (millicores: number, mebibytes: number): object => ({
  cpu: { usageNanoCores: millicores * 1e6 },
  memory: { workingSetBytes: mebibytes * 2 ** 20 },
});

const summary = {
  node: usage(1000, 512),
  pods: [
    { podRef: { name: "server-2", namespace: "lab-a" }, ...usage(30, 20) },
    { podRef: { name: "client-1", namespace: "lab-a" }, ...usage(12, 10) },
    { podRef: { name: "other", namespace: "else" }, ...usage(1, 1) },
  ],
};

beforeAll(async () => {
  plane = await startControlPlane();
  const opened = createSeam({ kubeconfig: plane.kubeconfig });
  if (!opened.ok) throw new Error(opened.error.message);
  seam = opened.value;
  kubelet = await startKubelet((asked, response) => {
    const pod = /^\/containerLogs\/lab-a\/([^/]+)\/main/.exec(asked)?.[1];
    if (asked.startsWith("/stats/summary")) response.end(JSON.stringify(summary));
    else if (pod === undefined) response.writeHead(404).end();
    else if (asked.includes("follow=true")) response.write(`${pod} goes on\n`);
    else response.end(`first of ${pod}\nlast of ${pod}`);
  });
  const documents = [
    ...customResourceDefinitions(),
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "lab-a" } },
  ];
  const source = {
    name: "all",
    text: documents.map((each) => JSON.stringify(each)).join("\n---\n"),
  };
  for await (const event of applyObjects(seam.kube, [source], seam))
    if (event.kind === "failed") throw new Error(event.error.message);
  await makeNode(seam.kube, "n1", kubelet);
  for (const [workload, index] of [
    ["server", 10],
    ["server", 2],
    ["client", 1],
  ] as const)
    await makePod(workload, index);
});

afterAll(async () => {
  seam[Symbol.dispose]();
  await kubelet[Symbol.asyncDispose]();
  await plane[Symbol.asyncDispose]();
});

const here = ["-n", "lab-a"] as const;

test("get takes labels and an order, and shows where pods are", async () => {
  const names = await run(
    "get",
    "pods",
    ...here,
    "-l",
    "seam.ucsd.edu/workload=server",
    "-o",
    "name",
  );
  expect(names.out).toBe("pod/server-10\npod/server-2\n");
  const ordered = await run("get", "pods", ...here, "--sort-by", "{.metadata.name}", "-o", "name");
  expect(ordered.out).toBe("pod/client-1\npod/server-2\npod/server-10\n");
  expect((await run("get", "pods", ...here, "-o", "wide")).out).toMatch(
    /^NAME +PHASE +READY +AGE +RESTARTS +NODE +ADDRESSES\nclient-1 +Running +- +\d+s +0 +n1 +10\.244\.0\.1 fd00:244::1\n/,
  );
  expect(await run("get", "pods", ...here, "--sort-by", ".spec.nothing")).toMatchObject({
    status: 1,
    error: expect.stringContaining("none of the pods has a field .spec.nothing"),
  });
  const none = await run("get", "pods", ...here, "-l", "a=b");
  expect(none).toMatchObject({
    status: 0,
    out: "",
    error: "no pods with labels a=b in namespace lab-a\n",
  });
  expect(await run("get", "pods", "-l", "=,")).toMatchObject({ status: 1, out: "" });
});

/**
 * What a terminal of 40 columns gets. Of the variables of its environment only these are set:
 * Node.js writes no colours where `CI` is set. The terminal is held until the kernel, which hands
 * over its output in the background, has surely done so: `script` gives it 10 ms after the program
 * ended.
 */
async function onTerminal(environment: object, command: string): Promise<string> {
  const line = `stty cols 40 && ${program} ${command} && sleep 0.5`;
  const child = spawn("script", ["--quiet", "--return", "--command", line, "/dev/null"], {
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      KUBECONFIG: plane.kubeconfig,
      TERM: "xterm",
      ...environment,
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  return (await text(child.stdout)).replaceAll("\r", "");
}

test("a terminal gets tables of its width, and colours unless NO_COLOR is set", async () => {
  const command = "get pods -n lab-a -o wide";
  const plain = await onTerminal({ NO_COLOR: "1" }, command);
  const lines = plain.trimEnd().split("\n");
  expect(lines.map((line) => [line.length, line.at(-1)])).toEqual(lines.map(() => [40, "…"]));
  const coloured = await onTerminal({}, command);
  expect(coloured).toContain("client-1   \u001B[32mRunning\u001B[39m");
  expect(stripVTControlCharacters(coloured).length).toBe(plain.length);
  const { out } = await run(...command.split(" "));
  expect(out).toBe(stripVTControlCharacters(out));
  expect(out).not.toContain("…");
});

test("wide tables of other kinds have the columns of the API server", async () => {
  const made = await seam.kube.create({
    ...ref("Service", "balanced"),
    spec: { selector: { app: "x" }, ports: [{ port: 80 }] },
  });
  expect(made.ok).toBe(true);
  const wide = await run("get", "svc", "-A", "-l", "!component", "-o", "wide");
  expect(wide.out).toMatch(/^NAMESPACE +NAME +TYPE +CLUSTER-IP .* SELECTOR\n/);
  expect(wide.out).toMatch(/^lab-a +balanced +ClusterIP +10\.96\.\S+ .* app=x$/m);
  const one = await run("get", "svc", "balanced", ...here, "-o", "wide");
  expect(one.out.trim().split("\n")).toHaveLength(2);
});

test("get --watch shows what is there, then a row for each change", async () => {
  const watching = follow("get", "pods", ...here, "-w", "-l", "seam.ucsd.edu/workload=server");
  await expect
    .poll(watching.out, soon)
    .toMatch(/^NAME .*\nserver-10 +Running.*\nserver-2 +Running.*\n$/);
  const pod = { apiVersion: "v1", kind: "Pod", name: "server-2", namespace: "lab-a" };
  await seam.kube.patch(pod, { kind: "merge", value: { metadata: { labels: { new: "label" } } } });
  await expect.poll(watching.out, soon).toMatch(/server-10.*\nserver-2 .*\nserver-2 +Running.*\n$/);
  expect(await watching.interrupt()).toBe(0);
});

test("watch tells changes through a restart of the API server, as lines or as JSON", async () => {
  const lines = follow("watch", "configmaps", ...here);
  const documents = follow("watch", "cm", "second", ...here, "-o", "json");
  const map = (name: string) => ({ ...ref("ConfigMap", name), data: { a: "b" } });
  expect((await seam.kube.create(map("first"))).ok).toBe(true);
  await expect
    .poll(lines.out, soon)
    .toMatch(/^\d\d:\d\d:\d\d {2}added {4}configmap lab-a\/first$/m);
  await plane.stopApiServer();
  await plane.startApiServer();
  await expect.poll(async () => (await seam.kube.create(map("second"))).ok, soon).toBe(true);
  await seam.kube.delete({
    apiVersion: "v1",
    kind: "ConfigMap",
    name: "second",
    namespace: "lab-a",
  });
  await expect
    .poll(lines.out, soon)
    .toMatch(/added {4}configmap lab-a\/second\n.*deleted {2}configmap lab-a\/second\n$/);
  await expect.poll(() => documents.out().split("\n").length, soon).toBe(3);
  expect(
    documents
      .out()
      .split("\n")
      .slice(0, 2)
      .map((line): unknown => JSON.parse(line)),
  ).toMatchObject([
    { event: "added", object: { kind: "ConfigMap", metadata: { name: "second" } } },
    { event: "deleted", object: { metadata: { name: "second" } } },
  ]);
  expect(await lines.interrupt()).toBe(0);
  expect(await documents.interrupt()).toBe(0);
});

test("a watch that may not be ends with 1 and says why", async () => {
  const file = `${plane.kubeconfig}-stranger`;
  writeFileSync(file, readFileSync(plane.kubeconfig, "utf8").replace("test-token", "wrong-token"));
  expect(await run("watch", "pods", "--kubeconfig", file)).toMatchObject({
    status: 1,
    error: expect.stringContaining("cannot watch pods: Unauthorized"),
  });
});

test("the log of a pod comes as it is, those of several with the pod's name before each line", async () => {
  expect(await run("logs", "server-2", ...here, "--tail", "5", "--since", "2m")).toEqual({
    status: 0,
    out: "first of server-2\nlast of server-2",
    error: "",
  });
  const [, query = ""] = kubelet.asked.at(-1)?.split("?") ?? [];
  expect(Object.fromEntries(new URLSearchParams(query))).toEqual({
    tailLines: "5",
    sinceSeconds: "120",
  });
  expect((await run("logs", "two-tier/server", ...here)).out).toBe(
    "[server-10] first of server-10\n[server-10] last of server-10\n[server-2] first of server-2\n[server-2] last of server-2\n",
  );
  expect((await run("logs", "experiment/two-tier", ...here)).out).toContain("[client-1] first");
});

test("logs are followed until interrupted", async () => {
  const following = follow("logs", "exp/two-tier", ...here, "--follow");
  for (const pod of ["client-1", "server-2", "server-10"])
    await expect.poll(following.out, soon).toContain(`[${pod}] ${pod} goes on\n`);
  expect(await following.interrupt()).toBe(0);
});

test.each([
  [["logs", "nobody"], 'pods "nobody" not found', "seam get pods -n lab-a"],
  [["logs", "two-tier/nobody"], "with a workload nobody in namespace lab-a", "seam describe"],
  [["logs", "server-2", "-c", "side"], 'no container "side"', "Its containers are: main."],
  [["logs", "a/b/c"], 'cannot tell which pods "a/b/c" names', "experiment/NAME"],
  [["exec", "nobody", "--", "true"], 'pods "nobody" not found', "seam get pods"],
])("seam %j fails with what to do", async (argv, said, hint) => {
  const failed = await run(argv[0] ?? "", ...here, ...argv.slice(1));
  expect(failed.status).toBe(1);
  expect(failed.error).toContain(said);
  expect(failed.error).toContain(hint);
});

test("top asks the kubelets when there is no metrics-server", async () => {
  expect((await run("top", "nodes")).out).toBe(
    "NAME  CPU    CPU%  MEMORY  MEMORY%\nn1    1000m  25%   512Mi   50%\n",
  );
  expect((await run("top", "pods", ...here)).out).toBe(
    "NAME      CPU  MEMORY\nclient-1  12m  10Mi\nserver-2  30m  20Mi\n",
  );
  expect((await run("top", "experiments", "-A")).out).toBe(
    "NAMESPACE  NAME      CPU  MEMORY\nlab-a      two-tier  42m  30Mi\n",
  );
});

test("top says when there is nothing to show", async () => {
  expect(await run("top", "experiments", "-n", "else")).toEqual({
    status: 0,
    out: "",
    error: "no experiments with figures in namespace else\n",
  });
});

test("versions of the server, and that Seam is not installed", async () => {
  const { out } = await run("version");
  expect(out).toMatch(/^Kubernetes: +v1\.\d+\.\d+/m);
  expect(out).toMatch(/^installed Seam: +none; see seam install$/m);
});
