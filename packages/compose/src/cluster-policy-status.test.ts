/** What policies and host endpoints of the cluster are told of themselves, beside others (I15, I16). */
import { expect, test } from "vitest";

import { judgeClusterPolicy } from "./cluster-policy-status.ts";
import { namedEndpoint } from "./host-endpoint-conflict.ts";
import { observeCalicoPolicy, type ObservedClusterPolicy } from "./observed.ts";

const endpoint = (name: string, spec: object): ObservedClusterPolicy =>
  observeCalicoPolicy("HostEndpoint", {
    apiVersion: "projectcalico.org/v3",
    kind: "HostEndpoint",
    metadata: { name, generation: 1 },
    spec: { node: "n1", ...spec },
  });

/** Reason and message for the endpoint of a name. */
function said(all: readonly ObservedClusterPolicy[], name: string): string {
  const own = all.find(({ identity }) => identity.name === name);
  if (own === undefined) throw new Error(name);
  const endpoints = all.flatMap((each) => namedEndpoint(each) ?? []);
  const { status } = judgeClusterPolicy(own, { now: 0, hasTier: () => true, endpoints });
  const [condition] = JSON.parse(JSON.stringify(status)).conditions;
  return `${condition.status} ${condition.reason}: ${condition.message}`;
}

const eth0 = { interfaceName: "eth0", expectedIPs: ["10.0.0.5"] };

test("of endpoints for one interface of a node the first by name is accepted (I16)", () => {
  const all = [endpoint("b", eth0), endpoint("a", eth0), endpoint("c", { ...eth0, node: "n2" })];
  expect(said(all, "a")).toMatch(/^True Understood/);
  expect(said(all, "b")).toBe(
    "False Conflicted: spec.interfaceName: HostEndpoint a is for eth0 of n1 too, and the first by name counts; delete one of the two, or name another interface",
  );
  expect(said(all, "c")).toMatch(/^True Understood/);
  const forAll = [endpoint("d", { interfaceName: "*" }), endpoint("e", { interfaceName: "*" })];
  expect(said([...all, ...forAll], "d")).toMatch(/^True/);
  expect(said(forAll, "e")).toMatch(/HostEndpoint d is for all other interfaces of n1 too/);
});

test("of endpoints with one address the one that names its interface is accepted, else the first by name (I16)", () => {
  const both = endpoint("a", { expectedIPs: ["10.9.9.9", "10.0.0.5"] });
  const all = [both, endpoint("b", { expectedIPs: ["10.9.9.9"] }), endpoint("c", eth0)];
  expect(said(all, "c")).toMatch(/^True/);
  expect(said(all, "a")).toBe(
    "False Conflicted: spec.expectedIPs: HostEndpoint c has 10.0.0.5 of n1 too, and one that names an interface counts, else the first by name; delete one of the two, or name the interface",
  );
  expect(said(all, "b")).toMatch(/^False Conflicted: spec\.expectedIPs: HostEndpoint a has 10\.9/);
  const others = endpoint("d", { interfaceName: "*", expectedIPs: ["10.0.0.5"] });
  expect(said([both, others], "a")).toMatch(/^True/);
});

test("what is not understood is told besides (I16)", () => {
  const all = [endpoint("a", eth0), endpoint("b", { ...eth0, profiles: ["mine"] })];
  expect(said(all, "b")).toMatch(/^False Conflicted: .*; spec\.profiles\[0\]: expected /);
  expect(said([endpoint("x", { profiles: ["mine"] })], "x")).toMatch(/^False NotUnderstood: spec/);
});
