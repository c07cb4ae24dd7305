/** What nodes are to enforce, against the evaluator, which shares no code with it: random objects, in a random order of changes. */
import { type Address, formatAddress, invariant, parseAddress } from "@seam/base";
import { createPolicyIntent, type PolicyIntent, type PolicyPod } from "@seam/intent";
import { permits } from "@seam/intent/testing";
import { isKubeObject } from "@seam/kube";
import {
  type Gate,
  gateChange,
  type GateChange,
  type GateRules,
  type PeerClass,
  type PolicyChange,
  type PolicyState,
  type SideChange,
} from "@seam/state";
import fc from "fast-check";
import { expect, test } from "vitest";

import { type NetworkPolicy, type Protocol, readPolicy } from "./policy.ts";
import { type End, judge, type Pod } from "./verdict.ts";

const at = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};

const NAMESPACES = ["x", "y"] as const;
const KEYS = NAMESPACES.flatMap((namespace) =>
  ["a", "b", "c"].map((name) => `${namespace}/${name}`),
);
/** Those with an interface on this node. */
const LOCAL = ["x/a", "x/b", "y/a"] as const;
const OUTSIDE = ["192.0.2.1", "10.9.0.5", "2001:db8::1", "fd00:9::5"].map(at);
const PORTS = [80, 81, 443, 8080] as const;
const PROTOCOLS = ["TCP", "UDP", "SCTP"] as const;

const addressesOf = (key: string): readonly Address[] => {
  const index = KEYS.indexOf(key) + 1;
  return [`10.0.${index % 2}.${index}`, `fd00:${index % 2}::${index}`].map(at);
};

const labels = fc.record(
  { app: fc.constantFrom("a", "b"), tier: fc.constantFrom("1", "2") },
  { requiredKeys: [] },
);
const requirement = fc.oneof(
  fc.record({
    key: fc.constantFrom("app", "tier"),
    operator: fc.constantFrom("In", "NotIn"),
    values: fc.subarray(["a", "b", "1", "2"], { minLength: 1 }),
  }),
  fc.record({
    key: fc.constantFrom("app", "tier"),
    operator: fc.constantFrom("Exists", "DoesNotExist"),
  }),
);
const selector = fc.record(
  { matchLabels: labels, matchExpressions: fc.array(requirement, { maxLength: 2 }) },
  { requiredKeys: [] },
);
const block = fc.constantFrom(
  { cidr: "0.0.0.0/0" },
  { cidr: "::/0" },
  { cidr: "0.0.0.0/0", except: ["10.0.0.0/16", "10.0.1.0/24"] },
  { cidr: "10.0.0.0/8", except: ["10.0.1.0/24", "10.9.0.0/24"] },
  { cidr: "10.0.1.0/24" },
  { cidr: "fd00::/16", except: ["fd00:1::/32"] },
  { cidr: "192.0.2.1/32" },
);
const peer = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector: selector }),
  fc.record({ podSelector: selector, namespaceSelector: selector }),
  fc.record({ ipBlock: block }),
);
const protocol = fc.constantFrom(...PROTOCOLS);
const port = fc.oneof(
  fc.record({ protocol }, { requiredKeys: [] }),
  fc.record({ protocol, port: fc.constantFrom(...PORTS) }, { requiredKeys: ["port"] }),
  fc.record({ protocol, port: fc.constantFrom("web", "db") }, { requiredKeys: ["port"] }),
  fc.record({ protocol, port: fc.constant(80), endPort: fc.constantFrom(80, 443) }),
);
const ports = fc.array(port, { maxLength: 2 });
const ingress = fc.array(
  fc.record({ from: fc.array(peer, { maxLength: 2 }), ports }, { requiredKeys: [] }),
  { maxLength: 2 },
);
const egress = fc.array(
  fc.record({ to: fc.array(peer, { maxLength: 2 }), ports }, { requiredKeys: [] }),
  { maxLength: 2 },
);
const spec = fc.record(
  {
    podSelector: selector,
    policyTypes: fc.constantFrom(["Ingress"], ["Egress"], ["Ingress", "Egress"]),
    ingress,
    egress,
  },
  { requiredKeys: ["podSelector", "policyTypes"] },
);
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
type PodDraft = typeof pod extends fc.Arbitrary<infer T> ? T : never;

const step = fc.oneof(
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
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What the objects are, beside what the intent was told. */
type World = {
  readonly intent: PolicyIntent;
  readonly pods: Map<string, PodDraft>;
  readonly policies: Map<string, object>;
  readonly namespaces: Map<string, Readonly<Record<string, string>>>;
  readonly links: Map<string, string>;
  readonly kept: {
    gates: Map<string, Gate>;
    addresses: Map<string, PeerClass>;
    blocks: PolicyState["blocks"];
  };
};

const policyObject = (key: string, of: object): object => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { namespace: key.split("/")[0], name: key.split("/")[1] },
  spec: of,
});

/** A label that is absent is not one that is undefined. */
const given = (of: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(of).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );

const policyPod = (key: string, draft: PodDraft): PolicyPod => ({
  ...draft,
  namespace: key.split("/")[0] ?? "",
  labels: given(draft.labels),
  addresses: addressesOf(key),
});

function tell(world: World, one: Step): void {
  const { intent, pods, policies, namespaces, links } = world;
  if ("pod" in one) {
    pods.set(one.key, one.pod);
    intent.setPod(one.key, policyPod(one.key, one.pod));
  } else if ("spec" in one) {
    policies.set(one.key, one.spec);
    const faults = intent.setPolicy(one.key, policyObject(one.key, one.spec));
    invariant(faults.length === 0, faults.join());
  } else if ("labels" in one) {
    namespaces.set(one.key, given(one.labels));
    intent.setNamespace(one.key, given(one.labels));
  } else if ("uid" in one) {
    links.set(one.key, one.uid);
    const { key, uid } = one;
    intent.setEndpoint(`seam-${key}`, { addresses: addressesOf(key), pod: { key, uid } });
  } else forget(world, one);
}

function forget(
  world: World,
  { do: what, key }: { readonly do: string; readonly key: string },
): void {
  if (what === "take") return apply(world.kept, world.intent.takeChange());
  if (what === "without pod" && world.pods.delete(key)) world.intent.setPod(key, null);
  if (what === "without policy" && world.policies.delete(key)) world.intent.setPolicy(key, null);
  if (what === "without link" && world.links.delete(key))
    world.intent.setEndpoint(`seam-${key}`, null);
}

/** Changes what was kept as a node would, which could not delete what is not there. */
function apply(kept: World["kept"], change: PolicyChange | null): void {
  if (change === null) return;
  for (const [device, gate] of change.gates) {
    const before = kept.gates.get(device) ?? null;
    const after = gate.exists ? gateAfter(device, before, gate) : null;
    expect(gateChange(before, after)).toEqual(gate);
    if (after === null) kept.gates.delete(device);
    else kept.gates.set(device, after);
  }
  for (const [text, { before, after }] of change.addresses) {
    invariant((kept.addresses.get(text) ?? null) === before, `${text} was not in ${before}`);
    if (after === null) kept.addresses.delete(text);
    else kept.addresses.set(text, after);
  }
  kept.blocks = change.blocks ?? kept.blocks;
}

const gateAfter = (device: string, before: Gate | null, change: GateChange): Gate => ({
  device,
  addresses: change.addresses.after,
  ingress: sideAfter(before && before.ingress, change.ingress),
  egress: sideAfter(before && before.egress, change.egress),
});

/** Rules after a change, null when everything passes. */
function sideAfter(before: GateRules | null, { open, rules }: SideChange): GateRules | null {
  const after = new Map(before);
  for (const [peers, { after: now }] of rules)
    if (now === null) after.delete(peers);
    else after.set(peers, now);
  return open.after ? null : after;
}

function reachPod(world: World, key: string, draft: PodDraft): Pod {
  const [namespace = "", name = ""] = key.split("/");
  return {
    namespace,
    name,
    labels: given(draft.labels),
    namespaceLabels: world.namespaces.get(namespace) ?? {},
    addresses: addressesOf(key),
    node: LOCAL.some((each) => each === key) ? "here" : "there",
    hostNetwork: draft.hostNetwork,
    ports: draft.ports,
  };
}

/** Where the two disagree. */
function differences(world: World): readonly string[] {
  apply(world.kept, world.intent.takeChange());
  invariant(world.intent.takeChange() === null, "nothing changed since");
  const whole = world.intent.state();
  expect([world.kept.gates, world.kept.addresses]).toEqual([whole.gates, whole.addresses]);
  const policies = [...world.policies].map(([key, of]): NetworkPolicy => {
    const object: unknown = policyObject(key, of);
    invariant(isKubeObject(object), key);
    const read = readPolicy(object);
    invariant(read.ok, JSON.stringify(read));
    return read.value;
  });
  return LOCAL.flatMap((key) => {
    const gate = world.kept.gates.get(`seam-${key}`);
    const draft = world.pods.get(key);
    const uid = world.links.get(key);
    const hasGate = draft !== undefined && uid !== undefined && (uid === "" || uid === draft.uid);
    invariant((gate !== undefined) === hasGate, `${key} has a gate, or has none`);
    if (gate === undefined || draft === undefined || draft.hostNetwork) return [];
    const own = reachPod(world, key, draft);
    return attempts(world, key).flatMap((attempt) =>
      differing(world, { gate, policies, own }, attempt),
    );
  });
}

type Compared = {
  readonly gate: Gate;
  readonly policies: readonly NetworkPolicy[];
  readonly own: Pod;
};
type AttemptTo = {
  readonly end: End;
  readonly other: Address;
  readonly protocol: Protocol;
  readonly port: number;
};

/** Every other end by every port. */
function attempts(world: World, key: string): readonly AttemptTo[] {
  const ends: readonly (readonly [End, Address])[] = [
    ...OUTSIDE.map((address): [End, Address] => [
      { kind: "address", address, node: null },
      address,
    ]),
    ...[...world.pods].flatMap(([each, draft]) =>
      each === key || draft.hostNetwork
        ? []
        : addressesOf(each).map((address): [End, Address] => [
            { kind: "pod", pod: reachPod(world, each, draft) },
            address,
          ]),
    ),
  ];
  return ends.flatMap(([end, other]) =>
    PROTOCOLS.flatMap((asked) => PORTS.map((to) => ({ end, other, protocol: asked, port: to }))),
  );
}

function differing(
  world: World,
  { gate, policies, own }: Compared,
  attempt: AttemptTo,
): readonly string[] {
  const { end, other, protocol: asked, port: to } = attempt;
  const self: End = { kind: "pod", pod: own };
  const common = { port: to, protocol: asked, family: other.family };
  const wanted = {
    egress: judge({ from: self, to: end, ...common }, policies).egress.kind !== "denied",
    ingress: judge({ from: end, to: self, ...common }, policies).ingress.kind !== "denied",
  };
  return (["egress", "ingress"] as const)
    .filter(
      (direction) => permits(world.kept, gate, { direction, ...attempt }) !== wanted[direction],
    )
    .map((direction) => `${own.name} ${direction} ${formatAddress(other)} ${asked}/${to}`);
}

test("gates and classes say what the evaluator says, after any changes in any order (S5, I14)", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60, size: "max" }), (steps) => {
      const world: World = {
        intent: createPolicyIntent(),
        pods: new Map(),
        policies: new Map(),
        namespaces: new Map(),
        links: new Map(),
        kept: { gates: new Map(), addresses: new Map(), blocks: [] },
      };
      for (const namespace of NAMESPACES)
        tell(world, {
          do: "namespace",
          key: namespace,
          labels: { app: namespace === "x" ? "a" : "b" },
        });
      const found = steps.flatMap((one, index) => {
        tell(world, one);
        return index % 10 === 9 ? differences(world) : [];
      });
      expect([...found, ...differences(world)]).toEqual([]);
    }),
    { numRuns: 600 },
  );
}, 120_000);
