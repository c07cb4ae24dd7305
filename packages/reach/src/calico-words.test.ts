/** What is said of Calico's policies: which rule decides, what to change, and which fields are not understood. */
import { expect, test } from "vitest";

import { allow, attemptOf, deny, object, type Objects, policiesOf } from "./calico.fixture.ts";
import {
  explain,
  judge,
  readCalicoNetworkSet,
  readCalicoPolicy,
  readCalicoTier,
  trafficName,
} from "./index.ts";

const prefix = "is not an address prefix: expected a form such as 10.244.0.0/16";

type Explained = {
  readonly what: string;
  readonly attempt: string;
  readonly under: Objects;
  readonly words: readonly string[];
};
const explanations: readonly Explained[] = [
  {
    what: "a rule that allows",
    attempt: "y/a x/a",
    under: { "NetworkPolicy x/p": { ingress: [{ ...deny, protocol: "UDP" }, allow] } },
    words: ["is allowed by Calico's NetworkPolicy x/p of tier default, spec.ingress[1]"],
  },
  {
    what: "a rule of a namespace that denies",
    attempt: "y/a x/a",
    under: { "NetworkPolicy x/p": { ingress: [deny] } },
    words: [
      "is denied by Calico's NetworkPolicy x/p of tier default, spec.ingress[0]",
      "change Calico's NetworkPolicy x/p of tier default, spec.ingress[0], or allow this in a rule before it",
    ],
  },
  {
    what: "a rule of the cluster that denies",
    attempt: "y/a x/a",
    under: { "Tier t": { order: 1 }, "GlobalNetworkPolicy g": { tier: "t", ingress: [deny] } },
    words: [
      "is denied by Calico's GlobalNetworkPolicy g of tier t, spec.ingress[0]",
      "ask who administers the cluster to change Calico's GlobalNetworkPolicy g of tier t, spec.ingress[0], or allow this in a rule before it",
    ],
  },
  {
    what: "the end of a tier",
    attempt: "y/a x/a",
    under: { "NetworkPolicy x/p": {}, "GlobalNetworkPolicy g": {} },
    words: [
      "is denied at the end of tier default: Calico's GlobalNetworkPolicy g and Calico's NetworkPolicy x/p are about it, and no rule decides",
      "add to spec.ingress of Calico's NetworkPolicy x/p: {action: Allow, protocol: TCP, source: {selector: \"app == 'a' && pcns.team == 'fake' && projectcalico.org/namespace == 'fake'\", namespaceSelector: \"projectcalico.org/name == 'y'\"}, destination: {ports: [80]}}",
    ],
  },
  {
    what: "the end of a tier that a policy of Kubernetes is in too",
    attempt: "192.0.2.1 x/a icmp 8 0",
    under: { "Kubernetes x/k": { podSelector: {} }, "GlobalNetworkPolicy g": {} },
    words: [
      "is denied at the end of tier default: NetworkPolicy x/k and Calico's GlobalNetworkPolicy g are about it, and no rule decides",
      "add to spec.ingress of NetworkPolicy x/k: {from: [{ipBlock: {cidr: 192.0.2.1/32}}]}",
    ],
  },
  {
    what: "the end of a tier of the cluster",
    attempt: "fd00::99 x/a icmp 128 0 v6",
    under: { "GlobalNetworkPolicy g": {} },
    words: [
      "is denied at the end of tier default: Calico's GlobalNetworkPolicy g is about it, and no rule decides",
      "ask who administers the cluster to add to spec.ingress of Calico's GlobalNetworkPolicy g: {action: Allow, protocol: ICMPv6, source: {nets: [fd00::99/128]}}",
    ],
  },
];

test.each(explanations)("explained: $what", ({ attempt: text, under, words }) => {
  const attempt = attemptOf(text);
  const { ingress, remedies } = explain(attempt, judge(attempt, policiesOf(under)));
  expect([ingress, ...remedies]).toEqual(words);
});

test("traffic has a name of its own", () => {
  const sent = ["53/UDP", "icmp 8 0", "icmp 128 0 v6", "protocol 47"];
  expect(sent.map((each) => trafficName(attemptOf(`x/a x/b ${each}`)))).toEqual([
    "port 53/UDP",
    "ICMP type 8 code 0",
    "ICMPv6 type 128 code 0",
    "protocol 47",
  ]);
});

test("fields that are not understood are named", () => {
  const read = readCalicoPolicy(
    object("GlobalNetworkPolicy g", {
      stagedAction: "Set",
      doNotTrack: true,
      order: "first",
      types: ["Inbound"],
      selector: "global()",
      namespaceSelector: "global()",
      ingress: [
        { action: "Reject", http: { methods: ["GET"] }, source: { ports: [80], notPorts: [81] } },
        { action: "Allow", destination: { services: { name: "s" }, ports: [80] } },
        { action: "Allow", protocol: "TCP", icmp: { type: 8 }, notICMP: { code: 1 } },
        { action: "Allow", protocol: "any", ipVersion: 5, source: { nets: ["10.0.0.0/33"] } },
      ],
      egress: [
        { action: "Allow", destination: { domains: ["a.example"], selector: "a = 'b'" } },
        { action: "Allow", protocol: 6, destination: { ports: ["2:1"], notPorts: [65_536] } },
        { action: "Allow", source: { serviceAccounts: { selector: "global()", labels: {} } } },
      ],
    }),
  );
  const ends = "nets, notNets, selector, notSelector, namespaceSelector, serviceAccounts";
  const rules =
    "action, ipVersion, protocol, notProtocol, icmp, notICMP, source, destination, metadata";
  const specs =
    "tier, order, selector, serviceAccountSelector, types, ingress, egress, performanceHints, namespaceSelector, preDNAT, applyOnForward";
  expect(read.ok ? [] : read.error.toSorted()).toEqual(
    [
      `spec.stagedAction: expected one of ${specs}`,
      `spec.doNotTrack: expected one of ${specs}`,
      "spec.order: expected a number",
      "spec.types: expected Ingress, Egress",
      "spec.selector: global() is for a rule's namespaceSelector",
      "spec.namespaceSelector: global() is for a rule's namespaceSelector",
      `spec.ingress[0].http: expected one of ${rules}`,
      "spec.ingress[0].action: expected Allow, Deny, Pass, Log",
      `spec.ingress[0].source.ports: expected one of ${ends}`,
      `spec.ingress[0].source.notPorts: expected one of ${ends}`,
      `spec.ingress[1].destination.services: expected one of ${ends}, ports, notPorts`,
      "spec.ingress[1].destination: ports need protocol TCP, UDP or SCTP",
      "spec.ingress[2].icmp: expected protocol ICMP or ICMPv6",
      "spec.ingress[2].notICMP: expected a type, or a type and a code",
      "spec.ingress[3].protocol: expected TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or a number from 1 to 255",
      "spec.ingress[3].ipVersion: expected 4 or 6",
      `spec.ingress[3].source.nets: "10.0.0.0/33" ${prefix}`,
      `spec.egress[0].destination.domains: expected one of ${ends}, ports, notPorts`,
      "spec.egress[0].destination.selector: expected an operator at \"= 'b'\"",
      "spec.egress[1].destination.ports: expected ports up to 65535, the first one first",
      "spec.egress[1].destination.notPorts: expected ports up to 65535, the first one first",
      "spec.egress[2].source.serviceAccounts.labels: expected one of names, selector",
      "spec.egress[2].source.serviceAccounts.selector: global() is for a rule's namespaceSelector",
    ].toSorted(),
  );
});

test("a policy of a namespace has no fields of the cluster's", () => {
  const spec = { namespaceSelector: "all()", preDNAT: false, doNotTrack: false };
  const read = readCalicoPolicy(object("NetworkPolicy x/p", spec));
  expect(read.ok ? [] : read.error.map((each) => each.split(":")[0])).toEqual([
    "spec.namespaceSelector",
    "spec.preDNAT",
    "spec.doNotTrack",
  ]);
});

test("tiers and sets that cannot be read are named by their fields", () => {
  const tier = readCalicoTier(object("Tier t", { order: "1", defaultAction: "Allow", more: 1 }));
  const set = readCalicoNetworkSet(object("NetworkSet x/s", { nets: ["x"], domains: [] }));
  expect([tier, set]).toEqual([
    {
      ok: false,
      error: [
        "spec.more: expected one of order, defaultAction",
        "spec.defaultAction: expected Deny, Pass",
        "spec.order: expected a number",
      ],
    },
    {
      ok: false,
      error: ["spec.domains: expected one of nets", `spec.nets: "x" ${prefix}`],
    },
  ]);
});
