/** Which policies of Calico speak, and in which order: a case for each sentence of the reference (projectcalico.org/v3). */
import { expect, test } from "vitest";

import {
  allow,
  attemptOf,
  type Case,
  deny,
  misjudged,
  pass,
  policiesOf,
} from "./calico.fixture.ts";
import { judge } from "./index.ts";

const cases: readonly Case[] = [
  // NetworkPolicySpec and GlobalNetworkPolicySpec
  [
    "a policy of a namespace is about its pods, one of the cluster about all that its selector takes in",
    {
      "NetworkPolicy x/p": { types: ["Ingress"] },
      "GlobalNetworkPolicy g": { selector: "app == 'b'", types: ["Ingress"] },
    },
    ["x/b y/a"],
    ["y/a x/a", "y/a x/b", "x/a y/b"],
  ],
  [
    "without a selector a policy of the cluster is about everything",
    { "GlobalNetworkPolicy g": {} },
    ["x/a 192.0.2.1"],
    ["x/a y/b", "192.0.2.1 x/a"],
  ],
  ["without types and rules: Ingress", { "NetworkPolicy x/p": {} }, ["x/a y/a"], ["y/a x/a"]],
  [
    "without types, with rules for egress alone: Egress",
    { "NetworkPolicy x/p": { egress: [{ ...allow, protocol: "UDP" }] } },
    ["y/a x/a", "x/a y/a 80/UDP"],
    ["x/a y/a"],
  ],
  [
    "without types, with rules for ingress alone: Ingress",
    { "NetworkPolicy x/p": { ingress: [{ ...allow, protocol: "UDP" }] } },
    ["x/a y/a", "y/a x/a 80/UDP"],
    ["y/a x/a"],
  ],
  [
    "without types, with rules for both: both",
    { "NetworkPolicy x/p": { ingress: [allow], egress: [{ ...allow, protocol: "UDP" }] } },
    ["y/a x/a", "x/a y/a 80/UDP"],
    ["x/a y/a"],
  ],
  [
    "rules for a direction that types do not name have no effect",
    { "NetworkPolicy x/p": { types: ["Ingress"], ingress: [allow], egress: [deny] } },
    ["x/a y/a", "y/a x/a"],
    [],
  ],
  [
    "namespaceSelector takes in pods by the labels of their namespaces, by the name too",
    {
      "GlobalNetworkPolicy g": { namespaceSelector: "team == 'x'", types: ["Ingress"] },
      "GlobalNetworkPolicy h": {
        namespaceSelector: "projectcalico.org/name == 'y'",
        types: ["Egress"],
      },
    },
    ["x/a 192.0.2.1", "192.0.2.1 y/a"],
    ["192.0.2.1 x/a", "y/a 192.0.2.1"],
  ],
  [
    "serviceAccountSelector takes in pods by the labels of whom they run as, by the name too",
    {
      "NetworkPolicy x/p": { serviceAccountSelector: "role == 'a'", types: ["Ingress"] },
      "GlobalNetworkPolicy g": {
        serviceAccountSelector: "projectcalico.org/name == 'sa-b'",
        types: ["Egress"],
      },
    },
    ["y/a x/b", "x/a 192.0.2.1"],
    ["y/a x/a", "x/b 192.0.2.1", "y/b 192.0.2.1"],
  ],
  [
    "selectors find the namespace, the service account and what they are labelled with, none of which a pod can claim",
    {
      "GlobalNetworkPolicy g": {
        selector:
          "projectcalico.org/namespace == 'x' && projectcalico.org/serviceaccount == 'sa-a' && projectcalico.org/orchestrator == 'k8s'",
      },
      "GlobalNetworkPolicy h": { selector: "pcns.team == 'y' && pcsa.role == 'b'" },
      "GlobalNetworkPolicy i": { selector: "pcns.team == 'fake'" },
      "GlobalNetworkPolicy j": { selector: "projectcalico.org/namespace == 'fake'" },
    },
    ["y/a x/b", "x/a y/a"],
    ["y/a x/a", "y/a y/b"],
  ],
  [
    "policies before the translation of addresses are not about pods; applyOnForward means nothing for them",
    {
      "GlobalNetworkPolicy g": { selector: "app == 'a'", preDNAT: true, applyOnForward: true },
      "GlobalNetworkPolicy h": { selector: "app == 'b'", applyOnForward: true, doNotTrack: false },
    },
    ["x/b x/a"],
    ["x/a x/b"],
  ],
  [
    "hints change nothing",
    { "NetworkPolicy x/p": { performanceHints: ["AssumeNeededOnEveryNode"] } },
    ["x/b y/a"],
    ["y/a x/b"],
  ],
  [
    "a pod that shares its node's network is no endpoint",
    {
      "GlobalNetworkPolicy g": {
        types: ["Ingress", "Egress"],
        ingress: [{ ...allow, source: { selector: "all()" } }],
      },
    },
    ["host 192.0.2.1"],
    ["host x/a"],
  ],

  // Order within a tier, and actions
  [
    "policies of lower order come first, of no order last, of equal order by their names",
    {
      "GlobalNetworkPolicy a": { ingress: [{ ...deny, protocol: "SCTP" }] },
      "GlobalNetworkPolicy b": {
        order: 2,
        ingress: [
          { ...deny, protocol: "UDP" },
          { ...allow, protocol: "SCTP" },
          { ...deny, protocol: 47 },
        ],
      },
      "GlobalNetworkPolicy c": {
        order: -0.5,
        ingress: [{ ...allow, protocol: "UDP" }],
      },
      "GlobalNetworkPolicy d": { order: 2, ingress: [{ ...allow, protocol: 47 }] },
    },
    ["y/a x/a 80/UDP", "y/a x/a 80/SCTP"],
    ["y/a x/a protocol 47", "y/a x/a"],
  ],
  [
    "a policy of a namespace comes after one of the cluster of equal order: by kind, then by name",
    {
      "GlobalNetworkPolicy z": { order: 1, ingress: [deny] },
      "NetworkPolicy x/a": { order: 1, ingress: [allow] },
    },
    [],
    ["y/a x/a"],
  ],
  [
    "NetworkPolicies of Kubernetes stand in the tier default, at order 1000",
    {
      "Kubernetes x/k": { podSelector: {}, ingress: [{}] },
      "GlobalNetworkPolicy before": { order: 999, ingress: [{ ...deny, protocol: "UDP" }] },
      "GlobalNetworkPolicy after": { order: 1001, ingress: [deny] },
    },
    ["y/a x/a"],
    ["y/a x/a 80/UDP"],
  ],
  [
    "what no rule of Kubernetes lets pass can still be allowed by a later policy of the tier",
    {
      "Kubernetes x/k": { podSelector: {} },
      "GlobalNetworkPolicy after": { ingress: [{ ...allow, protocol: "TCP" }] },
    },
    ["y/a x/a"],
    ["y/a x/a 80/UDP"],
  ],
  [
    "the first rule that is about the attempt decides; after Log the next one is asked",
    {
      "NetworkPolicy x/p": {
        ingress: [
          { action: "Log" },
          { ...allow, protocol: "TCP" },
          deny,
          { ...allow, protocol: "UDP" },
        ],
      },
    },
    ["y/a x/a"],
    ["y/a x/a 80/UDP"],
  ],
  [
    "a policy that only logs decides nothing, and its tier denies",
    { "NetworkPolicy x/p": { ingress: [{ action: "Log" }] } },
    [],
    ["y/a x/a"],
  ],
  [
    "Pass in the last tier leaves it to what lets everything in a namespace pass",
    {
      "NetworkPolicy x/p": { order: 1, ingress: [pass] },
      "GlobalNetworkPolicy g": { order: 2, ingress: [deny] },
    },
    ["y/a x/a"],
    ["x/a y/a"],
  ],

  // Tiers
  [
    "tiers of lower order come first, of no order last, of equal order by their names",
    {
      "Tier first": { order: 5 },
      "Tier second-b": { order: 6 },
      "Tier second-a": { order: 6 },
      "Tier last": {},
      "GlobalNetworkPolicy l": { tier: "last", ingress: [deny] },
      "GlobalNetworkPolicy f": {
        tier: "first",
        ingress: [{ ...allow, protocol: "UDP" }, pass],
      },
      "GlobalNetworkPolicy sa": {
        tier: "second-a",
        ingress: [{ ...allow, protocol: "SCTP" }, pass],
      },
      "GlobalNetworkPolicy sb": {
        tier: "second-b",
        ingress: [{ ...deny, protocol: "SCTP" }, { ...deny, protocol: "UDP" }, pass],
      },
    },
    ["y/a x/a 80/UDP", "y/a x/a 80/SCTP"],
    ["y/a x/a"],
  ],
  [
    "a tier of which no policy is about the pod and the direction is passed over",
    {
      "Tier t": { order: 1 },
      "GlobalNetworkPolicy g": { tier: "t", selector: "app == 'b'" },
      "GlobalNetworkPolicy h": { tier: "t", types: ["Egress"], egress: [allow] },
    },
    ["y/a x/a"],
    ["y/a x/b"],
  ],
  [
    "a tier that is about the pod and does not act drops, or passes when that is its default action",
    {
      "Tier closed": { order: 1, defaultAction: "Deny" },
      "Tier open": { order: 2, defaultAction: "Pass" },
      "GlobalNetworkPolicy c": { tier: "closed", selector: "app == 'a'", types: ["Ingress"] },
      "GlobalNetworkPolicy o": { tier: "open", selector: "app == 'b'", types: ["Ingress"] },
    },
    ["y/a x/b"],
    ["y/b x/a"],
  ],
  [
    "the tiers of ClusterNetworkPolicies take Calico's policies too, and pass at their ends",
    {
      "GlobalNetworkPolicy admin": {
        tier: "kube-admin",
        order: 3,
        ingress: [{ ...deny, protocol: "UDP" }],
      },
      "Cluster early": {
        tier: "Admin",
        priority: 2,
        subject: { namespaces: {} },
        ingress: [
          { action: "Accept", from: [{ namespaces: {} }], protocols: [{ udp: {} }] },
          { action: "Pass", from: [{ namespaces: {} }], protocols: [{ sctp: {} }] },
        ],
      },
      "NetworkPolicy x/p": { ingress: [{ ...pass, protocol: "SCTP" }] },
      "GlobalNetworkPolicy baseline": {
        tier: "kube-baseline",
        selector: "app == 'a'",
        ingress: [{ ...deny, protocol: "SCTP" }],
      },
    },
    ["y/a x/a 80/UDP", "y/a x/b 80/SCTP", "y/b y/a"],
    ["192.0.2.1 x/a 80/UDP", "y/a x/a 80/SCTP", "y/a x/a"],
  ],
  [
    "built-in tiers stay what they are whatever a Tier of their name says",
    {
      "Tier default": { order: 1, defaultAction: "Pass" },
      "Tier t": { order: 2 },
      "NetworkPolicy x/p": { ingress: [{ ...deny, protocol: "UDP" }] },
      "GlobalNetworkPolicy g": {
        tier: "t",
        ingress: [{ ...allow, protocol: "UDP" }, pass],
      },
    },
    ["y/a x/a 80/UDP"],
    ["y/a x/a"],
  ],
  [
    "a policy of a tier that there is no Tier for is not in force",
    { "GlobalNetworkPolicy g": { tier: "nowhere", ingress: [deny] } },
    ["y/a x/a"],
    [],
  ],
];

test.each(cases)("%s", (...one) => {
  expect(misjudged(one)).toEqual([]);
});

test("what a rule of Kubernetes is about has ports, so without ports it lets ICMP pass, with ports it does not", () => {
  const policies = policiesOf({
    "Kubernetes x/k": {
      podSelector: {},
      ingress: [{ from: [{ podSelector: {} }] }, { ports: [{ port: 80 }] }],
    },
  });
  const allowed = ["x/b x/a icmp 8 0", "y/b x/a icmp 8 0", "y/b x/a", "x/b x/a protocol 47"].map(
    (each) => judge(attemptOf(each), policies).allowed,
  );
  expect(allowed).toEqual([true, false, true, true]);
});
