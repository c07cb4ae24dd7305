/** Who may speak to whom, read from a real API server. */
import { applyObjects, askReach, createSeam, type Seam, tabulateReach } from "./index.ts";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { customResourceDefinitions } from "@seam/api";
import type { KubeObject } from "@seam/kube";
import { afterAll, beforeAll, expect, test } from "vitest";

let plane: ControlPlane;
let seam: Seam;

async function make(object: KubeObject): Promise<void> {
  const made = await seam.kube.apply(object, { fieldManager: "test", force: true });
  if (!made.ok) throw new Error(made.error.message);
}

async function makePod(name: string, labels: object, ip: string): Promise<void> {
  const metadata = { name, namespace: "lab-a", labels };
  const pod = { apiVersion: "v1", kind: "Pod", metadata };
  const ports = [{ name: "sql", containerPort: 5432 }];
  await make({ ...pod, spec: { containers: [{ name: "c", image: "i", ports }], nodeName: "n1" } });
  const status = { podIPs: [{ ip }, { ip: `fd00::${ip.split(".").at(-1)}` }], podIP: ip };
  await seam.kube.applyStatus({ ...pod, status }, { fieldManager: "kubelet", force: true });
}

const policy = (name: string, labels: object, spec: object): KubeObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace: "lab-a", labels },
  spec: { ...spec },
});

const marks = (workload: string): object => ({
  "seam.ucsd.edu/experiment": "tier",
  "seam.ucsd.edu/workload": workload,
});

beforeAll(async () => {
  plane = await startControlPlane();
  const opened = createSeam({ kubeconfig: plane.kubeconfig, namespace: "lab-a" });
  if (!opened.ok) throw new Error(opened.error.message);
  seam = opened.value;
  const definitions = customResourceDefinitions().map((each) => JSON.stringify(each));
  for await (const event of applyObjects(
    seam.kube,
    [{ name: "kinds", text: definitions.join("\n---\n") }],
    seam,
  ))
    if (event.kind === "failed") throw new Error(event.error.message);
  await make({ apiVersion: "v1", kind: "Namespace", metadata: { name: "lab-a" } });
  await makePod("client", marks("client"), "10.0.0.1");
  await makePod("server", marks("server"), "10.0.0.2");
  await makePod("stranger", { app: "x" }, "10.0.0.3");
  const podSelector = { matchLabels: marks("server") };
  const from = [{ podSelector: { matchLabels: marks("client") } }];
  const ports = [{ port: 80, protocol: "TCP" }];
  await make(policy("server", marks("server"), { podSelector, ingress: [{ from, ports }] }));
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n1" } };
  await make(node);
  const addresses = [{ type: "InternalIP", address: "10.200.0.11" }];
  await seam.kube.applyStatus(
    { ...node, status: { addresses } },
    { fieldManager: "kubelet", force: true },
  );
});

afterAll(async () => {
  seam[Symbol.dispose]();
  await plane[Symbol.asyncDispose]();
});

const ask = async (from: string, to: string, port: string) =>
  askReach(seam, { from, to, port, family: null });

test.each([
  ["client", "server", "80", true, "is allowed by NetworkPolicy lab-a/server, spec.ingress[0]", []],
  [
    "client",
    "lab-a/server",
    "sql/tcp",
    false,
    "is denied: NetworkPolicy lab-a/server selects it, and no rule lets this pass",
    [
      "add to spec.policies of experiment lab-a/tier: {from: client, to: server, ports: [5432/TCP]}",
    ],
  ],
  [
    "stranger",
    "server",
    "80/TCP",
    false,
    "is denied: NetworkPolicy lab-a/server selects it, and no rule lets this pass",
    [
      "make a NetworkPolicy in lab-a that selects lab-a/server, with spec.ingress: [{from: [{podSelector: {matchLabels: {app: x}}}], ports: [{protocol: TCP, port: 80}]}]",
    ],
  ],
  ["10.200.0.11", "server", "9", true, "speaks with its own node, which no policy forbids", []],
  ["server", "client", "9/SCTP", true, "is open: no policy selects it for ingress", []],
  ["client", "192.0.2.1", "443", true, "is no pod, so no policy is about it", []],
  ["client", "node:n1", "443", true, "is no pod, so no policy is about it", []],
])("%s to %s, port %s: %s", async (...[from, to, port, allowed, ingress, remedies]) => {
  expect(await ask(from, to, port)).toMatchObject({
    ok: true,
    value: { verdict: { allowed }, explanation: { ingress, remedies } },
  });
});

test.each([
  ["nobody", "server", "80", "NotFound", "cannot get pod lab-a/nobody"],
  ["a/b/c", "server", "80", "BadInput", 'cannot tell what "a/b/c" names'],
  ["client", "server", "0", "BadInput", 'cannot read the port "0"'],
  ["client", "server", "80/QUIC", "BadInput", 'cannot read the port "80/QUIC"'],
  ["client", "server", "web", "BadInput", 'no port called "web" for TCP'],
  ["2001:db8::1", "192.0.2.1", "80", "BadInput", "no address of one family"],
  ["client", "node:nowhere", "80", "NotFound", "cannot get node nowhere"],
])("%s to %s, port %s is an error: %s", async (...[from, to, port, code, message]) => {
  expect(await ask(from, to, port)).toMatchObject({
    ok: false,
    error: { code, message: expect.stringContaining(message) },
  });
});

test("a table now and after a change that is applied nowhere", async () => {
  const open = policy(
    "server",
    {},
    { podSelector: { matchLabels: marks("server") }, ingress: [{}] },
  );
  const sources = [{ name: "open", text: JSON.stringify(open) }];
  const found = await tabulateReach(seam, { sources, ports: ["80/TCP"], family: "ipv4" });
  if (!found.ok) throw new Error(JSON.stringify(found.error));
  const at = (name: string): number =>
    found.value.matrix.groups.findIndex((group) => group.name === `lab-a/${name}`);
  const [all, none] = [
    { kind: "all", ports: [] },
    { kind: "only", ports: [] },
  ];
  expect(found.value.matrix.cells[at("stranger")]?.[at("server")]).toEqual({
    now: none,
    after: all,
  });
  expect(found.value.matrix.cells[at("client")]?.[at("server")]).toEqual({ now: all, after: all });
  expect(
    (await ask("stranger", "server", "80")).ok && (await ask("stranger", "server", "80")),
  ).toMatchObject({
    value: { verdict: { allowed: false } },
  });
});
