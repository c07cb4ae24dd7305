/**
 * What nodes are to enforce at their own interfaces, against the evaluator, which shares no code with it: random host endpoints and
 * policies, in a random order of changes (I16, S23).
 */
import { type Address, formatAddress, invariant } from "@seam/base";
import { permitsBy } from "@seam/intent/testing";
import { ANY_INTERFACE, type HostGate, NO_RULES, type PolicyState } from "@seam/state";
import fc from "fast-check";
import { expect, test } from "vitest";

import type { Attempt, End, Traffic } from "./attempt.ts";
import { endpointFor, isHostAllowed, judgeHost } from "./calico-host.ts";
import type { CalicoHostEndpoint, CalicoPolicies } from "./calico-policy.ts";
import {
  calicoOf,
  endpointsOf,
  hostStep,
  INTERFACES,
  newWorld,
  type Other,
  othersOf,
  placeOf,
  take,
  tell,
  TRAFFIC,
  type World,
} from "./calico-world.fixture.ts";

/** What is asked at an interface of the node n1. */
type Compared = {
  readonly state: PolicyState;
  readonly gate: HostGate;
  readonly calico: CalicoPolicies;
  readonly name: string;
  readonly endpoint: CalicoHostEndpoint;
  /** Whether the gate's own end has one address of each family, as conditions on it take for granted. */
  readonly isAlone: boolean;
};

/** Where the two disagree. */
function differences(world: World): readonly string[] {
  world.intent.setInterfaces(INTERFACES);
  take(world);
  invariant(world.intent.takeChange() === null, "nothing changed since");
  const state = world.intent.state();
  expect(world.hosts).toEqual(state.hosts);
  const calico = calicoOf(world);
  const endpoints = endpointsOf(world);
  const free = [...INTERFACES.keys()].filter((name) => !state.hosts.has(name));
  return [...INTERFACES].flatMap(([name, addresses]) => {
    const endpoint = endpointFor({ node: "n1", name, addresses }, endpoints);
    const gate = state.hosts.get(name) ?? state.hosts.get(ANY_INTERFACE) ?? null;
    if (endpoint === null || gate === null)
      return endpoint === gate ? [] : [`${name} ${endpoint?.name} ${gate?.interface}`];
    const isAlone = gate.interface !== ANY_INTERFACE || free.length === 1;
    const compared = { state, gate, calico, name, endpoint, isAlone };
    return othersOf(world, null).flatMap((other) => differing(compared, other, addresses));
  });
}

function differing(
  compared: Compared,
  other: Other,
  addresses: readonly Address[],
): readonly string[] {
  const { family } = other.address;
  const own = addresses.find((each) => each.family === family);
  invariant(own !== undefined, family);
  const { ports } = compared.endpoint;
  const node: End = { kind: "address", address: own, node: "n1", ports };
  const nodeAsPeer: End = { kind: "address", address: own, node: "n1" };
  const away: End = { kind: "address", address: SOMEBODY[family], node: null };
  return TRAFFIC.flatMap((traffic, index) => {
    const sent = TRAFFIC[(index * 7 + 3) % TRAFFIC.length] ?? traffic;
    const attempt = (from: End, to: End, what: Traffic = traffic): Attempt => ({
      ...what,
      from,
      to,
      family,
    });
    const to = (end: End): Attempt => attempt(other.end, end);
    const asSent = attempt(other.end, nodeAsPeer, sent);
    return [
      ...(compared.isAlone
        ? [
            { point: "local-ingress", attempt: to(node), asSent: null } as const,
            { point: "local-ingress", attempt: to(node), asSent } as const,
            { point: "local-egress", attempt: attempt(node, other.end), asSent: null } as const,
          ]
        : []),
      { point: "forward-ingress", attempt: to(away), asSent: null } as const,
      { point: "forward-ingress", attempt: to(away), asSent } as const,
      { point: "forward-egress", attempt: attempt(away, other.end), asSent: null } as const,
    ].flatMap((asked) => differingAt(compared, { ...asked, other: other.address }));
  });
}

const SOMEBODY = {
  ipv4: { family: "ipv4", bytes: [203, 0, 113, 9] },
  ipv6: { family: "ipv6", bytes: [0x20, 1, 0xd, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9] },
} as const;

type AskedAt = {
  readonly point: "local-ingress" | "local-egress" | "forward-ingress" | "forward-egress";
  readonly attempt: Attempt;
  readonly asSent: Attempt | null;
  readonly other: Address;
};

function differingAt(
  { state, gate, calico, name, endpoint }: Compared,
  { point, attempt, asSent, other }: AskedAt,
): readonly string[] {
  const direction = point.endsWith("-egress") ? "egress" : "ingress";
  const isForwarded = point.startsWith("forward");
  const wanted = judgeHost({ endpoint, direction, isForwarded, attempt, asSent }, calico);
  const passes = (rules: HostGate["rules"][typeof point], of: Attempt): boolean =>
    permitsBy(state, rules, { other, ...placeOf(of, other.family) });
  const before = asSent ?? attempt;
  const isAdmitted = direction === "ingress" && passes(gate.admitted ?? NO_RULES, before);
  const found =
    (direction === "egress" || passes(gate.rules["pre-dnat"], before)) &&
    (passes(gate.rules[point], attempt) || isAdmitted);
  return found === isHostAllowed(wanted)
    ? []
    : [`${name} ${point} ${formatAddress(other)} ${JSON.stringify([attempt, asSent, wanted])}`];
}

/** Interfaces come and go between the changes of objects. */
const change = fc.oneof(
  { weight: 9, arbitrary: hostStep },
  fc.record({ interfaces: fc.subarray([...INTERFACES]) }),
);

test("gates of interfaces say what the evaluator says of host endpoints, after any changes in any order (I16, S23)", () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 10, maxLength: 40, size: "max" }), (changes) => {
      const world = newWorld();
      for (const one of changes)
        if ("interfaces" in one) world.intent.setInterfaces(new Map(one.interfaces));
        else tell(world, one);
      expect(differences(world)).toEqual([]);
    }),
    { numRuns: 200 },
  );
}, 120_000);
