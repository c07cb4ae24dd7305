/** Calico's policies, read from a real API server that serves their kinds, by who may read everything and by who may not. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { KubeObject } from "@seam/kube";
import { calicoDefinition, type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

import { askReach, createSeam, type Seam, tabulateReach } from "./index.ts";

const GROUP = "projectcalico.org";
const KINDS = [
  ["Tier", "tiers"],
  ["NetworkPolicy", "networkpolicies"],
  ["GlobalNetworkPolicy", "globalnetworkpolicies"],
  ["NetworkSet", "networksets"],
  ["GlobalNetworkSet", "globalnetworksets"],
  ["HostEndpoint", "hostendpoints"],
] as const;

let plane: ControlPlane;
let seam: Seam;
/** Who may read what members of a project may. */
let member: Seam;

const opened = (kubeconfig: string): Seam => {
  const made = createSeam({ kubeconfig, namespace: "lab-a" });
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
};

async function make(object: KubeObject): Promise<void> {
  const made = await seam.kube.apply(object, { fieldManager: "test", force: true });
  if (!made.ok) throw new Error(made.error.message);
}

const remove = async (kind: string, name: string, namespace?: string): Promise<void> => {
  const ref = { apiVersion: `${GROUP}/v3`, kind, name };
  const gone = await seam.kube.delete(namespace === undefined ? ref : { ...ref, namespace });
  if (!gone.ok) throw new Error(gone.error.message);
};

const calico = async (kind: string, key: string, of: object): Promise<void> => {
  const [name = "", namespace] = key.split("/").toReversed();
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  await make({ apiVersion: `${GROUP}/v3`, kind, metadata, ...of });
};

async function makePod(name: string, ip: string): Promise<void> {
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "lab-a" } };
  const spec = {
    containers: [{ name: "c", image: "i" }],
    nodeName: "n1",
    serviceAccountName: name,
  };
  const account = { name, namespace: "lab-a", labels: { role: name } };
  await make({ apiVersion: "v1", kind: "ServiceAccount", metadata: account });
  await make({ ...pod, metadata: { ...pod.metadata, labels: { app: name } }, spec });
  const status = { podIPs: [{ ip }], podIP: ip };
  await seam.kube.applyStatus({ ...pod, status }, { fieldManager: "kubelet", force: true });
}

/** A kubeconfig of somebody who may get namespaces, and list pods and Kubernetes' policies in lab-a. */
async function makeMember(): Promise<Seam> {
  const rbac = "rbac.authorization.k8s.io";
  const subjects = [{ kind: "ServiceAccount", name: "ann", namespace: "lab-a" }];
  const rules = [
    { apiGroups: [""], resources: ["pods", "namespaces"], verbs: ["get", "list"] },
    { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["list"] },
    { apiGroups: [GROUP], resources: ["networkpolicies", "networksets"], verbs: ["list"] },
  ];
  const named = { name: "members", namespace: "lab-a" };
  await make({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { ...named, name: "ann" },
  });
  await make({ apiVersion: `${rbac}/v1`, kind: "Role", metadata: named, rules });
  const roleRef = { apiGroup: rbac, kind: "Role", name: "members" };
  await make({ apiVersion: `${rbac}/v1`, kind: "RoleBinding", metadata: named, subjects, roleRef });
  const kubectl = `${process.env["SEAM_BIN"]}/kubectl`;
  const flags = ["--kubeconfig", plane.kubeconfig, "-n", "lab-a"];
  const token = execFileSync(kubectl, [...flags, "create", "token", "ann"], { encoding: "utf8" });
  const config = JSON.parse(readFileSync(plane.kubeconfig, "utf8"));
  config.users[0].user = { token: token.trim() };
  const hers = path.join(plane.kubeconfig, "..", "kubeconfig-ann");
  writeFileSync(hers, JSON.stringify(config));
  return opened(hers);
}

beforeAll(async () => {
  plane = await startControlPlane();
  seam = opened(plane.kubeconfig);
  for (const name of ["lab-a", "lab-b"])
    await make({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { lab: name } } });
  await makePod("client", "10.0.0.1");
  await makePod("server", "10.0.0.2");
  member = await makeMember();
});

afterAll(async () => {
  seam[Symbol.dispose]();
  member[Symbol.dispose]();
  await plane[Symbol.asyncDispose]();
});

type Asking = {
  readonly by?: Seam;
  readonly from?: string;
  readonly to?: string;
  readonly port?: string;
};

async function ask({
  by = seam,
  from = "client",
  to = "server",
  port = "80",
}: Asking): Promise<object> {
  const answer = await askReach(by, { from, to, port, family: null });
  if (!answer.ok) return answer.error;
  const { verdict, explanation, notes } = answer.value;
  return { allowed: verdict.allowed, ingress: explanation.ingress, notes };
}

const OPEN = { allowed: true, ingress: "is open: no policy selects it for ingress", notes: [] };

test("Calico's kinds are judged by as soon as the cluster serves them, with all that they refer to", async () => {
  expect([await ask({}), await ask({ by: member })]).toEqual([OPEN, OPEN]);

  const kubectl = `${process.env["SEAM_BIN"]}/kubectl`;
  for (const [kind, plural] of KINDS) await make(calicoDefinition(kind, plural));
  execFileSync(kubectl, [
    "--kubeconfig",
    plane.kubeconfig,
    "wait",
    "--for=condition=Established",
    ...KINDS.map(([, plural]) => `crd/${plural}.${GROUP}`),
  ]);
  expect(await ask({})).toEqual(OPEN);

  await calico("Tier", "early", { spec: { order: 5, defaultAction: "Pass" } });
  await calico("GlobalNetworkPolicy", "apart", {
    spec: {
      tier: "early",
      selector: "app == 'server'",
      ingress: [
        { action: "Deny", source: { selector: "kind == 'outside'" } },
        {
          action: "Deny",
          source: { selector: "kind == 'lab'", namespaceSelector: "lab == 'lab-b'" },
        },
        { action: "Deny", protocol: "ICMP", icmp: { type: 8 } },
      ],
    },
  });
  const labels = { kind: "outside" };
  const sets = { spec: { nets: ["192.0.2.0/24"] } };
  await make({
    apiVersion: `${GROUP}/v3`,
    kind: "GlobalNetworkSet",
    metadata: { name: "outside", labels },
    ...sets,
  });
  await make({
    apiVersion: `${GROUP}/v3`,
    kind: "NetworkSet",
    metadata: { name: "lab", namespace: "lab-b", labels: { kind: "lab" } },
    spec: { nets: ["198.51.100.7"] },
  });
  await make({
    apiVersion: `${GROUP}/v3`,
    kind: "HostEndpoint",
    metadata: { name: "n9", labels },
    spec: { node: "n9", interfaceName: "eth0", expectedIPs: ["203.0.113.9"] },
  });
  await calico("NetworkPolicy", "lab-a/own", {
    spec: {
      selector: "app == 'server'",
      ingress: [
        {
          action: "Allow",
          protocol: "TCP",
          source: { serviceAccounts: { selector: "role == 'client'" } },
          destination: { ports: [80] },
        },
      ],
    },
  });
  const rule = (index: number): string =>
    `is denied by Calico's GlobalNetworkPolicy apart of tier early, spec.ingress[${index}]`;
  const end =
    "is denied at the end of tier default: Calico's NetworkPolicy lab-a/own is about it, and no rule decides";
  expect([
    await ask({}),
    await ask({ port: "81" }),
    await ask({ port: "icmp" }),
    await ask({ port: "icmp/13/0" }),
    await ask({ from: "192.0.2.1" }),
    await ask({ from: "203.0.113.9" }),
    await ask({ from: "198.51.100.7" }),
    await ask({ from: "198.51.100.8" }),
  ]).toEqual([
    {
      allowed: true,
      ingress: "is allowed by Calico's NetworkPolicy lab-a/own of tier default, spec.ingress[0]",
      notes: [],
    },
    { allowed: false, ingress: end, notes: [] },
    { allowed: false, ingress: rule(2), notes: [] },
    { allowed: false, ingress: end, notes: [] },
    { allowed: false, ingress: rule(0), notes: [] },
    { allowed: false, ingress: rule(0), notes: [] },
    { allowed: false, ingress: rule(1), notes: [] },
    { allowed: false, ingress: end, notes: [] },
  ]);
});

test("a node's programs are judged by its host endpoint, and it is named as node:NAME or by its address (I16)", async () => {
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n9" } };
  await make(node);
  const addresses = [
    { type: "Hostname", address: "n9" },
    { type: "InternalIP", address: "203.0.113.9" },
  ];
  const status = { ...node, status: { addresses } };
  await seam.kube.applyStatus(status, { fieldManager: "kubelet", force: true });
  const closed = {
    allowed: false,
    ingress:
      "is denied: no policy allows it at HostEndpoint n9, which has no profile that lets it pass",
    notes: [],
  };
  expect(await ask({ to: "node:n9" })).toEqual(closed);
  expect(await ask({ to: "203.0.113.9", from: "192.0.2.1" })).toEqual(closed);
  await calico("GlobalNetworkPolicy", "nodes", {
    spec: {
      selector: "kind == 'outside'",
      applyOnForward: true,
      ingress: [{ action: "Allow", source: { selector: "app == 'client'" } }],
    },
  });
  const allowed =
    "is allowed by Calico's GlobalNetworkPolicy nodes of tier default, spec.ingress[0]";
  expect(await ask({ to: "node:n9" })).toMatchObject({ allowed: true, ingress: allowed });
  expect(await ask({ to: "node:n9", from: "192.0.2.1" })).toMatchObject({ allowed: false });
  expect(await ask({ to: "node:n9", from: "192.0.2.1", port: "22" })).toMatchObject({
    ingress: "is a node, at a port that every host endpoint leaves open",
  });
  await remove("GlobalNetworkPolicy", "nodes");
});

test("who may not list something is told what is left out", async () => {
  const left = (what: string, resource: string): string =>
    `you may not list ${what}, so those are left out of the answer; ask for the verb list on ${resource}`;
  expect(await ask({ by: member })).toEqual({
    allowed: false,
    ingress:
      "is denied at the end of tier default: Calico's NetworkPolicy lab-a/own is about it, and no rule decides",
    notes: [
      left("Calico's GlobalNetworkPolicies", `globalnetworkpolicies.${GROUP}`),
      left("Calico's Tiers", `tiers.${GROUP}`),
      left("Calico's GlobalNetworkSets", `globalnetworksets.${GROUP}`),
      left("Calico's NetworkSets of other namespaces", `networksets.${GROUP}`),
      left("Calico's HostEndpoints", `hostendpoints.${GROUP}`),
      left("labels of ServiceAccounts in lab-a", "serviceaccounts"),
    ],
  });
});

const document = (kind: string, metadata: object, spec: object): object => ({
  apiVersion: `${GROUP}/v3`,
  kind,
  metadata,
  spec,
});

/** The table with and without the objects, and what it says beside it. */
async function tabulate(...objects: readonly object[]) {
  const sources = objects.map((each, at) => ({ name: `${at}`, text: JSON.stringify(each) }));
  const found = await tabulateReach(seam, { sources, ports: [], family: "ipv4" });
  if (!found.ok) throw new Error(JSON.stringify(found.error));
  const { matrix, notes } = found.value;
  expect(matrix.groups.map(({ name }) => name)).toEqual(["lab-a/client", "lab-a/server"]);
  const side = (when: "now" | "after"): unknown =>
    matrix.cells.map((row) =>
      row.map((cell) => cell[when] && `${cell[when].kind} ${cell[when].ports.join()}`.trim()),
    );
  return { now: side("now"), after: side("after"), notes };
}

const NOW = [
  ["all", "only 80/TCP"],
  ["all", "all"],
];
const NONE = [
  [null, null],
  [null, null],
];

test("the table is made under Calico's policies too, before and after a change of any of their kinds (I15, S23)", async () => {
  expect(await tabulate()).toEqual({ now: NOW, after: NONE, notes: [] });
  const more = { selector: "app == 'server'", ingress: [{ action: "Allow" }] };
  const near = { name: "more", namespace: "lab-a" };
  expect(await tabulate(document("NetworkPolicy", near, more))).toMatchObject({
    now: NOW,
    after: [
      ["all", "all"],
      ["all", "all"],
    ],
    notes: [],
  });
  // A change of one that exists, and a set of networks that it begins to mean.
  const apart = {
    tier: "early",
    selector: "all()",
    ingress: [{ action: "Deny", source: { selector: "kind == 'clients'" } }],
  };
  const clients = { name: "clients", labels: { kind: "clients" } };
  expect(
    await tabulate(
      document("GlobalNetworkPolicy", { name: "apart" }, apart),
      document("GlobalNetworkSet", clients, { nets: ["10.0.0.1/32"] }),
    ),
  ).toMatchObject({
    now: NOW,
    after: [
      ["all", "only"],
      ["all", "all"],
    ],
  });
});

test("a policy whose tier does not exist is not in force, and the answers say so (I15, S23)", async () => {
  const wide = { tier: "late", selector: "all()", types: ["Ingress"] };
  const policy = document("GlobalNetworkPolicy", { name: "wide" }, wide);
  const tier = document("Tier", { name: "late" }, { order: 1 });
  const note =
    "Calico's GlobalNetworkPolicy wide is not in force, as there is no Tier late; make it, or name another";
  expect(await tabulate(policy)).toEqual({
    now: NOW,
    after: NOW,
    notes: [`after the change: ${note}`],
  });
  const closed = [
    ["all", "only"],
    ["only", "all"],
  ];
  expect(await tabulate(policy, tier)).toEqual({ now: NOW, after: closed, notes: [] });
  await calico("GlobalNetworkPolicy", "wide", { spec: wide });
  expect(await ask({})).toMatchObject({ allowed: true, notes: [note] });
  expect(await tabulate(tier)).toEqual({
    now: NOW,
    after: closed,
    notes: [`before the change: ${note}`],
  });
  await remove("GlobalNetworkPolicy", "wide");
});

test("what cannot be read is named, as nodes keep it closed", async () => {
  await calico("GlobalNetworkPolicy", "broken", { spec: { doNotTrack: true } });
  expect(await ask({})).toMatchObject({
    code: "Failed",
    message: "cannot judge by Calico's globalnetworkpolicy broken",
    details: [expect.stringMatching(/^spec\.doNotTrack: /)],
  });
  await remove("GlobalNetworkPolicy", "broken");
});
