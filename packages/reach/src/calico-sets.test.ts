/** Which network sets selectors of Calico's policies find (projectcalico.org/v3, NetworkSet, GlobalNetworkSet). */
import { expect, test } from "vitest";

import { allowFrom, allowFromIn, type Case, misjudged } from "./calico.fixture.ts";

const cases: readonly Case[] = [
  [
    "selectors of policies of the cluster find sets of the cluster and of namespaces",
    {
      ...allowFrom({ selector: "kind == 'dc'" }),
      "GlobalNetworkSet s": { labels: { kind: "dc" }, nets: ["192.0.2.0/24"] },
      "NetworkSet y/s": { labels: { kind: "dc" }, nets: ["198.51.100.7"] },
      "GlobalNetworkSet other": { labels: { kind: "lab" }, nets: ["203.0.113.0/24"] },
    },
    ["192.0.2.1 x/a", "198.51.100.7 x/a"],
    ["203.0.113.1 x/a", "198.51.100.8 x/a", "y/a x/a"],
  ],
  [
    "a set is whoever has an address of it, also a pod",
    {
      ...allowFrom({ selector: "kind == 'dc'" }),
      "GlobalNetworkSet s": { labels: { kind: "dc" }, nets: ["10.0.0.3"] },
    },
    ["y/a x/a"],
    ["y/b x/a", "y/a x/a v6"],
  ],
  [
    "selectors of policies of a namespace find its own sets alone",
    {
      ...allowFromIn("x", { selector: "kind == 'dc'" }),
      "NetworkSet x/s": { labels: { kind: "dc" }, nets: ["192.0.2.0/24"] },
      "NetworkSet y/s": { labels: { kind: "dc" }, nets: ["198.51.100.0/24"] },
      "GlobalNetworkSet s": { labels: { kind: "dc" }, nets: ["203.0.113.0/24"] },
    },
    ["192.0.2.1 x/a"],
    ["198.51.100.1 x/a", "203.0.113.1 x/a"],
  ],
  [
    "a namespaceSelector takes in sets of those namespaces; those of the cluster have no labels that it could ask for",
    {
      ...allowFrom({ selector: "kind == 'dc'", namespaceSelector: "team != 'x'" }),
      "NetworkSet x/s": { labels: { kind: "dc" }, nets: ["192.0.2.0/24"] },
      "NetworkSet y/s": { labels: { kind: "dc" }, nets: ["198.51.100.0/24"] },
      "GlobalNetworkSet s": { labels: { kind: "dc" }, nets: ["203.0.113.0/24"] },
    },
    ["198.51.100.1 x/a", "203.0.113.1 x/a"],
    ["192.0.2.1 x/a"],
  ],
  [
    "global() takes in what is of no namespace, also for a policy of a namespace",
    {
      ...allowFromIn("x", { selector: "kind == 'dc'", namespaceSelector: "global()" }),
      ...allowFromIn("y", {
        selector: "kind == 'dc'",
        namespaceSelector: "global() || team == 'x'",
      }),
      "NetworkSet x/s": { labels: { kind: "dc" }, nets: ["192.0.2.0/24"] },
      "GlobalNetworkSet s": { labels: { kind: "dc" }, nets: ["203.0.113.0/24"] },
    },
    ["203.0.113.1 x/a", "203.0.113.1 y/a", "192.0.2.1 y/a"],
    ["192.0.2.1 x/a"],
  ],
  [
    "sets of a namespace are labelled with it, sets of the cluster are not",
    {
      ...allowFrom({ selector: "projectcalico.org/namespace == 'x' || pcns.team == 'y'" }),
      "NetworkSet x/s": { nets: ["192.0.2.0/24"] },
      "NetworkSet y/s": { nets: ["198.51.100.0/24"] },
      "GlobalNetworkSet s": { nets: ["203.0.113.0/24"] },
    },
    ["192.0.2.1 x/a", "198.51.100.1 x/a"],
    ["203.0.113.1 x/a"],
  ],
  [
    "notSelector keeps out those that are in a set, and nobody else",
    {
      ...allowFrom({ notSelector: "kind == 'dc'" }),
      "GlobalNetworkSet s": { labels: { kind: "dc" }, nets: ["192.0.2.0/24", "10.0.0.3"] },
    },
    ["203.0.113.1 x/a", "y/b x/a"],
    ["192.0.2.1 x/a", "y/a x/a"],
  ],
];

test.each(cases)("%s", (...one) => {
  expect(misjudged(one)).toEqual([]);
});
