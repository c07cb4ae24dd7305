/** Calico's HostEndpoints and the policies about them (projectcalico.org/v3, HostEndpoint); many combinations are in `@seam/reach`. */
import { type Address, invariant, parseAddress } from "@seam/base";
import { ANY, ANY_INTERFACE, type GateRules, type HostGate } from "@seam/state";
import { expect, test } from "vitest";

import { calicoFaults } from "./calico-faults.ts";
import type { CalicoKind } from "./calico-kinds.ts";
import { permitsBy } from "./permits.fixture.ts";
import { createPolicyIntent, type PolicyIntent } from "./policy-intent.ts";

const at = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};
const PEER = at("192.0.2.10");
const OTHER = at("192.0.2.11");
const INTERFACES = new Map([
  ["eth0", [at("10.0.0.5"), at("fe80::5")]],
  ["eth1", [at("10.1.0.5")]],
]);

type Given = readonly [kind: CalicoKind, name: string, spec: object, labels?: object];

/** The node n1, with two interfaces. */
function nodeWith(...objects: readonly Given[]): PolicyIntent {
  const intent = createPolicyIntent("n1");
  intent.setInterfaces(INTERFACES);
  for (const given of objects) expect(put(intent, given)).toEqual([]);
  return intent;
}

const put = (intent: PolicyIntent, [kind, name, spec, labels = {}]: Given): readonly string[] =>
  intent.setCalico(kind, name, { metadata: { name, labels }, spec });

const endpoint = (name: string, spec: object = {}, labels: object = { role: "node" }): Given => [
  "HostEndpoint",
  name,
  { node: "n1", interfaceName: "eth0", ...spec },
  labels,
];
const OPEN = { profiles: ["projectcalico-default-allow"] };
const policy = (name: string, spec: object): Given => [
  "GlobalNetworkPolicy",
  name,
  { selector: "role == 'node'", ...spec },
];
const allow = { action: "Allow" };
const deny = { action: "Deny" };
const early = { preDNAT: true, applyOnForward: true };

function gatesOf(intent: PolicyIntent): ReadonlyMap<string, HostGate> {
  intent.takeChange();
  return intent.state().hosts;
}

/** Points at which the address may use TCP port 80; `admitted` when it is let in for good. */
function passing(
  intent: PolicyIntent,
  { by = "eth0", other = PEER, port = 80 } = {},
): readonly string[] {
  const gate = gatesOf(intent).get(by);
  invariant(gate !== undefined, `a gate of ${by}`);
  const { rules, admitted = new Map() } = gate;
  const state = intent.state();
  const points = Object.entries<GateRules | null>({ ...rules, admitted });
  return points
    .filter(([, each]) => permitsBy(state, each, { other, protocol: "TCP", port }))
    .map(([point]) => point);
}

test("an endpoint of this node closes what its programs say and hear; of another node it is a peer alone (I16)", () => {
  expect(gatesOf(nodeWith(endpoint("e", { node: "n2" }))).size).toBe(0);
  expect(passing(nodeWith(endpoint("e")))).toEqual([
    "forward-ingress",
    "forward-egress",
    "pre-dnat",
  ]);
  const open = [...passing(nodeWith(endpoint("e", OPEN)))];
  expect(open).toHaveLength(5);
  expect(open).not.toContain("admitted");
  expect(gatesOf(createPolicyIntent()).size).toBe(0);
});

test("policies are about programs; about what is forwarded only those that say so (I16, applyOnForward)", () => {
  const local = policy("p", { ingress: [allow], types: ["Ingress"] });
  expect(passing(nodeWith(endpoint("e"), local))).toContain("local-ingress");
  const forward = policy("p", { ingress: [deny], applyOnForward: true });
  const intent = nodeWith(endpoint("e", OPEN), forward);
  expect(passing(intent)).toEqual(["local-egress", "forward-egress", "pre-dnat"]);
  expect(put(intent, policy("p", { ingress: [deny] }))).toEqual([]);
  expect(passing(intent)).toContain("forward-ingress");
});

test("policies before translation deny at pre-dnat, and what they allow is admitted for good (I16, preDNAT)", () => {
  const intent = nodeWith(
    endpoint("e"),
    policy("p", { ...early, order: 1, ingress: [{ ...allow, source: { nets: ["192.0.2.10"] } }] }),
    policy("q", { ...early, order: 2, ingress: [{ ...deny, protocol: "TCP" }] }),
  );
  expect(passing(intent)).toEqual(["forward-ingress", "forward-egress", "pre-dnat", "admitted"]);
  expect(passing(intent, { other: OTHER })).toEqual(["forward-ingress", "forward-egress"]);
  intent.setCalico("GlobalNetworkPolicy", "q", null);
  expect(passing(intent, { other: OTHER })).toContain("pre-dnat");
});

test("a policy before translation is about no pod, one that asks for a namespace about no endpoint (I16)", () => {
  const intent = nodeWith(
    endpoint("e"),
    ["GlobalNetworkPolicy", "early", { ...early, ingress: [deny] }],
    ["GlobalNetworkPolicy", "near", { namespaceSelector: "all()", ingress: [allow] }],
  );
  intent.setNamespace("lab", {});
  intent.setPod("lab/a", {
    namespace: "lab",
    uid: "1",
    labels: { role: "node" },
    addresses: [at("10.244.0.2")],
    serviceAccount: "default",
    hostNetwork: false,
    ports: [],
  });
  intent.setEndpoint("seam0", { addresses: [at("10.244.0.2")], pod: { key: "lab/a", uid: "" } });
  expect(passing(intent)).not.toContain("local-ingress");
  expect(intent.policiesOf("seam0", "ingress")).toEqual(["calico/GlobalNetworkPolicy/near"]);
  expect(intent.policiesAt("eth0", "pre-dnat")).toEqual(["calico/GlobalNetworkPolicy/early"]);
  expect(intent.policiesAt("eth0", "local-ingress")).toBeNull();
});

test("an interface has the first endpoint that names it, else one with its address; * has all others (I16)", () => {
  const byAddress = { interfaceName: "", expectedIPs: ["10.1.0.5", "10.9.9.9"] };
  const intent = nodeWith(endpoint("b", OPEN), endpoint("c", byAddress), endpoint("a"));
  expect([...gatesOf(intent).keys()].toSorted()).toEqual(["eth0", "eth1"]);
  expect(passing(intent)).not.toContain("local-ingress");
  intent.setCalico("HostEndpoint", "a", null);
  expect(passing(intent)).toContain("local-ingress");
  put(intent, endpoint("d", { interfaceName: ANY_INTERFACE }));
  intent.setInterfaces(new Map([["eth2", [at("10.9.9.9")]]]));
  expect([...gatesOf(intent).keys()].toSorted()).toEqual(["*", "eth0", "eth2"]);
  expect(intent.asksInterfaces()).toBe(true);
  for (const name of ["b", "c", "d"]) intent.setCalico("HostEndpoint", name, null);
  expect([gatesOf(intent).size, intent.asksInterfaces()]).toEqual([0, false]);
});

test("changes are told once, and a gate that goes closes nothing behind it (I16)", () => {
  const intent = nodeWith(endpoint("e"), policy("p", { ingress: [allow] }));
  const made = intent.takeChange()?.hosts.get("eth0");
  expect(made?.exists).toEqual({ before: false, after: true });
  expect(intent.takeChange()).toBeNull();
  put(intent, policy("other", { selector: "role == 'pod'", ingress: [deny] }));
  expect(intent.takeChange()).toBeNull();
  put(intent, endpoint("e", OPEN));
  const opened = intent.takeChange()?.hosts.get("eth0");
  expect(opened?.points["local-egress"].open).toEqual({ before: false, after: true });
  intent.setCalico("HostEndpoint", "e", null);
  put(intent, endpoint("e", OPEN));
  expect(intent.takeChange()).toBeNull();
  intent.setCalico("HostEndpoint", "e", null);
  expect(intent.takeChange()?.hosts.get("eth0")?.exists).toEqual({ before: true, after: false });
});

test("rules find endpoints of any node by their labels, at the addresses that they say they have (I16)", () => {
  const source = { selector: "role == 'peer'" };
  const intent = nodeWith(endpoint("e"), policy("p", { ingress: [{ ...allow, source }] }));
  const other = { interfaceName: "", node: "n2", expectedIPs: ["192.0.2.11"] };
  expect(passing(intent, { other: OTHER })).not.toContain("local-ingress");
  put(intent, endpoint("peer", other, { role: "peer" }));
  expect(passing(intent, { other: OTHER })).toContain("local-ingress");
  expect(passing(intent)).not.toContain("local-ingress");
});

test("ports have the names that the endpoint gives them, for its own programs (I16)", () => {
  const ports = [{ name: "metrics", protocol: "tcp", port: 9100 }];
  const rule = { ...allow, protocol: "TCP", destination: { ports: ["metrics"] } };
  const intent = nodeWith(endpoint("e", { ports }), policy("p", { ingress: [rule] }));
  expect(passing(intent, { port: 9100 })).toContain("local-ingress");
  expect(passing(intent)).not.toContain("local-ingress");
});

const web = (port: number) => [{ name: "web", protocol: "TCP", port }];
const byName = (action: object, end: object = {}) => ({
  ...action,
  protocol: "TCP",
  destination: { ...end, ports: ["web"] },
});

test("names of ports are those of each endpoint that is spoken to, selected or any (I16)", () => {
  const peer = (name: string, address: string, port: number): Given => [
    "HostEndpoint",
    name,
    { node: "n2", expectedIPs: [address], ports: web(port) },
    { role: "peer", list: name },
  ];
  const intent = nodeWith(
    endpoint("e", OPEN),
    peer("a", "192.0.2.10", 80),
    peer("b", "192.0.2.11", 443),
    policy("p", { types: ["Egress"], egress: [byName(deny), allow] }),
  );
  const reached = (other: Address): readonly number[] =>
    [80, 443].filter((port) => passing(intent, { other, port }).includes("local-egress"));
  expect([PEER, OTHER].map(reached)).toEqual([[443], [80]]);
  const selected = (end: object): readonly (readonly number[])[] => {
    put(intent, policy("p", { types: ["Egress"], egress: [byName(deny, end), allow] }));
    return [PEER, OTHER].map(reached);
  };
  expect(selected({ selector: "role == 'peer'" })).toEqual([[443], [80]]);
  expect(selected({ selector: "list == 'a'" })).toEqual([[443], [80, 443]]);
  expect(selected({ nets: ["192.0.2.11/32"] })).toEqual([[80, 443], [80]]);
  expect(selected({ notSelector: "list == 'a'" })).toEqual([[80, 443], [80]]);
  intent.setCalico("HostEndpoint", "b", null);
  expect(selected({ selector: "role == 'peer'" })).toEqual([[443], [80, 443]]);
});

test("a NetworkPolicy's names of ports are those of pods alone (I14)", () => {
  const named: Given = [
    "HostEndpoint",
    "a",
    { node: "n2", expectedIPs: ["192.0.2.10"], ports: web(80) },
  ];
  const intent = nodeWith(named);
  intent.setNamespace("lab", {});
  const pod = { namespace: "lab", uid: "1", labels: {}, serviceAccount: "", hostNetwork: false };
  intent.setPod("lab/a", { ...pod, addresses: [at("10.244.0.2")], ports: [] });
  intent.setEndpoint("seam0", { addresses: [at("10.244.0.2")], pod: { key: "lab/a", uid: "" } });
  const egressTo = (rule: object): boolean => {
    const spec = { podSelector: {}, policyTypes: ["Egress"], egress: [rule] };
    expect(intent.setPolicy("lab/p", { spec })).toEqual([]);
    intent.takeChange();
    const state = intent.state();
    const rules = state.gates.get("seam0")?.egress ?? null;
    return permitsBy(state, rules, { other: PEER, protocol: "TCP", port: 80 });
  };
  expect(egressTo({ ports: [{ port: 80 }] })).toBe(true);
  expect(egressTo({ ports: [{ port: "web" }] })).toBe(false);
});

test("rules that log are at the points of their policies, and decide nothing there (I16)", () => {
  const log = { action: "Log", protocol: "TCP" };
  const intent = nodeWith(
    endpoint("e"),
    policy("p", { applyOnForward: true, ingress: [log, allow] }),
    policy("q", { ...early, ingress: [{ ...log, destination: { ports: [80] } }] }),
  );
  const rules = gatesOf(intent).get("eth0")?.rules;
  expect(rules?.["local-ingress"]?.get(ANY.ipv4)).toBe("all log tcp/*");
  expect(rules?.["forward-ingress"]?.get(ANY.ipv6)).toBe("all log tcp/*");
  expect(rules?.["pre-dnat"]?.get(ANY.ipv4)).toBe("all log tcp/80");
  expect(rules?.["local-egress"]?.size).toBe(0);
});

test("endpoints that are in force nowhere are told, with who is in their place (I16)", () => {
  const byAddress = { interfaceName: "", expectedIPs: ["10.0.0.5"] };
  const intent = nodeWith(
    endpoint("b"),
    endpoint("a", OPEN),
    endpoint("c", byAddress),
    endpoint("d", { interfaceName: "ens7" }),
    endpoint("e", { ...byAddress, expectedIPs: ["10.7.7.7"] }),
    endpoint("f", { interfaceName: ANY_INTERFACE }),
    endpoint("g", { interfaceName: "eth0", node: "n2" }),
  );
  const idle = (): readonly string[] =>
    intent.idleEndpoints().map(({ name, behind }) => `${name} ${behind}`);
  expect(idle()).toEqual(["b a", "c a", "d null", "e null"]);
  intent.setCalico("HostEndpoint", "a", null);
  intent.setInterfaces(new Map([...INTERFACES, ["ens7", [at("10.7.7.7")]]]));
  expect(idle()).toEqual(["c b", "e d"]);
});

test("what is asked of the own end is asked of the interface's addresses, and fails closed where they differ (I16)", () => {
  const to = (...nets: readonly string[]) => ({ destination: { nets } });
  const own = (...ingress: readonly object[]): PolicyIntent =>
    nodeWith(endpoint("e"), policy("p", { ingress }));
  expect(passing(own({ ...allow, ...to("10.0.0.0/24") }))).toContain("local-ingress");
  expect(passing(own({ ...allow, ...to("10.1.0.0/24") }))).not.toContain("local-ingress");
  const both = own({ ...allow, ...to("10.0.0.0/24") }, { ...deny, ...to("10.1.0.0/24") }, allow);
  expect(passing(both)).toContain("local-ingress");
  both.setInterfaces(new Map([["eth0", [at("10.0.0.5"), at("10.1.0.5")]]]));
  expect(passing(both)).not.toContain("local-ingress");
});

test("where only the other end is known a rule that asks for the own one is told, and fails closed (I16)", () => {
  const intent = nodeWith(endpoint("e"));
  const destination = { selector: "role == 'node'", ports: [30_080] };
  const rule = { ...allow, protocol: "TCP", destination };
  const named = { ...deny, protocol: "TCP", destination: { ports: ["http"] } };
  const spec = { ...early, ingress: [rule, named, allow] };
  expect(put(intent, policy("p", spec))).toEqual([
    "spec.ingress[0].destination: expected no addresses, no selector and no names of ports beside applyOnForward or preDNAT, as host endpoints judge what they forward by its other end",
    "spec.ingress[1].destination: expected no addresses, no selector and no names of ports beside applyOnForward or preDNAT, as host endpoints judge what they forward by its other end",
  ]);
  expect(passing(intent)).toEqual(["forward-ingress", "forward-egress"]);
  const source = { nets: ["10.0.0.0/24"] };
  expect(
    calicoFaults("GlobalNetworkPolicy", {
      spec: { applyOnForward: true, egress: [{ ...allow, source }] },
    }).faults,
  ).toEqual([
    "spec.egress[0].source: expected no addresses and no selector beside applyOnForward or preDNAT, as host endpoints judge what they forward by its other end",
  ]);
});

test.each<readonly [object, string]>([
  [
    { doNotTrack: true },
    "spec.doNotTrack: not supported; expected preDNAT, applyOnForward or neither",
  ],
  [{ preDNAT: true }, "spec.applyOnForward: expected true beside preDNAT"],
  [
    { ...early, types: ["Egress"] },
    "spec.egress: expected none beside preDNAT, which is about what comes in",
  ],
  [
    { ...early, ingress: [allow], egress: [allow] },
    "spec.egress: expected none beside preDNAT, which is about what comes in",
  ],
  [
    { ...early, namespaceSelector: "all()" },
    "spec.namespaceSelector: expected none beside preDNAT, as host endpoints have no namespace",
  ],
])("a policy that Calico does not take is not in force: %j (I16)", (spec, fault) => {
  const intent = nodeWith(endpoint("e", OPEN));
  expect(put(intent, policy("p", { ...spec, ingress: [deny] }))).toEqual([fault]);
  expect(passing(intent)).toHaveLength(5);
});

test("fields of an endpoint that are not understood are named; without a place it is none (I16)", () => {
  const intent = nodeWith();
  const ports = [{ name: "a", protocol: "ICMP", port: 1 }];
  const wrong = { node: "", mode: 1, profiles: ["mine"], ports, expectedIPs: ["x"] };
  expect(put(intent, endpoint("e", wrong))).toEqual([
    "spec.mode: expected one of node, interfaceName, expectedIPs, profiles, ports",
    expect.stringMatching(/^spec\.expectedIPs\[0\]: /),
    "spec.node: expected the name of a node",
    "spec.profiles[0]: expected projectcalico-default-allow, or no profile",
    "spec.ports[0]: expected a name, a number, and protocol TCP, UDP or SCTP",
  ]);
  expect(gatesOf(intent).size).toBe(0);
  expect(calicoFaults("HostEndpoint", { spec: { node: "n1" } }).faults).toEqual([
    "spec: expected interfaceName, or expectedIPs",
  ]);
  expect(
    calicoFaults("HostEndpoint", { spec: { node: "n1", interfaceName: "a-name-too-long-0" } })
      .faults,
  ).toEqual([
    "spec.interfaceName: expected the name of an interface of at most 15 characters, or *",
  ]);
  put(intent, endpoint("e", { profiles: ["mine"] }));
  expect(passing(intent)).not.toContain("local-ingress");
});
