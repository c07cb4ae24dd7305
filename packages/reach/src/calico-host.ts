/**
 * Policies about nodes' own interfaces (projectcalico.org/v3, HostEndpoint; reference/host-endpoints). Only Calico's policies of the
 * cluster are about them.
 */
import {
  type Address,
  err,
  familyBits,
  formatAddress,
  ok,
  parseAddress,
  type Result,
} from "@seam/base";
import { child, children, type Json, type KubeObject, textAt } from "@seam/kube";

import type { Attempt, Pod } from "./attempt.ts";
import type {
  CalicoHostEndpoint,
  CalicoNetworkSet,
  CalicoPolicies,
  CalicoPolicy,
} from "./calico-policy.ts";
import { meets } from "./calico-selector.ts";
import { known, listAt, type Protocol, protocolOf, type Reading } from "./policy.ts";
import {
  type Decision,
  decideInTiers,
  type Direction,
  type Placed,
  placeCalico,
  tiersOf,
} from "./tiers.ts";

const OPEN_PROFILE = "projectcalico-default-allow";

/** Reads a HostEndpoint; the errors name fields that cannot be understood, of which none is passed over. */
export function readCalicoHostEndpoint(
  object: KubeObject,
): Result<CalicoHostEndpoint, readonly string[]> {
  const spec = child(object, "spec");
  const reading: Reading = { errors: [] };
  const keys = ["node", "interfaceName", "expectedIPs", "profiles", "ports"];
  known(reading, spec, { path: "spec", keys });
  const node = textAt(spec, "node") ?? "";
  if (node === "") reading.errors.push("spec.node: expected the name of a node");
  const name = textAt(spec, "interfaceName") ?? "";
  const addresses = listAt(spec, "expectedIPs").flatMap((each) => {
    const parsed = parseAddress(String(each));
    if (!parsed.ok) reading.errors.push(`spec.expectedIPs: ${parsed.error}`);
    return parsed.ok ? [parsed.value] : [];
  });
  if (name === "" && addresses.length === 0)
    reading.errors.push("spec: expected interfaceName, or expectedIPs");
  const profiles = listAt(spec, "profiles");
  if (profiles.some((each) => each !== OPEN_PROFILE))
    reading.errors.push(`spec.profiles: expected ${OPEN_PROFILE}, or none`);
  const endpoint: CalicoHostEndpoint = {
    name: object.metadata.name,
    labels: child(object.metadata, "labels"),
    node,
    interface: name === "" ? null : name,
    addresses,
    isOpen: profiles.length > 0,
    ports: children(spec, "ports").flatMap((port, at) =>
      readPort(reading, port, `spec.ports[${at}]`),
    ),
  };
  return reading.errors.length === 0 ? ok(endpoint) : err(reading.errors);
}

function readPort(reading: Reading, port: Json, path: string): Pod["ports"] {
  known(reading, port, { path, keys: ["name", "protocol", "port"] });
  const { port: number } = port;
  const protocol = protocolOf((textAt(port, "protocol") ?? "").toUpperCase());
  if (typeof number === "number" && protocol !== null)
    return [{ name: textAt(port, "name") ?? "", protocol, port: number }];
  reading.errors.push(`${path}: expected a name, a number, and protocol TCP, UDP or SCTP`);
  return [];
}

/** An interface of a node. */
type Interface = {
  readonly node: string;
  readonly name: string;
  readonly addresses: readonly Address[];
};

/** The endpoint that is for an interface: one that names it, else one that has its address, else that for all. */
export function endpointFor(
  { node, name, addresses }: Interface,
  endpoints: readonly CalicoHostEndpoint[],
): CalicoHostEndpoint | null {
  const own = endpoints.filter((each) => each.node === node);
  const texts = new Set(addresses.map(formatAddress));
  return (
    own.find((each) => each.interface === name) ??
    own.find(
      (each) =>
        each.interface === null && each.addresses.some((one) => texts.has(formatAddress(one))),
    ) ??
    own.find((each) => each.interface === "*") ??
    null
  );
}

/** A connection by an interface, and where it is going. */
export type HostAttempt = {
  readonly endpoint: CalicoHostEndpoint;
  /** Ingress: it comes in by the interface. */
  readonly direction: Direction;
  /** Else it ends in a program of the node, or begins in one. */
  readonly isForwarded: boolean;
  readonly attempt: Attempt;
  /** As it was before services were translated; null: the same. */
  readonly asSent: Attempt | null;
};

/** What decided. */
export type HostSide =
  | { readonly kind: "decided"; readonly decision: Decision }
  /** One of the ports that stay open on every endpoint, so that nobody locks himself out. */
  | { readonly kind: "failsafe" }
  /** No policy decides. Forwarded connections pass then, others only by the profile that lets everything pass. */
  | { readonly kind: "open" | "closed" };

/** Whether a side lets the connection pass. */
export const isHostAllowed = (side: HostSide): boolean =>
  side.kind === "decided"
    ? side.decision.kind === "rule" && side.decision.isAllowed
    : side.kind !== "closed";

/**
 * Judges a connection at an interface (reference/host-endpoints, Summary). Policies before the translation of addresses speak first, about
 * all that comes in; what they allow no other policy of the interface is asked about, and at the end of their tiers nothing is
 * denied. Then come the others, about forwarded connections only those with `applyOnForward`.
 */
export function judgeHost(asked: HostAttempt, calico: CalicoPolicies): HostSide {
  const early = decideEarly(asked, calico);
  if (early !== null) return { kind: "decided", decision: early };
  const { endpoint, direction, attempt, isForwarded } = asked;
  if (!isForwarded && isFailsafe(direction, attempt)) return { kind: "failsafe" };
  const placed = placedAt(asked, calico).filter(
    ({ policy }) => !policy.preDnat && (policy.onForward || !isForwarded),
  );
  const decision = decideInTiers(placed, tiersOf(calico.tiers));
  if (decision !== null) return { kind: "decided", decision };
  return { kind: isForwarded || endpoint.isOpen ? "open" : "closed" };
}

/** What is decided before addresses are translated, where tiers pass at their ends. */
function decideEarly(asked: HostAttempt, calico: CalicoPolicies): Decision | null {
  const attempt = asked.asSent ?? asked.attempt;
  if (asked.direction === "egress" || isFailsafe("ingress", attempt)) return null;
  const placed = placedAt({ ...asked, attempt }, calico).filter(({ policy }) => policy.preDnat);
  const tiers = tiersOf(calico.tiers).map((tier) => ({ ...tier, defaultAction: "Pass" as const }));
  return decideInTiers(placed, tiers);
}

const placedAt = (
  { endpoint, direction, attempt }: HostAttempt,
  calico: CalicoPolicies,
): readonly (Placed & { readonly policy: CalicoPolicy })[] =>
  calico.policies
    .filter((policy) => policy[direction] !== null && isPolicyAboutHost(policy, endpoint.labels))
    .map((policy) => ({ policy, ...placeCalico(policy, { direction, attempt }, calico) }));

/** Whether a policy selects an endpoint, which is of no namespace and runs as nobody. */
export const isPolicyAboutHost = (policy: CalicoPolicy, labels: Json): boolean =>
  policy.namespace === null &&
  policy.namespaces === null &&
  policy.accounts === null &&
  meets(policy.selector, { labels, isGlobal: false });

/** Calico's own (FelixConfiguration, failsafeInboundHostPorts and failsafeOutboundHostPorts). */
const BOTH_WAYS = [179, 2379, 2380, 5473, 6443, 6666, 6667];
const FAILSAFE = {
  ingress: { TCP: [22, ...BOTH_WAYS], UDP: [68], SCTP: [] },
  egress: { TCP: BOTH_WAYS, UDP: [53, 67], SCTP: [] },
} as const satisfies Record<Direction, Record<Protocol, readonly number[]>>;

const isFailsafe = (direction: Direction, attempt: Attempt): boolean =>
  "port" in attempt && FAILSAFE[direction][attempt.protocol].some((each) => each === attempt.port);

/** What selectors of rules find of an endpoint: its labels, at the addresses that it says it has. */
export const hostSet = ({
  name,
  labels,
  addresses,
  ports,
}: CalicoHostEndpoint): CalicoNetworkSet => ({
  ports,
  namespace: null,
  name,
  labels,
  namespaceLabels: {},
  nets: addresses.map((address) => ({ address, length: familyBits(address.family) })),
});
