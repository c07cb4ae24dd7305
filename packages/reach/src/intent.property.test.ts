/** What nodes are to enforce, against the evaluator, which shares no code with it: random objects, in a random order of changes. */
import { type Address, formatAddress, invariant, type Result } from "@seam/base";
import { createPolicyIntent, type PolicyIntent, type PolicyPod } from "@seam/intent";
import { permits } from "@seam/intent/testing";
import { isKubeObject, type KubeObject } from "@seam/kube";
import {
  directionOf,
  type Gate,
  gateChange,
  type GateChange,
  type GateRules,
  type GateSide,
  type PeerClass,
  type PolicyChange,
  type PolicyState,
  type SideChange,
} from "@seam/state";
import fc from "fast-check";
import { expect, test } from "vitest";

import { readClusterPolicy } from "./cluster-policy.ts";
import { type Protocol, readPolicy } from "./policy.ts";
import { PORTS, PROTOCOLS } from "./specs.fixture.ts";
import {
  addressesOf,
  HERE,
  LOCAL,
  NAMESPACES,
  nodeAddresses,
  OUTSIDE,
  type PodDraft,
  step,
  type Step,
} from "./steps.fixture.ts";
import { type End, isAllowed, judge, type Pod, type Policies } from "./verdict.ts";

/** What the objects are, beside what the intent was told. */
type World = {
  readonly intent: PolicyIntent;
  readonly pods: Map<string, PodDraft>;
  readonly policies: Map<string, object>;
  readonly clusterPolicies: Map<string, object>;
  readonly nodes: Map<string, Readonly<Record<string, string>>>;
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

const clusterPolicyObject = (name: string, of: object): object => ({
  apiVersion: "policy.networking.k8s.io/v1beta1",
  kind: "ClusterNetworkPolicy",
  metadata: { name },
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
  serviceAccount: "default",
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
  } else tellCluster(world, one);
}

function tellCluster(world: World, one: Step): void {
  const { intent, clusterPolicies, nodes } = world;
  if ("clusterSpec" in one) {
    clusterPolicies.set(one.key, one.clusterSpec);
    const object = clusterPolicyObject(one.key, one.clusterSpec);
    const faults = intent.setClusterPolicy(one.key, object);
    invariant(faults.length === 0, faults.join());
  } else if ("nodeLabels" in one) {
    const own = given(one.nodeLabels);
    nodes.set(one.key, own);
    intent.setNode(one.key, { labels: own, addresses: nodeAddresses(one.key) });
  } else forget(world, one);
}

function forget(
  world: World,
  { do: what, key }: { readonly do: string; readonly key: string },
): void {
  if (what === "take") return apply(world.kept, world.intent.takeChange());
  const { intent, pods, policies, clusterPolicies, nodes, links } = world;
  const removals = {
    "without pod": () => pods.delete(key) && intent.setPod(key, null),
    "without policy": () => policies.delete(key) && intent.setPolicy(key, null),
    "without cluster policy": () =>
      clusterPolicies.delete(key) && intent.setClusterPolicy(key, null),
    "without node": () => nodes.delete(key) && intent.setNode(key, null),
    "without link": () => links.delete(key) && intent.setEndpoint(`seam-${key}`, null),
  };
  for (const [word, remove] of Object.entries(removals)) if (word === what) remove();
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
  node: sideAfter(before && before.node, change.node),
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
    node: LOCAL.some((each) => each === key) ? HERE : "n2",
    hostNetwork: draft.hostNetwork,
    ports: draft.ports,
  };
}

/** All policies as the evaluator reads them. */
const policiesOf = ({ policies, clusterPolicies }: World): Policies => ({
  network: [...policies].map(([key, of]) => readAs(policyObject(key, of), readPolicy)),
  cluster: [...clusterPolicies].map(([name, of]) =>
    readAs(clusterPolicyObject(name, of), readClusterPolicy),
  ),
});

function readAs<T>(object: unknown, read: (object: KubeObject) => Result<T, unknown>): T {
  invariant(isKubeObject(object), JSON.stringify(object));
  const found = read(object);
  invariant(found.ok, JSON.stringify(found));
  return found.value;
}

/** Where the two disagree. */
function differences(world: World): readonly string[] {
  apply(world.kept, world.intent.takeChange());
  invariant(world.intent.takeChange() === null, "nothing changed since");
  const whole = world.intent.state();
  expect([world.kept.gates, world.kept.addresses]).toEqual([whole.gates, whole.addresses]);
  const policies = policiesOf(world);
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
  readonly policies: Policies;
  readonly own: Pod;
};
type AttemptTo = {
  readonly end: End;
  readonly other: Address;
  readonly protocol: Protocol;
  readonly port: number;
};

/** Every other end by every port; the own node also by what pods have as their gateway. */
function attempts(world: World, key: string): readonly AttemptTo[] {
  const ends: readonly (readonly [End, Address])[] = [
    ...OUTSIDE.map((address): [End, Address] => [
      { kind: "address", address, node: null },
      address,
    ]),
    ...[...world.nodes].flatMap(([node, nodeLabels]) =>
      nodeAddresses(node).map((address): [End, Address] => [
        { kind: "address", address, node, nodeLabels },
        address,
      ]),
    ),
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

/** What of a gate is asked about an end: its own node always comes in. */
const sidesTo = (end: End): readonly GateSide[] =>
  end.kind === "address" && end.node === HERE ? ["node"] : ["egress", "ingress"];

function differing(
  world: World,
  { gate, policies, own }: Compared,
  attempt: AttemptTo,
): readonly string[] {
  const { end, other, protocol: asked, port: to } = attempt;
  const self: End = { kind: "pod", pod: own };
  const common = { port: to, protocol: asked, family: other.family };
  const wanted = {
    egress: isAllowed(judge({ from: self, to: end, ...common }, policies).egress),
    ingress: isAllowed(judge({ from: end, to: self, ...common }, policies).ingress),
  };
  return sidesTo(end)
    .filter((side) => permits(world.kept, gate, { side, ...attempt }) !== wanted[directionOf(side)])
    .map((side) => `${own.name} ${side} ${formatAddress(other)} ${asked}/${to}`);
}

test("gates and classes say what the evaluator says, after any changes in any order (S5, I14)", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60, size: "max" }), (steps) => {
      const world: World = {
        intent: createPolicyIntent(HERE),
        pods: new Map(),
        policies: new Map(),
        clusterPolicies: new Map(),
        nodes: new Map(),
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
