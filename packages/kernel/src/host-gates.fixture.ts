/** Gates of a node's own interfaces for tests. */
import {
  type GateRules,
  type HostGate,
  hostGateChange,
  type HostPoint,
  type PolicyChange,
} from "@seam/state";

type Rules = Partial<Record<HostPoint | "admitted", GateRules>>;

/** A gate of which each point is open unless it is given. */
export const gateOf = (name: string, rules: Rules): HostGate => ({
  interface: name,
  rules: {
    "local-ingress": rules["local-ingress"] ?? null,
    "local-egress": rules["local-egress"] ?? null,
    "forward-ingress": rules["forward-ingress"] ?? null,
    "forward-egress": rules["forward-egress"] ?? null,
    "pre-dnat": rules["pre-dnat"] ?? null,
  },
  ...(rules.admitted === undefined ? {} : { admitted: rules.admitted }),
});

/** Such gates, by interface. */
export const gatesOf = (all: Readonly<Record<string, Rules>>): ReadonlyMap<string, HostGate> =>
  new Map(Object.entries(all).map(([name, rules]) => [name, gateOf(name, rules)]));

/** What makes these gates of those. */
export function changeOf(
  before: ReadonlyMap<string, HostGate>,
  after: ReadonlyMap<string, HostGate>,
): PolicyChange {
  const hosts = new Map(
    [...new Set([...before.keys(), ...after.keys()])].map((name) => [
      name,
      hostGateChange(before.get(name) ?? null, after.get(name) ?? null),
    ]),
  );
  return { gates: new Map(), addresses: new Map(), blocks: null, hosts };
}

/** Nothing may pass after translation. */
export const closed = {
  "local-ingress": new Map(),
  "local-egress": new Map(),
  "forward-ingress": new Map(),
  "forward-egress": new Map(),
} satisfies Rules;
