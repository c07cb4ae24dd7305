/** What an operator hears of a round: who, what, and what to do. */
import { bitsPerSecond, bytes, parseAddress, parseCidr } from "@seam/base";
import { DEFAULT_NETWORK } from "@seam/intent";
import type { Step } from "@seam/plan";
import { expect, test } from "vitest";

import { factsNews, policyFaults, rateNotEnforced, refusedStep, unobserved } from "./node-news.ts";
import type { RoundFacts } from "./reconciler.ts";

const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const address = (text: string) => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const node = (name: string, internal: string, prefixes: readonly string[]) => ({
  name,
  internalAddresses: [address(internal)],
  podCidrs: prefixes.map(cidr),
});
const facts = (
  overlay: "direct" | "vxlan",
  uplinkMtu = 1500,
): Pick<RoundFacts, "cluster" | "own"> => ({
  cluster: {
    nodes: [node("a", "192.0.2.1", ["10.244.1.0/24"]), node("b", "198.51.100.2", [])],
    network: { ...DEFAULT_NETWORK, overlay },
  },
  own: { name: "a", onLink: [cidr("192.0.2.0/24")], uplinkMtu: bytes(uplinkMtu) },
});
const refused = { errno: "ENETUNREACH", message: "the kernel's words" };
const route = (via: string): Step => ({
  kind: "add-route",
  route: { destination: cidr("10.244.2.0/24"), via: address(via), device: null },
});

test.each([
  {
    overlay: "direct",
    via: "198.51.100.2",
    reason: "NodeNotOnLink",
    words: "pods of node b cannot be reached",
  },
  {
    overlay: "direct",
    via: "192.0.2.9",
    reason: "ReconcileStepFailed",
    words: "add-route failed: the kernel's words",
  },
  {
    overlay: "vxlan",
    via: "198.51.100.2",
    reason: "ReconcileStepFailed",
    words: '{"route":{"destination":"10.244.2.0/24"',
  },
] as const)("overlay $overlay, route via $via: $reason", ({ overlay, via, reason, words }) => {
  const news = refusedStep(route(via), refused, facts(overlay));
  expect(news).toMatchObject({ severity: "Warning", reason });
  expect(news.message).toContain(words);
  expect(news.message).toContain("the kernel's words");
});

test("a large step is cut short", () => {
  const portForwards = Array.from({ length: 100 }, (_, index) => ({
    protocol: "tcp" as const,
    hostAddress: null,
    hostPort: index + 1,
    target: address("10.244.1.2"),
    targetPort: 80,
  }));
  const step: Step = { kind: "set-port-forwards", portForwards };
  expect(refusedStep(step, refused, facts("direct")).message.length).toBeLessThan(400);
});

test.each([
  ["direct", 1280, []],
  ["direct", 1279, ["MtuTooSmall"]],
  ["vxlan", 1330, []],
  ["vxlan", 1329, ["MtuTooSmall"]],
] as const)("overlay %s over an uplink of %i bytes: %j", (overlay, mtu, reasons) => {
  expect(factsNews({ ...facts(overlay, mtu), lacks: [] }).map(({ reason }) => reason)).toEqual(
    reasons,
  );
});

test("a node without prefixes, and one that is not in the cluster", () => {
  const { cluster, own } = facts("direct");
  const of = (name: string): readonly string[] =>
    factsNews({ cluster, own: { ...own, name }, lacks: [] }).map(({ reason }) => reason);
  expect(of("b")).toEqual(["NoPodPrefixes"]);
  expect(of("stranger")).toEqual([]);
});

test("a node that cannot be observed", () => {
  expect(unobserved(refused)).toMatchObject({
    reason: "NodeNotObserved",
    message: expect.stringContaining("the kernel's words; nothing is changed until it does"),
  });
});

test("rates that are not in force are told with what they are and what is missing (U3)", () => {
  const shaping = {
    device: "seam00000000001",
    podNetns: "/run/netns/pod",
    podDevice: "eth0",
    ul: bitsPerSecond(20e6),
    dl: null,
  };
  const { reason, message } = rateNotEnforced({ kind: "set-rates", shaping }, refused);
  expect(reason).toBe("RateNotEnforced");
  expect(message).toContain("(egress 20 Mbit/s, ingress unlimited) are not in force");
  expect(message).toContain("the kernel's words");
  expect(message).toContain("sch_htb");
});

test.each([
  ["lab-a/web", "NetworkPolicy lab-a/web"],
  ["apart", "ClusterNetworkPolicy apart"],
  ["NetworkPolicy.projectcalico.org/lab-a/web", "NetworkPolicy.projectcalico.org lab-a/web"],
  ["HostEndpoint.projectcalico.org/uplink", "HostEndpoint.projectcalico.org uplink"],
])("what is not understood of %s is told of %s", (key, title) => {
  expect(policyFaults(key, ["spec.x: expected nothing", "spec.y: neither"])).toEqual({
    severity: "Warning",
    reason: "PolicyNotUnderstood",
    message: `${title}: spec.x: expected nothing; spec.y: neither; what cannot be read allows nothing; correct it, or take a Seam that knows it`,
  });
});
