/** What rules of Calico's policies are about: a case for each sentence of the reference (projectcalico.org/v3, Rule, EntityRule). */
import { expect, test } from "vitest";

import {
  allow,
  allowFrom,
  allowFromIn,
  type Case,
  ingressTo,
  misjudged,
  rule,
} from "./calico.fixture.ts";

const cases: readonly Case[] = [
  // Rule
  [
    "protocol names one, in any letter case or by its number; ICMP is IPv4's, ICMPv6 is IPv6's",
    {
      "GlobalNetworkPolicy g": ingressTo(
        "a",
        { ...allow, protocol: "udp" },
        { ...allow, protocol: 132 },
        { ...allow, protocol: "ICMP" },
        { ...allow, protocol: 47 },
      ),
      "GlobalNetworkPolicy h": ingressTo("b", { ...allow, protocol: "ICMPv6" }),
    },
    [
      "y/a x/a 9/UDP",
      "y/a x/a 9/SCTP",
      "y/a x/a icmp 8 0",
      "y/a x/a protocol 47",
      "y/a x/b icmp 128 0 v6",
    ],
    ["y/a x/a", "y/a x/a icmp 128 0 v6", "y/a x/a protocol 48", "y/a x/b icmp 8 0"],
  ],
  [
    "notProtocol is any other",
    rule({ notProtocol: "TCP" }),
    ["y/a x/a 80/UDP", "y/a x/a icmp 8 0", "y/a x/a protocol 47"],
    ["y/a x/a"],
  ],
  [
    "icmp asks for a type, and for a code when it says one; without a type for nothing",
    {
      "GlobalNetworkPolicy g": ingressTo(
        "a",
        { ...allow, protocol: "ICMP", icmp: { type: 8 } },
        { ...allow, protocol: "ICMP", icmp: { type: 3, code: 4 } },
      ),
      "GlobalNetworkPolicy h": ingressTo("b", { ...allow, protocol: 1, icmp: {} }),
    },
    ["y/a x/a icmp 8 0", "y/a x/a icmp 8 5", "y/a x/a icmp 3 4", "y/a x/b icmp 13 0"],
    ["y/a x/a icmp 3 1", "y/a x/a icmp 13 0", "y/a x/a", "y/a x/b"],
  ],
  [
    "notICMP is all but that",
    rule({ protocol: "ICMP", notICMP: { type: 8, code: 0 } }),
    ["y/a x/a icmp 8 1", "y/a x/a icmp 3 0"],
    ["y/a x/a icmp 8 0", "y/a x/a"],
  ],
  ["ipVersion is the family", rule({ ipVersion: 6 }), ["y/a x/a v6"], ["y/a x/a"]],
  [
    "positive and negated matches of one rule have both to be met",
    rule({
      protocol: "TCP",
      source: { nets: ["10.0.0.0/8"], notNets: ["10.0.0.3"] },
      destination: { ports: ["1:100"], notPorts: [80] },
    }),
    ["y/b x/a 81/TCP"],
    ["y/a x/a 81/TCP", "y/b x/a", "y/b x/a 101/TCP", "192.0.2.1 x/a 81/TCP"],
  ],
  [
    "metadata of a rule changes nothing",
    rule({ metadata: { annotations: { owner: "me" } } }),
    ["y/a x/a"],
    [],
  ],

  // EntityRule
  [
    "nets are addresses in any of the networks, also in one address; bits beyond the length do not count",
    allowFrom({ nets: ["192.0.2.77/24", "10.0.0.3", "fd00::3"] }),
    ["192.0.2.1 x/a", "y/a x/a", "y/a x/a v6"],
    ["192.0.3.1 x/a", "y/b x/a", "y/b x/a v6"],
  ],
  [
    "notNets are addresses in none of the networks, also those of the other family",
    allowFrom({ notNets: ["192.0.2.0/24", "10.0.0.3/32"] }),
    ["192.0.3.1 x/a", "y/b x/a", "y/a x/a v6"],
    ["192.0.2.1 x/a", "y/a x/a"],
  ],
  [
    "a selector in a policy of the cluster means pods of all namespaces, and no other packets, not even with all()",
    allowFrom({ selector: "all()" }),
    ["y/a x/a", "x/b x/a"],
    ["192.0.2.1 x/a", "host x/a"],
  ],
  [
    "a selector in a policy of a namespace means that namespace",
    allowFromIn("x", { selector: "app == 'b'" }),
    ["x/b x/a"],
    ["y/b x/a"],
  ],
  [
    "with a namespaceSelector it means those namespaces instead",
    allowFromIn("x", {
      selector: "app == 'b'",
      namespaceSelector: "projectcalico.org/name == 'y'",
    }),
    ["y/b x/a"],
    ["x/b x/a", "y/a x/a"],
  ],
  [
    "a namespaceSelector alone is all that is in those namespaces",
    allowFromIn("x", { namespaceSelector: "team != 'x'" }),
    ["y/a x/a", "y/b x/a"],
    ["x/b x/a", "192.0.2.1 x/a"],
  ],
  [
    "a negation in a selector is still about pods and sets; notSelector is met from anywhere but from those",
    {
      "GlobalNetworkPolicy g": ingressTo("a", {
        ...allow,
        source: { selector: "!(app == 'b')" },
      }),
      "GlobalNetworkPolicy h": ingressTo("b", {
        ...allow,
        source: { notSelector: "app == 'b'" },
      }),
    },
    ["y/a x/a", "x/a x/b", "192.0.2.1 x/b", "host x/b"],
    ["x/b x/a", "192.0.2.1 x/a", "y/b x/b"],
  ],
  [
    "notSelector of a policy of a namespace is about that namespace, or about those that are selected",
    {
      "NetworkPolicy x/p": ingressTo("a", { ...allow, source: { notSelector: "app == 'b'" } }),
      "NetworkPolicy y/p": ingressTo("a", {
        ...allow,
        source: { namespaceSelector: "team == 'x'", notSelector: "app == 'b'" },
      }),
    },
    ["x/a y/a"],
    ["x/b x/a", "y/b x/a", "192.0.2.1 x/a", "x/b y/a", "y/b y/a", "192.0.2.1 y/a"],
  ],
  [
    "serviceAccounts are who pods run as: by names, by labels, or by both",
    {
      "GlobalNetworkPolicy g": ingressTo("a", {
        ...allow,
        source: { serviceAccounts: { names: ["sa-b", "sa-c"] } },
      }),
      "GlobalNetworkPolicy h": ingressTo("b", {
        ...allow,
        source: { serviceAccounts: { names: ["sa-a", "sa-b"], selector: "role != 'b'" } },
      }),
      "GlobalNetworkSet s": { nets: ["192.0.2.0/24"] },
    },
    ["x/b x/a", "y/b x/a", "y/a x/b"],
    ["y/a x/a", "y/b x/b", "192.0.2.1 x/b"],
  ],
  [
    "service accounts of a policy of a namespace are that one's, or those of the selected namespaces",
    {
      "NetworkPolicy x/p": ingressTo("a", {
        ...allow,
        source: { serviceAccounts: { names: ["sa-b"] } },
      }),
      "NetworkPolicy y/p": ingressTo("a", {
        ...allow,
        source: { serviceAccounts: { names: ["sa-b"] }, namespaceSelector: "team == 'x'" },
      }),
    },
    ["x/b x/a", "x/b y/a"],
    ["y/b x/a", "y/b y/a"],
  ],
  [
    "ports are numbers, ranges and names of the destination's ports, any of them; a name is of the rule's protocol",
    {
      "GlobalNetworkPolicy g": ingressTo("a", {
        ...allow,
        protocol: "TCP",
        destination: { ports: [443, "8000:8001", "web"] },
      }),
      "GlobalNetworkPolicy h": ingressTo("b", {
        ...allow,
        protocol: "UDP",
        destination: { ports: ["web"] },
      }),
    },
    ["y/a x/a 443/TCP", "y/a x/a 8001/TCP", "y/a x/a 80/TCP", "y/a x/b 81/UDP"],
    ["y/a x/a 443/UDP", "y/a x/a 8002/TCP", "y/a x/a 81/TCP", "y/a x/b 80/UDP"],
  ],
  [
    "notPorts are all others",
    rule({ protocol: "TCP", destination: { notPorts: ["web", 443] } }),
    ["y/a x/a 81/TCP"],
    ["y/a x/a", "y/a x/a 443/TCP", "y/a x/a 81/UDP"],
  ],
  [
    "what is asked of the pod's own end is asked too",
    {
      "GlobalNetworkPolicy in": {
        ingress: [
          {
            ...allow,
            destination: { selector: "app == 'a'", namespaceSelector: "team == 'x'" },
          },
          { ...allow, protocol: "UDP", destination: { nets: ["10.0.0.2/32"] } },
        ],
      },
      "GlobalNetworkPolicy out": {
        egress: [{ ...allow, source: { notSelector: "app == 'b'" } }],
      },
    },
    ["y/a x/a", "y/a x/b 80/UDP", "x/a 192.0.2.1"],
    ["x/a x/b", "x/a y/a", "x/b 192.0.2.1"],
  ],
  [
    "in egress rules the peer is the destination",
    {
      "NetworkPolicy x/p": {
        egress: [
          { ...allow, protocol: "TCP", destination: { selector: "app == 'b'", ports: [80] } },
        ],
      },
    },
    ["x/a x/b"],
    ["x/a y/b", "x/a x/b 81/TCP"],
  ],
];

test.each(cases)("%s", (...one) => {
  expect(misjudged(one)).toEqual([]);
});
