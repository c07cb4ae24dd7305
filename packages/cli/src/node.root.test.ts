/** `seam node` and `seam doctor` on a real API server whose nodes have no kubelet: what they say when something is not there. */
import { spawn } from "node:child_process";
import path from "node:path";
import { text } from "node:stream/consumers";

import { customResourceDefinitions } from "@seam/api";
import { createSeam, type Seam } from "@seam/client";
import { isKubeObject, type KubeObject } from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

let plane: ControlPlane;
let seam: Seam;
const main = path.join(import.meta.dirname, "main.ts");
const kinds = customResourceDefinitions().filter(isKubeObject);

beforeAll(async () => {
  plane = await startControlPlane();
  const opened = createSeam({ kubeconfig: plane.kubeconfig });
  if (!opened.ok) throw new Error(opened.error.message);
  seam = opened.value;
});

afterAll(async () => {
  seam[Symbol.dispose]();
  await plane[Symbol.asyncDispose]();
});

async function apply(...objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const applied = await seam.kube.apply(object, { fieldManager: "test", force: true });
    if (!applied.ok) throw new Error(applied.error.message);
  }
}

async function run(...argv: readonly string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: plane.kubeconfig };
  const child = spawn(process.execPath, [main, ...argv], { env });
  const closed = new Promise((resolve) => {
    child.on("close", resolve);
  });
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return `${String(await closed)}\n${out}${error}`;
}

const agent = (labels: object): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "seam-agent-x", namespace: "seam-system", labels },
  spec: {
    nodeName: "n1",
    hostNetwork: true,
    automountServiceAccountToken: false,
    containers: [{ name: "agent", image: "localhost/seam/seam:test" }],
  },
});

test("a node that is not there, one without an agent, and one whose agent does not run", async () => {
  expect(await run("node", "n1")).toBe(
    '1\nseam: there is no node "n1"\nList what there is with seam get nodes.\n',
  );
  await apply({ apiVersion: "v1", kind: "Node", metadata: { name: "n1" } });
  expect(await run("node", "n2")).toBe('1\nseam: there is no node "n2"\nThe nodes are: n1.\n');
  expect(await run("node", "n1")).toMatch(
    /^1\nseam: no agent of Seam runs on node n1\nInstall Seam with seam install/,
  );
  await apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "seam-system" } },
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: "seam-system" },
    },
    agent({ "app.kubernetes.io/name": "seam-agent" }),
  );
  expect(await run("node", "n1")).toBe(
    "1\nseam: the agent of node n1 does not run: pod seam-agent-x is Pending\n" +
      "Look at: seam describe pod seam-agent-x -n seam-system\n",
  );
});

test("a cluster without Seam lacks each part of it", async () => {
  const output = await run("doctor", "cluster");
  expect(output).toMatch(/^1\nok +cluster +api server +answers$/m);
  for (const line of [
    /kinds +\S+ not installed(, \S+ not installed)*$/m,
    /pod prefixes +n1 has none$/m,
    /agents +not Ready on n1$/m,
    /controller +absent$/m,
    /nodes +NotReady: n1$/m,
    /dns +no DNS service in kube-system$/m,
  ])
    expect(output).toMatch(line);
  expect(output).toMatch(/\n6 missing\n$/);
});

test("installed kinds are of this version until one is changed", async () => {
  await apply(...kinds);
  const kindsLine = async (): Promise<string | undefined> =>
    (await run("doctor", "cluster")).split("\n").find((line) => / kinds +/.test(line));
  expect(await kindsLine()).toMatch(
    new RegExp(`^ok +cluster +kinds +${kinds.length} of this version$`),
  );
  const [first] = kinds;
  const ref = { apiVersion: first!.apiVersion, kind: first!.kind, name: first!.metadata.name };
  const names = { shortNames: ["other"] };
  const patched = await seam.kube.patch(ref, { kind: "merge", value: { spec: { names } } });
  expect(patched.ok).toBe(true);
  expect(await kindsLine()).toMatch(
    new RegExp(`^MISSING +cluster +kinds +${ref.name} of another version$`),
  );
});
