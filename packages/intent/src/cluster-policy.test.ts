/** ClusterNetworkPolicies, sentence by sentence of their API's documentation; many combinations are in `@seam/reach`. */
import { type Address, invariant, parseAddress } from "@seam/base";
import { expect, test } from "vitest";

import { type Asked, permits } from "./permits.fixture.ts";
import { createPolicyIntent, type PolicyIntent } from "./policy-intent.ts";

const at = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};
const WEB = at("10.0.0.2");
const NODE = at("10.200.0.11");
const OUTSIDE = at("192.0.2.10");

/** `lab-a/db` is on this node; the ClusterNetworkPolicies are called a, b and so on. */
function clusterWith(...specs: readonly object[]): PolicyIntent {
  const intent = createPolicyIntent();
  intent.setNamespace("lab-a", { team: "a" });
  for (const [name, address] of [
    ["db", "10.0.0.1"],
    ["web", "10.0.0.2"],
  ] as const)
    intent.setPod(`lab-a/${name}`, {
      namespace: "lab-a",
      uid: name,
      labels: { app: name },
      addresses: [at(address)],
      serviceAccount: "default",
      hostNetwork: false,
      ports: [{ name: "http", protocol: "TCP", port: 8080 }],
    });
  intent.setNode("n1", { labels: { zone: "z" }, addresses: [NODE] });
  intent.setEndpoint("seam0", { addresses: [at("10.0.0.1")], pod: { key: "lab-a/db", uid: "" } });
  for (const [index, spec] of specs.entries())
    expect(intent.setClusterPolicy("abc".charAt(index), { spec })).toEqual([]);
  return intent;
}

function passes(intent: PolicyIntent, asked: Partial<Asked> & Pick<Asked, "other">): boolean {
  intent.takeChange();
  const state = intent.state();
  const gate = state.gates.get("seam0");
  invariant(gate !== undefined, "the gate of lab-a/db");
  return permits(state, gate, { side: "egress", protocol: "TCP", port: 80, ...asked });
}

const everybody = { namespaces: {} };
const admin = (priority: number, ...egress: readonly object[]): object => ({
  tier: "Admin",
  priority,
  subject: everybody,
  egress,
});
const baseline = (...egress: readonly object[]): object => ({
  ...admin(0, ...egress),
  tier: "Baseline",
});
const to = (action: string, ...peers: readonly object[]): object => ({ action, to: peers });
const port80 = { protocols: [{ tcp: { destinationPort: { number: 80 } } }] };

test("the lower priority value comes first, and in one policy the rule that is written first", () => {
  const accept = to("Accept", everybody);
  const deny = to("Deny", everybody);
  expect(passes(clusterWith(admin(2, accept), admin(1, deny)), { other: WEB })).toBe(false);
  expect(passes(clusterWith(admin(1, accept), admin(2, deny)), { other: WEB })).toBe(true);
  expect(passes(clusterWith(admin(1, accept, deny)), { other: WEB })).toBe(true);
});

test("what no rule is about goes on to NetworkPolicies, to the Baseline tier, and then passes", () => {
  const intent = clusterWith(
    admin(1, { ...to("Deny", everybody), ...port80 }),
    baseline(to("Deny", everybody)),
  );
  expect(passes(intent, { other: WEB, port: 81 })).toBe(false);
  expect(passes(intent, { other: OUTSIDE, port: 81 })).toBe(true);
  const open = { podSelector: {}, policyTypes: ["Egress"], egress: [{}] };
  intent.setPolicy("lab-a/p", { spec: open });
  expect(passes(intent, { other: WEB, port: 81 })).toBe(true);
  expect(passes(intent, { other: WEB, port: 80 })).toBe(false);
  intent.setPolicy("lab-a/p", { spec: { ...open, egress: [] } });
  expect(passes(intent, { other: OUTSIDE, port: 81 })).toBe(false);
});

test("Pass skips what follows in its tier, for what it is about only", () => {
  const intent = clusterWith(
    admin(1, { ...to("Pass", everybody), ...port80 }),
    admin(2, to("Deny", everybody)),
  );
  expect([80, 81].map((port) => passes(intent, { other: WEB, port }))).toEqual([true, false]);
});

test("a rule without protocols is about all of them, one with ports is not about ICMP", () => {
  expect(passes(clusterWith(admin(1, to("Deny", everybody))), { other: WEB, port: null })).toBe(
    false,
  );
  const web = clusterWith(admin(1, { ...to("Deny", everybody), ...port80 }));
  expect(passes(web, { other: WEB, port: null })).toBe(true);
});

test("networks are about pods as well as about others; nodes are about their addresses alone", () => {
  const networks = clusterWith(admin(1, to("Deny", { networks: ["10.0.0.0/8"] })));
  const nodes = clusterWith(admin(1, to("Deny", { nodes: { matchLabels: { zone: "z" } } })));
  const all = [WEB, NODE, OUTSIDE] as const;
  expect(all.map((other) => passes(networks, { other }))).toEqual([false, false, true]);
  expect(all.map((other) => passes(nodes, { other }))).toEqual([true, false, true]);
  nodes.setNode("n1", { labels: {}, addresses: [NODE] });
  expect(passes(nodes, { other: NODE })).toBe(true);
});

test("an accepted address in a denied network keeps its own rule", () => {
  const intent = clusterWith(
    admin(1, to("Accept", everybody)),
    admin(2, to("Deny", { networks: ["10.0.0.0/8"] })),
  );
  expect([WEB, NODE].map((other) => passes(intent, { other }))).toEqual([true, false]);
});

test("a port's name is the number of the container's port of any protocol", () => {
  const named = { protocols: [{ destinationNamedPort: "http" }] };
  const intent = clusterWith(admin(1, { ...to("Deny", everybody), ...named }));
  expect([8080, 80].map((port) => passes(intent, { other: WEB, port }))).toEqual([false, true]);
});

test("a subject follows labels of namespaces and pods", () => {
  const subject = {
    pods: {
      namespaceSelector: { matchLabels: { team: "a" } },
      podSelector: { matchLabels: { app: "db" } },
    },
  };
  const intent = clusterWith({ ...admin(1, to("Deny", everybody)), subject });
  expect(passes(intent, { other: WEB })).toBe(false);
  expect(intent.policiesOf("seam0", "egress")).toEqual(["ClusterNetworkPolicy/a"]);
  intent.setNamespace("lab-a", { team: "b" });
  expect(passes(intent, { other: WEB })).toBe(true);
  expect(intent.policiesOf("seam0", "egress")).toBeNull();
});

test("what cannot be read fails closed: it accepts nobody, and denies everybody (§ Peer)", () => {
  const strange = { domainNames: ["*.example.org"] };
  const intent = clusterWith(baseline(to("Deny", { networks: ["0.0.0.0/0"] })));
  expect(intent.setClusterPolicy("x", { spec: admin(1, to("Accept", strange)) })).toEqual([
    "spec.egress[0].to[0].domainNames: expected one of namespaces, pods, nodes, networks",
  ]);
  expect(passes(intent, { other: OUTSIDE })).toBe(false);
  intent.setClusterPolicy("a", null);
  expect(passes(intent, { other: OUTSIDE })).toBe(true);
  intent.setClusterPolicy("x", { spec: admin(1, to("Pass", strange)) });
  expect(passes(intent, { other: OUTSIDE })).toBe(false);
});

test("without a subject that can be read nothing is accepted, and everybody is denied what is denied", () => {
  const intent = clusterWith(baseline(to("Deny", { networks: ["0.0.0.0/0"] })));
  const broken = {
    ...admin(1, to("Accept", everybody), to("Deny", { networks: ["10.0.0.0/8"] })),
    subject: {},
  };
  expect(intent.setClusterPolicy("x", { spec: broken })).toEqual([
    "spec.subject: expected exactly one of namespaces, pods",
  ]);
  intent.setClusterPolicy("a", null);
  expect([WEB, OUTSIDE].map((other) => passes(intent, { other }))).toEqual([false, true]);
});

test("nothing is passed on either, to whose rules nobody knows the order (§ Subject)", () => {
  const denied = { ...admin(2, to("Deny", everybody)), subject: everybody };
  const intent = clusterWith(denied);
  expect(passes(intent, { other: WEB })).toBe(false);
  for (const wrong of [{ subject: {} }, { audit: true }]) {
    const spec = { ...admin(1, to("Pass", everybody)), ...wrong };
    expect(intent.setClusterPolicy("x", { spec })).toHaveLength(1);
    expect(passes(intent, { other: WEB })).toBe(false);
  }
});

test.each([
  [{ tier: "Cluster" }, "spec.tier: expected Admin or Baseline"],
  [{ priority: "high" }, "spec.priority: expected a number from 0 to 1000"],
  [{ egress: {} }, "spec.egress: expected a list"],
  [{ egress: [to("Log", everybody)] }, "spec.egress[0].action: expected Accept, Deny or Pass"],
  [{ egress: [to("Deny")] }, "spec.egress[0].to: expected at least one peer"],
  [
    { egress: [to("Deny", { networks: ["10.0.0.0/99"] })] },
    expect.stringContaining("spec.egress[0].to[0].networks[0]: "),
  ],
  [
    { egress: [{ ...to("Deny", everybody), protocols: [{ tcp: {}, udp: {} }] }] },
    "spec.egress[0].protocols[0]: expected exactly one of tcp, udp, sctp, destinationNamedPort",
  ],
  [
    {
      egress: [
        { ...to("Deny", everybody), protocols: [{ tcp: { destinationPort: { number: 0.5 } } }] },
      ],
    },
    "spec.egress[0].protocols[0].tcp.destinationPort: expected a port from 1 to 65535, its last one not before its first",
  ],
  [
    { ingress: [{ action: "Deny", from: [{ nodes: {} }] }] },
    "spec.ingress[0].from[0].nodes: expected one of namespaces, pods",
  ],
  [{ audit: true }, "spec.audit: expected one of tier, priority, subject, ingress, egress"],
])("%j is told by its field", (wrong, fault) => {
  const spec = { ...admin(1), ...wrong };
  expect(createPolicyIntent().setClusterPolicy("x", { spec })).toEqual([fault]);
});
