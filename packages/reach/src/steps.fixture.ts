/** Random changes of a small cluster's objects, for tests. */
import { type Address, invariant, parseAddress } from "@seam/base";
import fc from "fast-check";

import { clusterPolicySpec, labels, policySpec } from "./specs.fixture.ts";

const at = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};

export const NAMESPACES = ["x", "y"] as const;
const KEYS = NAMESPACES.flatMap((namespace) =>
  ["a", "b", "c"].map((name) => `${namespace}/${name}`),
);
/** Those with an interface on this node. */
export const LOCAL = ["x/a", "x/b", "y/a"] as const;
export const OUTSIDE = ["192.0.2.1", "10.9.0.5", "2001:db8::1", "fd00:9::5"].map(at);
/** The node where these are. */
export const HERE = "n1";
const NODES = [HERE, "n2", "n3"] as const;
export const nodeAddresses = (name: string): readonly Address[] => {
  const last = name.slice(1);
  return [`10.0.1.20${last}`, `2001:db8:1::${last}`].map(at);
};
const spec = policySpec([
  { cidr: "0.0.0.0/0" },
  { cidr: "::/0" },
  { cidr: "0.0.0.0/0", except: ["10.0.0.0/16", "10.0.1.0/24"] },
  { cidr: "10.0.0.0/8", except: ["10.0.1.0/24", "10.9.0.0/24"] },
  { cidr: "10.0.1.0/24" },
  { cidr: "fd00::/16", except: ["fd00:1::/32"] },
  { cidr: "192.0.2.1/32" },
]);
const clusterSpec = clusterPolicySpec([
  "10.0.1.201/32",
  "0.0.0.0/0",
  "::/0",
  "10.0.0.0/8",
  "10.0.1.0/24",
  "192.0.2.0/24",
  "fd00::/16",
]);

export const addressesOf = (key: string): readonly Address[] => {
  const index = KEYS.indexOf(key) + 1;
  return [`10.0.${index % 2}.${index}`, `fd00:${index % 2}::${index}`].map(at);
};

const pod = fc.record({
  labels,
  hostNetwork: fc.nat(9).map((roll) => roll === 0),
  ports: fc.subarray([
    { name: "web", protocol: "TCP", port: 80 },
    { name: "web", protocol: "UDP", port: 81 },
    { name: "db", protocol: "TCP", port: 8080 },
    { name: "db", protocol: "SCTP", port: 443 },
  ] as const),
  uid: fc.constantFrom("1", "2"),
});
export type PodDraft = typeof pod extends fc.Arbitrary<infer T> ? T : never;

export const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("pod"), key: fc.constantFrom(...KEYS), pod }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("policy"),
      key: fc.constantFrom("x/p", "x/q", "x/r", "y/p"),
      spec,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("cluster policy"),
      key: fc.constantFrom("one", "two", "three"),
      clusterSpec,
    }),
  },
  fc.record({ do: fc.constant("node"), key: fc.constantFrom(...NODES), nodeLabels: labels }),
  fc.record({ do: fc.constant("without node"), key: fc.constantFrom(...NODES) }),
  fc.record({ do: fc.constant("without cluster policy"), key: fc.constantFrom("one", "two") }),
  fc.record({ do: fc.constant("without pod"), key: fc.constantFrom(...KEYS) }),
  fc.record({ do: fc.constant("without policy"), key: fc.constantFrom("x/p", "x/q", "y/p") }),
  fc.record({ do: fc.constant("namespace"), key: fc.constantFrom(...NAMESPACES), labels }),
  fc.record({
    do: fc.constant("link"),
    key: fc.constantFrom(...LOCAL),
    uid: fc.constantFrom("", "1"),
  }),
  fc.record({ do: fc.constant("without link"), key: fc.constantFrom(...LOCAL) }),
  fc.record({ do: fc.constant("take"), key: fc.constant("") }),
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
