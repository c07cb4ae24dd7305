/** What is said of nodes' own programs where host endpoints are (projectcalico.org/v3, HostEndpoint; I16). */
import type { Json } from "@seam/kube";
import { expect, test } from "vitest";

import { allow, attemptOf, object, type Objects, policiesOf } from "./calico.fixture.ts";
import { type Attempt, explain, hostNotes, judge, readCalicoHostEndpoint } from "./index.ts";
import type { CalicoHostEndpoint } from "./calico-policy.ts";
import type { Policies } from "./tiers.ts";

function endpoint(name: string, spec: Json): CalicoHostEndpoint {
  const labels = { role: "node" };
  const read = readCalicoHostEndpoint(object(`HostEndpoint ${name}`, { labels, ...spec }));
  if (!read.ok) throw new Error(read.error.join());
  return read.value;
}
const uplink = endpoint("uplink", {
  node: "n1",
  interfaceName: "eth0",
  expectedIPs: ["10.9.0.1"],
  ports: [{ name: "metrics", protocol: "TCP", port: 9100 }],
});

function worldWith(objects: Objects, ...endpoints: readonly CalicoHostEndpoint[]): Policies {
  const { calico, ...rest } = policiesOf(objects);
  return calico === undefined ? rest : { ...rest, calico: { ...calico, endpoints } };
}

/** From 192.0.2.1 to 10.9.0.1, which is an address of n1. */
function attempt(port = "80/TCP", from = "192.0.2.1"): Attempt {
  const made = attemptOf(`${from} 10.9.0.1 ${port}`);
  const { to } = made;
  return { ...made, to: to.kind === "address" ? { ...to, node: "n1" } : to };
}
const said = (of: Attempt, policies: Policies): readonly (string | boolean)[] => {
  const verdict = judge(of, policies);
  const { ingress, remedies } = explain(of, verdict);
  return [verdict.allowed, ingress, ...remedies];
};

test("a node's program is judged by the endpoint that says its address, else by that for all, else by none (I16)", () => {
  const kindsOf = (...endpoints: readonly CalicoHostEndpoint[]): string =>
    judge(attempt(), worldWith({}, ...endpoints)).ingress.kind;
  const all = endpoint("all", { node: "n1", interfaceName: "*" });
  const profiles = ["projectcalico-default-allow"];
  const open = endpoint("open", { node: "n1", expectedIPs: ["10.9.0.1"], profiles });
  const away = endpoint("away", { node: "n2", interfaceName: "*" });
  expect([kindsOf(away), kindsOf(all, away), kindsOf(all, open)]).toEqual([
    "free",
    "unprofiled",
    "free",
  ]);
});

test("the answer says which policy decides, or that none does, and what would allow it (I16)", () => {
  expect(said(attempt(), worldWith({}, uplink))).toEqual([
    false,
    "is denied: no policy allows it at HostEndpoint uplink, which has no profile that lets it pass",
    "ask who administers the cluster for a GlobalNetworkPolicy that selects HostEndpoint uplink, with spec.ingress: [{action: Allow, protocol: TCP, source: {nets: [192.0.2.1/32]}, destination: {ports: [80]}}]",
  ]);
  expect(said(attempt("22/TCP"), worldWith({}, uplink))).toEqual([
    true,
    "is a node, at a port that every host endpoint leaves open",
  ]);
  const profiles = ["projectcalico-default-allow"];
  const open = endpoint("open", { node: "n1", interfaceName: "*", profiles });
  expect(said(attempt(), worldWith({}, open))).toEqual([
    true,
    "is a node, whose host endpoint lets pass what no policy decides about",
  ]);
  const rule = { ...allow, protocol: "TCP", destination: { ports: ["metrics"] } };
  const objects = { "GlobalNetworkPolicy g": { selector: "role == 'node'", ingress: [rule] } };
  expect(said(attempt("9100/TCP"), worldWith(objects, uplink))).toEqual([
    true,
    "is allowed by Calico's GlobalNetworkPolicy g of tier default, spec.ingress[0]",
  ]);
  expect(said(attempt(), worldWith(objects, uplink))[1]).toBe(
    "is denied at the end of tier default: Calico's GlobalNetworkPolicy g is about it, and no rule decides",
  );
});

test("what a node and its own pods say to each other no endpoint is asked about (I16)", () => {
  const policies = worldWith({}, uplink);
  expect(judge(attempt("80/TCP", "x/a"), policies).allowed).toBe(true);
  const elsewhere = attempt("80/TCP", "x/a");
  const { from } = elsewhere;
  if (from.kind !== "pod") throw new Error("expected a pod");
  const moved = { ...elsewhere, from: { ...from, pod: { ...from.pod, node: "n2" } } };
  expect(judge(moved, policies).allowed).toBe(false);
});

test("what cannot be told is noted: endpoints without addresses, and what nodes forward (I16)", () => {
  const nameless = endpoint("e", { node: "n1", interfaceName: "eth0" });
  const notesOf = (of: Attempt, objects: Objects, ...all: readonly CalicoHostEndpoint[]) =>
    hostNotes(of, worldWith(objects, ...all).calico ?? { policies: [], tiers: [], sets: [] });
  expect(notesOf(attempt(), {}, nameless)).toEqual([
    "HostEndpoint e is for eth0 of n1 and says no expectedIPs, so it is left out of the answer; add the addresses of eth0 to them",
  ]);
  expect(notesOf(attempt(), {}, nameless, uplink)).toEqual([]);
  const spec = { selector: "role == 'node'", applyOnForward: true, ingress: [allow] };
  const forwarding = { "GlobalNetworkPolicy g": spec };
  const fromPod = attemptOf("x/a 192.0.2.1");
  expect(notesOf(fromPod, {}, uplink)).toEqual([]);
  expect(notesOf(fromPod, forwarding, uplink)).toEqual([
    "what n1 forwards is judged by its host endpoints too (uplink), which this leaves out",
  ]);
  expect(notesOf(attemptOf("x/a x/b"), forwarding, uplink)).toEqual([]);
});
