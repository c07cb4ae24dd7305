/** What a pod may say to its own node: decision 32; many combinations are in `@seam/reach`. */
import { type Address, invariant, parseAddress } from "@seam/base";
import type { Gate } from "@seam/state";
import { expect, test } from "vitest";

import { permits } from "./permits.fixture.ts";
import { createPolicyIntent, type PolicyIntent } from "./policy-intent.ts";

const at = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};
const NODE = at("10.200.0.11");
const OUTSIDE = at("192.0.2.10");

/** `lab-a/db` is on this node, `n1`; a NetworkPolicy lets nothing out. */
function isolated(): PolicyIntent {
  const intent = createPolicyIntent("n1");
  intent.setNamespace("lab-a", { team: "a" });
  intent.setPod("lab-a/db", {
    namespace: "lab-a",
    uid: "db",
    labels: { app: "db" },
    addresses: [at("10.0.0.1")],
    serviceAccount: "default",
    hostNetwork: false,
    ports: [],
  });
  intent.setNode("n1", { labels: { zone: "z" }, addresses: [NODE] });
  intent.setEndpoint("seam0", { addresses: [at("10.0.0.1")], pod: { key: "lab-a/db", uid: "" } });
  const spec = { podSelector: {}, policyTypes: ["Egress"] };
  expect(intent.setPolicy("lab-a/own", { spec })).toEqual([]);
  return intent;
}

function gateOf(intent: PolicyIntent): Gate {
  intent.takeChange();
  const gate = intent.state().gates.get("seam0");
  invariant(gate !== undefined, "the gate of lab-a/db");
  return gate;
}

/** Whether the pod may say TCP to port 80 of an address of its node. */
function reaches(intent: PolicyIntent, other: Address): boolean {
  const gate = gateOf(intent);
  return permits(intent.state(), gate, { side: "node", other, protocol: "TCP", port: 80 });
}

test("NetworkPolicies have no say about the own node, and bring no rules (I15)", () => {
  const intent = isolated();
  expect(gateOf(intent)).toMatchObject({ egress: new Map(), node: null });
  expect(intent.policiesOf("seam0", "egress")).toEqual(["lab-a/own"]);
  expect(intent.policiesOf("seam0", "node")).toBeNull();
});

test.each(["Admin", "Baseline"])("nodes of the tier %s mean the own node too (I15)", (tier) => {
  const intent = isolated();
  const egress = [{ action: "Deny", to: [{ nodes: { matchLabels: { zone: "z" } } }] }];
  const spec = { tier, priority: 1, subject: { namespaces: {} }, egress };
  expect(intent.setClusterPolicy("a", { spec })).toEqual([]);
  expect([NODE, OUTSIDE].map((other) => reaches(intent, other))).toEqual([false, true]);
  expect(intent.policiesOf("seam0", "node")).toEqual(["ClusterNetworkPolicy/a"]);
  intent.setNode("n1", { labels: { zone: "y" }, addresses: [NODE] });
  expect(reaches(intent, NODE)).toBe(true);
  intent.setClusterPolicy("a", null);
  expect(gateOf(intent)).toMatchObject({ node: null });
});

test("the end of the tier default closes the way where one of Calico's policies is in it, beside whatever NetworkPolicies (I15)", () => {
  const withEgress = (...egress: readonly object[]): PolicyIntent => {
    const intent = isolated();
    const object = { metadata: { name: "p" }, spec: { egress } };
    expect(intent.setCalico("NetworkPolicy", "lab-a/p", object)).toEqual([]);
    return intent;
  };
  const tcp = { action: "Allow", protocol: "TCP", destination: { ports: [80] } };
  expect(reaches(withEgress({ ...tcp, protocol: "UDP" }), NODE)).toBe(false);
  expect(reaches(withEgress(tcp), NODE)).toBe(true);
  const intent = isolated();
  const ingress = { metadata: { name: "p" }, spec: { ingress: [tcp] } };
  expect(intent.setCalico("NetworkPolicy", "lab-a/p", ingress)).toEqual([]);
  expect(reaches(intent, NODE)).toBe(true);
});
