/** The guide's ClusterNetworkPolicies do what the guide says. */
import { readFileSync } from "node:fs";

import { type Address, formatAddress, parseAddress } from "@seam/base";
import { CALICO_KINDS, createPolicyIntent, type PolicyIntent } from "@seam/intent";
import { permitsBy } from "@seam/intent/testing";
import { ANY, HOST_POINTS } from "@seam/state";
import type { KubeObject } from "@seam/kube";
import { type End, judge, type Pod, readClusterPolicy } from "@seam/reach";
import { expect, test } from "vitest";

import { readObjects } from "./documents.ts";

const page = new URL("../../../docs/guide/policies.md", import.meta.url);

const address = (text: string): Address => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const pod = (namespace: string, last: number): End => {
  const of: Pod = {
    namespace,
    name: "p",
    labels: {},
    namespaceLabels: { "kubernetes.io/metadata.name": namespace },
    addresses: [address(`10.244.0.${last}`)],
    node: "n1",
    hostNetwork: false,
    ports: [],
  };
  return { kind: "pod", pod: of };
};
const outside = (text: string): End => ({ kind: "address", address: address(text), node: null });

/** The first documents under a heading of the guide. */
function documentsUnder(heading: string): readonly KubeObject[] {
  const [, section = ""] = readFileSync(page, "utf8").split(`## ${heading}\n`);
  const [, text = ""] = /^```yaml\n([\s\S]*?)^```$/m.exec(section) ?? [];
  const documents = readObjects([{ name: "guide", text }]);
  if (!documents.ok) throw new Error(documents.error.message);
  return documents.value;
}

test("the guide's policy about nodes is understood, and holds for the pod's own node, which NetworkPolicies leave alone (I15)", () => {
  const documents = documentsUnder("A pod and its own node");
  const cluster = documents.map((object) => {
    const read = readClusterPolicy(object);
    if (!read.ok) throw new Error(read.error.join());
    return read.value;
  });
  expect(cluster).toHaveLength(1);
  const intent = createPolicyIntent("n1");
  intent.setNamespace("lab-a", { "kubernetes.io/metadata.name": "lab-a" });
  intent.setPod("lab-a/p", {
    namespace: "lab-a",
    uid: "p",
    labels: {},
    addresses: [address("10.244.0.1")],
    serviceAccount: "default",
    hostNetwork: false,
    ports: [],
  });
  const link = { addresses: [address("10.244.0.1")], pod: { key: "lab-a/p", uid: "p" } };
  intent.setEndpoint("seam0", link);
  const isolated = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
  expect(intent.setPolicy("lab-a/own", { spec: isolated })).toEqual([]);
  for (const each of documents)
    expect(intent.setClusterPolicy(each.metadata.name, each)).toEqual([]);
  intent.takeChange();
  const state = intent.state();
  const rules = state.gates.get("seam0")?.node ?? null;
  const own = { ...outside("192.0.2.11"), node: "n1" };
  const asked = { from: pod("lab-a", 1), to: own, family: "ipv4" } as const;
  for (const [protocol, port, wanted] of [
    ["UDP", 53, true],
    ["TCP", 53, false],
    ["TCP", 10_250, false],
  ] as const) {
    const { allowed } = judge({ ...asked, protocol, port }, { network: [], cluster });
    const enforced = permitsBy(state, rules, { other: address("192.0.2.11"), protocol, port });
    expect([allowed, enforced]).toEqual([wanted, wanted]);
  }
});

test("the guide's policies for the whole cluster are understood, and do what it says of them", () => {
  const cluster = documentsUnder("Policies for the whole cluster").map((object) => {
    const read = readClusterPolicy(object);
    if (!read.ok) throw new Error(read.error.join());
    return read.value;
  });
  const [a, b] = [pod("lab-a", 1), pod("lab-b", 2)];
  const allowed = (from: End, to: End, port: number): boolean =>
    judge({ from, to, port, protocol: "TCP", family: "ipv4" }, { network: [], cluster }).allowed;
  expect([9090, 22].map((port) => allowed(a, outside("10.9.0.7"), port))).toEqual([true, false]);
  expect(allowed(a, outside("192.0.2.1"), 22)).toBe(true);
  expect([allowed(a, pod("lab-a", 3), 80), allowed(b, a, 80), allowed(a, b, 80)]).toEqual([
    true,
    false,
    true,
  ]);
});

/** What of an object of Calico's is not understood. */
function tell(intent: PolicyIntent, object: KubeObject): readonly string[] {
  const { name, namespace } = object.metadata;
  const known = CALICO_KINDS.find(({ kind }) => kind === object.kind);
  if (known === undefined) throw new Error(object.kind);
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  return intent.setCalico(known.kind, key, object);
}

test("the guide's policies of Calico's are understood, and do what it says of them (I15)", () => {
  const intent = createPolicyIntent();
  const own = [address("10.244.0.1")];
  intent.setNamespace("lab-a", {});
  for (const [name, serviceAccount, addresses] of [
    ["web", "default", own],
    ["user", "robot", [address("10.244.0.2")]],
  ] as const)
    intent.setPod(`lab-a/${name}`, {
      namespace: "lab-a",
      uid: name,
      labels: { app: name },
      addresses,
      serviceAccount,
      hostNetwork: false,
      ports: [],
    });
  intent.setEndpoint("seam0", { addresses: own, pod: { key: "lab-a/web", uid: "" } });
  for (const object of documentsUnder("Calico's policies"))
    expect(tell(intent, object)).toEqual([]);
  intent.takeChange();
  const { gates, addresses, blocks } = intent.state();
  const rules = gates.get("seam0")?.ingress;
  const ping = "icmp/2048-2303";
  expect(rules?.get(ANY.ipv4)).toBe(`${ping} log icmp/*`);
  expect(rules?.get(addresses.get("10.244.0.2") ?? 0)).toBe(
    `tcp/80 tcp/8000-8999 ${ping} log icmp/*`,
  );
  const inBlock = (first: string): unknown =>
    rules?.get(blocks.find((each) => formatAddress(each.first) === first)?.peers ?? 0);
  expect(["192.0.2.0", "2001:db8::10", "10.9.0.0"].map(inBlock)).toEqual([
    "none",
    "none",
    "none log icmp/*",
  ]);
});

test("the guide's host endpoint and its policies are understood, and do what it says of them (I16)", () => {
  const intent = createPolicyIntent("n1");
  intent.setInterfaces(new Map([["eth0", [address("192.0.2.11"), address("2001:db8::11")]]]));
  for (const object of documentsUnder("Nodes' own interfaces"))
    expect(tell(intent, object)).toEqual([]);
  intent.takeChange();
  const state = intent.state();
  const gate = state.hosts.get("eth0");
  if (gate === undefined) throw new Error("no gate of eth0");
  /** Points at which an address may use a port. */
  const passing = (text: string, port: number): readonly string[] =>
    HOST_POINTS.filter((point) =>
      permitsBy(state, gate.rules[point], { other: address(text), protocol: "TCP", port }),
    );
  const [out, forwarded] = ["local-egress", ["forward-ingress", "forward-egress"]];
  expect(passing("192.0.2.7", 10_250)).toEqual(["local-ingress", out, ...forwarded, "pre-dnat"]);
  expect(passing("10.0.0.7", 10_250)).toEqual([out, ...forwarded, "pre-dnat"]);
  expect(passing("192.0.2.7", 30_080)).toEqual([out, ...forwarded]);
  expect(passing("10.0.0.7", 30_080)).toEqual([out, ...forwarded, "pre-dnat"]);
  expect(passing("198.51.100.7", 80)).toEqual([out, "forward-egress", "pre-dnat"]);
  expect([...(gate.admitted ?? [])].filter(([, each]) => each !== "none")).toEqual([]);
});
