/** What the evaluator says of ClusterNetworkPolicies, and in which words. */
import { type Address, parseAddress } from "@seam/base";
import { isKubeObject, type KubeObject } from "@seam/kube";
import { expect, test } from "vitest";

import {
  type ClusterPolicy,
  type End,
  explain,
  judge,
  type NetworkPolicy,
  type Pod,
  readClusterPolicy,
  readPolicy,
} from "./index.ts";

const address = (text: string): Address => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const pod = (name: string, more: Partial<Pod> = {}): Pod => ({
  namespace: "lab-a",
  name,
  labels: { app: name },
  namespaceLabels: { team: "a" },
  addresses: [address(name === "web" ? "10.0.0.2" : "10.0.0.1")],
  node: "n1",
  hostNetwork: false,
  ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  ...more,
});
const end = (name: string, more?: Partial<Pod>): End => ({ kind: "pod", pod: pod(name, more) });

function object(kind: string, name: string, spec: object): KubeObject {
  const made: unknown = {
    apiVersion: "v1",
    kind,
    metadata: { name, namespace: "lab-a" },
    spec,
  };
  if (!isKubeObject(made)) throw new Error(name);
  return made;
}

function cluster(name: string, spec: object): ClusterPolicy {
  const read = readClusterPolicy(object("ClusterNetworkPolicy", name, spec));
  if (!read.ok) throw new Error(read.error.join());
  return read.value;
}

function network(spec: object): NetworkPolicy {
  const read = readPolicy(object("NetworkPolicy", "own", spec));
  if (!read.ok) throw new Error(read.error.join());
  return read.value;
}

const everybody = { namespaces: {} };
const rule = { name: "no web", action: "Deny", to: [everybody] };
const denial = (tier: "Admin" | "Baseline"): ClusterPolicy =>
  cluster("apart", { tier, priority: 7, subject: everybody, egress: [rule] });
const attempt = {
  from: end("db"),
  to: end("web"),
  port: 80,
  protocol: "TCP",
  family: "ipv4",
} as const;
const own = network({ podSelector: {}, policyTypes: ["Egress"], egress: [{}] });

test("what a pod says to its own node is judged by ClusterNetworkPolicies and by no NetworkPolicy, what that says to it by neither (I15)", () => {
  const node: End = { kind: "address", address: address("10.200.0.1"), node: "n1", nodeLabels: {} };
  const host = end("host", {
    hostNetwork: true,
    node: "n1",
    nodeLabels: {},
    addresses: [address("10.200.0.1")],
  });
  const closed = network({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  const toNodes = (tier: string): ClusterPolicy =>
    cluster("nodes", {
      tier,
      priority: 7,
      subject: everybody,
      egress: [{ action: "Deny", to: [{ nodes: {} }] }],
      ingress: [{ action: "Deny", from: [everybody] }],
    });
  for (const to of [node, host]) {
    const out = { ...attempt, to };
    const free = judge(out, { network: [closed], cluster: [] });
    expect(explain(out, free).egress).toBe("speaks with its own node, which no policy forbids");
    for (const tier of ["Admin", "Baseline"]) {
      const policies = { network: [closed], cluster: [toNodes(tier)] };
      const verdict = judge(out, policies);
      expect(verdict).toMatchObject({ allowed: false, egress: { kind: "rejected" } });
      expect(explain(out, verdict).remedies).toEqual([
        `ask who administers the cluster to change ClusterNetworkPolicy nodes of tier ${tier}, spec.egress[0], or to accept this in a policy of a priority below 7`,
      ]);
      expect(judge({ ...attempt, from: to, to: end("db") }, policies).allowed).toBe(true);
    }
  }
});

test("the Admin tier comes before NetworkPolicies, the Baseline tier after them", () => {
  const allowed = (
    policies: readonly ClusterPolicy[],
    ...more: readonly NetworkPolicy[]
  ): boolean => judge(attempt, { network: more, cluster: policies }).allowed;
  expect(allowed([denial("Admin")], own)).toBe(false);
  expect(allowed([denial("Baseline")])).toBe(false);
  expect(allowed([denial("Baseline")], own)).toBe(true);
});

test.each([
  [
    "Admin",
    'ask who administers the cluster to change ClusterNetworkPolicy apart of tier Admin, spec.egress[0] ("no web"), or to accept this in a policy of a priority below 7',
  ],
  [
    "Baseline",
    "make a NetworkPolicy in lab-a that selects lab-a/db, with spec.egress: [{to: [{podSelector: {matchLabels: {app: web}}}], ports: [{protocol: TCP, port: 80}]}]",
  ],
] as const)("a denial by the tier %s is named, and what to do", (tier, remedy) => {
  const verdict = judge(attempt, { network: [], cluster: [denial(tier)] });
  expect(explain(attempt, verdict)).toEqual({
    egress: `is denied by ClusterNetworkPolicy apart of tier ${tier}, spec.egress[0] ("no web")`,
    ingress: "is open: no policy selects it for ingress",
    remedies: [remedy],
  });
});

test("what is accepted is named too", () => {
  const accept = cluster("open", {
    tier: "Admin",
    priority: 1,
    subject: everybody,
    egress: [{ action: "Accept", to: [everybody] }],
  });
  const verdict = judge(attempt, { network: [], cluster: [denial("Admin"), accept] });
  expect([verdict.allowed, explain(attempt, verdict).egress]).toEqual([
    true,
    "is allowed by ClusterNetworkPolicy open of tier Admin, spec.egress[0]",
  ]);
});

test("nodes are peers by their labels, also as a pod that shares a node's network", () => {
  const nodes = cluster("nodes", {
    tier: "Admin",
    priority: 1,
    subject: everybody,
    egress: [{ action: "Deny", to: [{ nodes: { matchLabels: { zone: "z" } } }] }],
  });
  const node = (zone: string): End => ({
    kind: "address",
    address: address("10.200.0.12"),
    node: "n2",
    nodeLabels: { zone },
  });
  const host = end("host", { hostNetwork: true, node: "n2", nodeLabels: { zone: "z" } });
  const denied = (to: End): boolean =>
    !judge({ ...attempt, to }, { network: [], cluster: [nodes] }).allowed;
  expect([node("z"), node("y"), host, end("web")].map(denied)).toEqual([true, false, true, false]);
});

test("what cannot be read is named by its field", () => {
  const spec = {
    tier: "Cluster",
    priority: 1,
    subject: {},
    egress: [{ action: "Log", to: [{ domainNames: ["a.example"] }] }],
    ingress: [
      {
        action: "Deny",
        from: [everybody],
        protocols: [{ tcp: { destinationPort: {} } }, { tcp: {}, udp: {} }],
      },
    ],
  };
  const read = readClusterPolicy(object("ClusterNetworkPolicy", "broken", spec));
  expect(read.ok ? [] : read.error).toEqual([
    "spec.tier: expected Admin or Baseline",
    "spec.subject: expected exactly one of namespaces, pods",
    "spec.ingress[0].protocols[0].tcp.destinationPort: expected a number, or a range with start and end",
    "spec.ingress[0].protocols[1]: expected exactly one of tcp, udp, sctp, destinationNamedPort",
    "spec.egress[0].action: expected Accept, Deny, Pass",
    "spec.egress[0].to[0].domainNames: expected one of namespaces, pods",
    "spec.egress[0].to[0]: expected exactly one of namespaces, pods",
    "spec.egress[0].to: expected at least one peer",
  ]);
});
