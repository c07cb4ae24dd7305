/**
 * Random objects of Calico's kinds in a random order of changes, told to what nodes are to enforce, and as the evaluator reads them, which
 * shares no code with it.
 */
import { type Address, formatAddress, invariant, parseAddress, type Result } from "@seam/base";
import { type CalicoKind, createPolicyIntent, type PolicyIntent } from "@seam/intent";
import type { permits } from "@seam/intent/testing";
import { isKubeObject, type KubeObject } from "@seam/kube";
import {
  type GateRules,
  type HostGate,
  hostGateChange,
  type HostGateChange,
  type HostPoint,
  NO_RULES,
} from "@seam/state";
import fc from "fast-check";
import { expect } from "vitest";

import type { End, Pod, Traffic } from "./attempt.ts";
import { hostSet, readCalicoHostEndpoint } from "./calico-host.ts";
import {
  type CalicoHostEndpoint,
  type CalicoPolicies,
  readCalicoNetworkSet,
  readCalicoPolicy,
  readCalicoTier,
} from "./calico-policy.ts";
import {
  accountLabels,
  ACCOUNTS,
  calicoGlobalPolicySpec,
  calicoHostPolicySpec,
  calicoPolicySpec,
  ICMP_MESSAGES,
  networkSet,
  OTHER_PROTOCOLS,
  TIERS,
  tierSpec,
} from "./calico-specs.fixture.ts";
import { readPolicy } from "./policy.ts";
import { labels, policySpec, PORTS, PROTOCOLS } from "./specs.fixture.ts";
import { addressesOf } from "./steps.fixture.ts";
import type { Policies } from "./tiers.ts";

const BLOCKS = [
  "0.0.0.0/0",
  "10.0.0.0/16",
  "10.0.1.0/24",
  "10.0.1.1",
  "192.0.2.1",
  "fd00::/16",
  "::/0",
];
const KEYS = ["x/a", "x/b", "x/c", "y/a", "y/b"] as const;
/** Those with an interface on this node. */
export const LOCAL = ["x/a", "y/a"] as const;
const at = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};
/** Some of which host endpoints have, beside each other. */
const OUTSIDE = ["192.0.2.1", "10.0.1.98", "10.0.1.99", "fd00:9::5", "2001:db8::1"].map(at);
/** Interfaces of the node n1. */
export const INTERFACES: ReadonlyMap<string, readonly Address[]> = new Map(
  Object.entries({
    eth0: ["10.0.1.201", "fd00:9::1"],
    eth1: ["10.9.0.1", "2001:db8::11"],
    eth2: ["192.0.2.201", "fd00:9::3"],
  }).map(([name, texts]) => [name, texts.map(at)] as const),
);
/** The node of those, and of these. */
export const NODE = "n1";
const NODE_ADDRESSES = [...INTERFACES.values()].flat().map(formatAddress);
export const TRAFFIC: readonly Traffic[] = [
  ...PROTOCOLS.flatMap((protocol) => PORTS.map((port) => ({ protocol, port }))),
  ...ICMP_MESSAGES.map((each) => ({ protocol: "ICMP" as const, ...each })),
  ...OTHER_PROTOCOLS.map((protocol) => ({ protocol })),
];

const pod = fc.record({
  labels,
  serviceAccount: fc.constantFrom(...ACCOUNTS),
  ports: fc.subarray([
    { name: "web", protocol: "TCP", port: 80 },
    { name: "web", protocol: "UDP", port: 81 },
    { name: "db", protocol: "TCP", port: 8080 },
  ] as const),
});
type PodDraft = typeof pod extends fc.Arbitrary<infer T> ? T : never;
type Labels = Readonly<Record<string, string>>;

const endpoint = fc
  .record({
    labels,
    node: fc.constantFrom("n1", "n1", "n1", "n2"),
    interfaceName: fc.constantFrom(undefined, "eth0", "eth1", "*"),
    expectedIPs: fc.uniqueArray(fc.constantFrom(...NODE_ADDRESSES, "10.0.1.98", "10.0.1.99"), {
      minLength: 1,
      maxLength: 3,
    }),
    profiles: fc.constantFrom([], [], ["projectcalico-default-allow"]),
    ports: fc.subarray([
      { name: "web", protocol: "TCP", port: 80 },
      { name: "web", protocol: "TCP", port: 443 },
      { name: "web", protocol: "udp", port: 81 },
      { name: "db", protocol: "TCP", port: 8080 },
    ]),
  })
  .map(({ labels: own, interfaceName, ...spec }) => ({
    labels: own,
    spec: { ...spec, ...(interfaceName !== undefined && { interfaceName }) },
  }));

const CALICO: readonly (readonly [CalicoKind, readonly string[], fc.Arbitrary<object>])[] = [
  ["NetworkPolicy", ["x/p", "x/q", "y/p"], calicoPolicySpec(BLOCKS).map((spec) => ({ spec }))],
  [
    "GlobalNetworkPolicy",
    ["p", "q", "r"],
    calicoGlobalPolicySpec(BLOCKS).map((spec) => ({ spec })),
  ],
  ["Tier", TIERS, tierSpec.map((spec) => ({ spec }))],
  ["NetworkSet", ["x/s", "y/s"], networkSet(BLOCKS)],
  ["GlobalNetworkSet", ["s", "t"], networkSet(BLOCKS)],
  ["HostEndpoint", ["e", "f", "g"], endpoint],
];
const gone = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 5, arbitrary }, fc.constant(null));
export const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ key: fc.constantFrom(...KEYS), pod: gone(pod) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      key: fc.constantFrom("x/p", "y/p"),
      policy: gone(policySpec([{ cidr: "10.0.0.0/8", except: ["10.0.1.0/24"] }, { cidr: "::/0" }])),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.oneof(
      ...CALICO.map(([kind, keys, object]) =>
        fc.record({
          kind: fc.constant(kind),
          key: fc.constantFrom(...keys),
          object: gone(object),
        }),
      ),
    ),
  },
  fc.record({ key: fc.constantFrom<string>("x", "y"), namespace: labels }),
  {
    weight: 2,
    arbitrary: fc.record({
      key: fc.constantFrom(
        ...["x", "y"].flatMap((each) => ACCOUNTS.map((one) => `${each}/${one}`)),
      ),
      account: gone(accountLabels),
    }),
  },
  fc.constant({ take: true }),
);
/** Most are about the node's own interfaces. */
export const hostStep: typeof step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("HostEndpoint" as const),
      key: fc.constantFrom("e", "f", "g"),
      object: gone(endpoint),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("GlobalNetworkPolicy" as const),
      key: fc.constantFrom("p", "q", "r", "s", "t"),
      object: gone(calicoHostPolicySpec(BLOCKS).map((spec) => ({ spec }))),
    }),
  },
  { weight: 4, arbitrary: step },
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What the objects are, beside what the intent was told. */
export type World = {
  readonly intent: PolicyIntent;
  readonly pods: Map<string, PodDraft>;
  readonly policies: Map<string, object>;
  readonly calico: Map<string, KubeObject>;
  readonly namespaces: Map<string, Labels>;
  readonly accounts: Map<string, Labels>;
  /** Gates of the node's own interfaces, by the changes so far. */
  readonly hosts: Map<string, HostGate>;
};

/** A label that is absent is not one that is undefined. */
const given = (of: object): Labels =>
  Object.fromEntries(
    Object.entries(of).flatMap(([key, value]) => (value === undefined ? [] : [[key, `${value}`]])),
  );

const objectOf = (apiVersion: string, kind: string, key: string): object => {
  const [name, namespace] = key.split("/").toReversed();
  return { apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } };
};

function put<K, T>(map: Map<K, T>, key: K, value: T | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}

/** Tells it and remembers it. */
export function tell(world: World, one: Step): void {
  const { intent, pods, policies, namespaces, accounts } = world;
  if ("pod" in one) {
    put(pods, one.key, one.pod);
    intent.setPod(one.key, one.pod && toldPod(one.key, one.pod));
  } else if ("policy" in one) {
    put(policies, one.key, one.policy);
    const object = objectOf("networking.k8s.io/v1", "NetworkPolicy", one.key);
    const faults = intent.setPolicy(one.key, one.policy && { ...object, spec: one.policy });
    invariant(faults.length === 0, faults.join());
  } else if ("kind" in one) tellCalico(world, one);
  else if ("namespace" in one) {
    namespaces.set(one.key, given(one.namespace));
    intent.setNamespace(one.key, given(one.namespace));
  } else if ("account" in one) {
    put(accounts, one.key, one.account && given(one.account));
    intent.setServiceAccount(one.key, one.account && given(one.account));
  } else take(world);
}

/** Changes what a node would have of its interfaces' gates, whose changes must be of what it has. */
export function take({ intent, hosts }: Pick<World, "intent" | "hosts">): void {
  for (const [name, change] of intent.takeChange()?.hosts ?? []) {
    const before = hosts.get(name) ?? null;
    const after = change.exists.after ? hostAfter(name, before, change) : null;
    expect(hostGateChange(before, after)).toEqual(change);
    put(hosts, name, after);
  }
}

function hostAfter(name: string, before: HostGate | null, change: HostGateChange): HostGate {
  const rulesAt = (point: HostPoint): GateRules | null =>
    change.points[point].open.after
      ? null
      : rulesAfter(before?.rules[point] ?? NO_RULES, change.points[point].rules);
  return {
    interface: name,
    rules: {
      "local-ingress": rulesAt("local-ingress"),
      "local-egress": rulesAt("local-egress"),
      "forward-ingress": rulesAt("forward-ingress"),
      "forward-egress": rulesAt("forward-egress"),
      "pre-dnat": rulesAt("pre-dnat"),
    },
    admitted: rulesAfter(before?.admitted ?? NO_RULES, change.admitted),
  };
}

function rulesAfter(before: GateRules, changed: HostGateChange["admitted"]): GateRules {
  const after = new Map(before);
  for (const [peers, { after: now }] of changed) put(after, peers, now);
  return after;
}

const toldPod = (key: string, { ports, serviceAccount, labels: own }: PodDraft) => ({
  namespace: key.split("/")[0] ?? "",
  uid: "1",
  labels: given(own),
  serviceAccount,
  addresses: addressesOf(key),
  hostNetwork: false,
  ports,
});

/** What nodes do not support is left out, as it fails closed there. */
function tellCalico(
  { intent, calico }: World,
  { kind, key, object }: Extract<Step, { kind: CalicoKind }>,
): void {
  const of = { ...objectOf("projectcalico.org/v3", kind, key), ...object };
  const { labels: own = {}, ...rest } = { labels: undefined, ...of };
  const [name, namespace] = key.split("/").toReversed();
  const metadata = { name, labels: given(own ?? {}), ...(namespace && { namespace }) };
  const made: unknown = { ...rest, metadata };
  invariant(isKubeObject(made), key);
  const isGone = object === null || intent.setCalico(kind, key, made).length > 0;
  if (isGone) intent.setCalico(kind, key, null);
  put(calico, `${kind} ${key}`, isGone ? null : made);
}

function read<T>(object: unknown, by: (object: KubeObject) => Result<T, unknown>): T {
  invariant(isKubeObject(object), JSON.stringify(object));
  const found = by(object);
  invariant(found.ok, JSON.stringify([object, found]));
  return found.value;
}

/** Endpoints of all nodes, by their names. */
export const endpointsOf = ({ calico }: Pick<World, "calico">): readonly CalicoHostEndpoint[] =>
  [...calico.values()]
    .filter(({ kind }) => kind === "HostEndpoint")
    .map((each) => read(each, readCalicoHostEndpoint))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));

/** Calico's objects as the evaluator reads them. */
export function calicoOf(world: Pick<World, "calico" | "namespaces">): CalicoPolicies {
  const { calico, namespaces } = world;
  const all = [...calico.values()];
  const ofKinds = (kinds: string): readonly KubeObject[] =>
    all.filter(({ kind }) => kind?.endsWith(kinds));
  return {
    policies: ofKinds("NetworkPolicy").map((each) => read(each, readCalicoPolicy)),
    tiers: ofKinds("Tier").map((each) => read(each, readCalicoTier)),
    sets: [
      ...ofKinds("NetworkSet").map((each) => ({
        ...read(each, readCalicoNetworkSet),
        namespaceLabels: namespaces.get(each.metadata.namespace ?? "") ?? {},
      })),
      ...endpointsOf(world).map(hostSet),
    ],
  };
}

/** All policies as the evaluator reads them. */
export const policiesOf = (world: World): Policies => ({
  network: [...world.policies].map(([key, spec]) =>
    read({ ...objectOf("networking.k8s.io/v1", "NetworkPolicy", key), spec }, readPolicy),
  ),
  cluster: [],
  calico: calicoOf(world),
});

/** A pod as the evaluator sees it. */
export function judgedPod({ namespaces, accounts }: World, key: string, draft: PodDraft): Pod {
  const [namespace = "", name = ""] = key.split("/");
  const account = draft.serviceAccount;
  return {
    namespace,
    name,
    labels: given(draft.labels),
    namespaceLabels: namespaces.get(namespace) ?? {},
    serviceAccount: { name: account, labels: accounts.get(`${namespace}/${account}`) ?? {} },
    addresses: addressesOf(key),
    node: LOCAL.some((each) => each === key) ? NODE : "n2",
    hostNetwork: false,
    ports: draft.ports,
  };
}

/** An end by one of its addresses. */
export type Other = { readonly end: End; readonly address: Address };

/** Everybody but the pod, which may be none. */
export const othersOf = (world: World, key: string | null): readonly Other[] => [
  ...OUTSIDE.map((address): Other => ({ end: { kind: "address", address, node: null }, address })),
  ...[...world.pods].flatMap(([each, draft]) => {
    const end: End = { kind: "pod", pod: judgedPod(world, each, draft) };
    return each === key ? [] : addressesOf(each).map((address) => ({ end, address }));
  }),
];

/** Where traffic is on the line of ports. */
export function placeOf(
  traffic: Traffic,
  family: Address["family"],
): Pick<Parameters<typeof permits>[2], "protocol" | "port"> {
  if ("port" in traffic) return traffic;
  if ("type" in traffic)
    return {
      protocol: family === "ipv4" ? "ICMP" : "ICMPv6",
      port: traffic.type * 256 + traffic.code,
    };
  return { protocol: "protocol", port: traffic.protocol };
}

/** A world of two namespaces, in which nothing is said yet. */
export function newWorld(): World {
  const world: World = {
    intent: createPolicyIntent(NODE),
    pods: new Map(),
    policies: new Map(),
    calico: new Map(),
    namespaces: new Map(),
    accounts: new Map(),
    hosts: new Map(),
  };
  for (const key of ["x", "y"]) tell(world, { key, namespace: { app: key === "x" ? "a" : "b" } });
  for (const key of LOCAL) {
    tell(world, { key, pod: { labels: { app: "a" }, serviceAccount: "default", ports: [] } });
    world.intent.setEndpoint(`seam-${key}`, {
      addresses: addressesOf(key),
      pod: { key, uid: "" },
    });
  }
  world.intent.setInterfaces(INTERFACES);
  return world;
}
