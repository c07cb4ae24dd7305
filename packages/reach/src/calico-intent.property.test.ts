/**
 * What nodes are to enforce of Calico's policies, beside Kubernetes' own, against the evaluator, which shares no code with it: random
 * objects, in a random order of changes (I15, S23).
 */
import { type Address, formatAddress, invariant, parseAddress, type Result } from "@seam/base";
import { type CalicoKind, createPolicyIntent, type PolicyIntent } from "@seam/intent";
import { permits } from "@seam/intent/testing";
import { isKubeObject, type KubeObject } from "@seam/kube";
import type { Gate, PolicyState } from "@seam/state";
import fc from "fast-check";
import { expect, test } from "vitest";

import type { Attempt, End, Pod, Traffic } from "./attempt.ts";
import {
  type CalicoPolicies,
  readCalicoNetworkSet,
  readCalicoPolicy,
  readCalicoTier,
} from "./calico-policy.ts";
import {
  accountLabels,
  ACCOUNTS,
  calicoGlobalPolicySpec,
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
import { isAllowed, judge } from "./verdict.ts";

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
const LOCAL = ["x/a", "y/a"] as const;
const OUTSIDE = ["192.0.2.1", "10.0.1.99", "fd00:9::5", "2001:db8::1"].map((text): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
});
const TRAFFIC: readonly Traffic[] = [
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
];
const gone = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 5, arbitrary }, fc.constant(null));
const step = fc.oneof(
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
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What the objects are, beside what the intent was told. */
type World = {
  readonly intent: PolicyIntent;
  readonly pods: Map<string, PodDraft>;
  readonly policies: Map<string, object>;
  readonly calico: Map<string, KubeObject>;
  readonly namespaces: Map<string, Labels>;
  readonly accounts: Map<string, Labels>;
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

function put<T>(map: Map<string, T>, key: string, value: T | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}

function tell(world: World, one: Step): void {
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
  } else intent.takeChange();
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
  const metadata = { name, labels: own, ...(namespace && { namespace }) };
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

function calicoOf({ calico, namespaces }: World): CalicoPolicies {
  const all = [...calico.values()];
  const ofKinds = (kinds: string): readonly KubeObject[] =>
    all.filter(({ kind }) => kind?.endsWith(kinds));
  return {
    policies: ofKinds("NetworkPolicy").map((each) => read(each, readCalicoPolicy)),
    tiers: ofKinds("Tier").map((each) => read(each, readCalicoTier)),
    sets: ofKinds("NetworkSet").map((each) => ({
      ...read(each, readCalicoNetworkSet),
      namespaceLabels: namespaces.get(each.metadata.namespace ?? "") ?? {},
    })),
  };
}

const policiesOf = (world: World): Policies => ({
  network: [...world.policies].map(([key, spec]) =>
    read({ ...objectOf("networking.k8s.io/v1", "NetworkPolicy", key), spec }, readPolicy),
  ),
  cluster: [],
  calico: calicoOf(world),
});

function judgedPod({ namespaces, accounts }: World, key: string, draft: PodDraft): Pod {
  const [namespace = "", name = ""] = key.split("/");
  const account = draft.serviceAccount;
  return {
    namespace,
    name,
    labels: given(draft.labels),
    namespaceLabels: namespaces.get(namespace) ?? {},
    serviceAccount: { name: account, labels: accounts.get(`${namespace}/${account}`) ?? {} },
    addresses: addressesOf(key),
    node: null,
    hostNetwork: false,
    ports: draft.ports,
  };
}

/** Where the two disagree. */
function differences(world: World): readonly string[] {
  world.intent.takeChange();
  const state = world.intent.state();
  const policies = policiesOf(world);
  return LOCAL.flatMap((key) => {
    const gate = state.gates.get(`seam-${key}`);
    const draft = world.pods.get(key);
    if (gate === undefined || draft === undefined) return [];
    const own: End = { kind: "pod", pod: judgedPod(world, key, draft) };
    return othersOf(world, key).flatMap(({ end, address }) =>
      TRAFFIC.flatMap((traffic) =>
        differing({ state, gate, policies, own }, { end, address, traffic }),
      ),
    );
  });
}

type Other = { readonly end: End; readonly address: Address };

const othersOf = (world: World, key: string): readonly Other[] => [
  ...OUTSIDE.map((address): Other => ({ end: { kind: "address", address, node: null }, address })),
  ...[...world.pods].flatMap(([each, draft]) => {
    const end: End = { kind: "pod", pod: judgedPod(world, each, draft) };
    return each === key ? [] : addressesOf(each).map((address) => ({ end, address }));
  }),
];

type Compared = {
  readonly state: PolicyState;
  readonly gate: Gate;
  readonly policies: Policies;
  readonly own: End;
};

function differing(
  { state, gate, policies, own }: Compared,
  { end, address, traffic }: Other & { readonly traffic: Traffic },
): readonly string[] {
  const { family } = address;
  const attempt = (from: End, to: End): Attempt => ({ ...traffic, from, to, family });
  const wanted = {
    egress: isAllowed(judge(attempt(own, end), policies).egress),
    ingress: isAllowed(judge(attempt(end, own), policies).ingress),
  };
  const place = placeOf(traffic, family);
  return (["egress", "ingress"] as const)
    .filter(
      (direction) =>
        permits(state, gate, { direction, other: address, ...place }) !== wanted[direction],
    )
    .map(
      (direction) =>
        `${gate.device} ${direction} ${formatAddress(address)} ${JSON.stringify(traffic)}`,
    );
}

/** Where traffic is on the line of ports. */
function placeOf(
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

test("gates and classes say of Calico's policies what the evaluator says, after any changes in any order (I15, S23)", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 40, size: "max" }), (steps) => {
      const world: World = {
        intent: createPolicyIntent(),
        pods: new Map(),
        policies: new Map(),
        calico: new Map(),
        namespaces: new Map(),
        accounts: new Map(),
      };
      for (const key of ["x", "y"])
        tell(world, { key, namespace: { app: key === "x" ? "a" : "b" } });
      for (const key of LOCAL) {
        tell(world, { key, pod: { labels: { app: "a" }, serviceAccount: "default", ports: [] } });
        world.intent.setEndpoint(`seam-${key}`, {
          addresses: addressesOf(key),
          pod: { key, uid: "" },
        });
      }
      for (const one of steps) tell(world, one);
      expect(differences(world)).toEqual([]);
    }),
    { numRuns: 300 },
  );
}, 120_000);
