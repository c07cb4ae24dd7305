/**
 * The side of an attempt that is a node's own program: which host endpoint is asked about it, as far as objects tell. Which interface has an
 * address only the node knows, so an endpoint must say its addresses, or be the one for all interfaces.
 */
import { formatAddress } from "@seam/base";

import { addressesOf, type Attempt, type End } from "./attempt.ts";
import { type HostSide, isPolicyAboutHost, judgeHost } from "./calico-host.ts";
import type { CalicoHostEndpoint, CalicoPolicies } from "./calico-policy.ts";
import type { Direction } from "./tiers.ts";

/** What a host endpoint says about an attempt; null when none is asked. */
export type Hosted = { readonly endpoint: CalicoHostEndpoint; readonly side: HostSide };

/** Judges the side of a node; null when the end is no node's, or speaks with its own node alone, which no interface sees. */
export function hostedSide(
  direction: Direction,
  attempt: Attempt,
  calico: CalicoPolicies,
): Hosted | null {
  const [own, other] = endsOf(direction, attempt);
  const node = programNode(own);
  if (node === null || node === nodeOf(other)) return null;
  const endpoint = endpointOf(node, addressTexts(own, attempt), calico);
  if (endpoint === null) return null;
  const named =
    direction === "ingress" && own.kind === "address"
      ? { ...attempt, to: { ...own, ports: endpoint.ports } }
      : attempt;
  const asked = { endpoint, direction, isForwarded: false, attempt: named, asSent: null };
  return { endpoint, side: judgeHost(asked, calico) };
}

const endsOf = (direction: Direction, { from, to }: Attempt): readonly [own: End, other: End] =>
  direction === "egress" ? [from, to] : [to, from];

const nodeOf = (end: End): string | null => (end.kind === "pod" ? end.pod.node : end.node);

/** The node of which the end is a program: an address of it, or a pod that shares its network. */
const programNode = (end: End): string | null =>
  end.kind === "pod" && !end.pod.hostNetwork ? null : nodeOf(end);

const addressTexts = (end: End, { family }: Attempt): ReadonlySet<string> =>
  new Set(addressesOf(end, family).map(formatAddress));

const endpointsAt = (node: string, { endpoints = [] }: CalicoPolicies): typeof endpoints =>
  endpoints
    .filter((each) => each.node === node)
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));

function endpointOf(
  node: string,
  addresses: ReadonlySet<string>,
  calico: CalicoPolicies,
): CalicoHostEndpoint | null {
  const own = endpointsAt(node, calico);
  return (
    own.find((each) => each.addresses.some((one) => addresses.has(formatAddress(one)))) ??
    own.find((each) => each.interface === "*") ??
    null
  );
}

/** What could not be taken into account: endpoints that say no addresses, and what nodes forward. */
export function hostNotes(attempt: Attempt, calico: CalicoPolicies): readonly string[] {
  const notes = (["egress", "ingress"] as const).flatMap((direction) => {
    const [own, other] = endsOf(direction, attempt);
    const node = nodeOf(own);
    if (node === null || node === nodeOf(other)) return [];
    return programNode(own) === null
      ? forwardNotes(node, calico)
      : placeNotes(node, addressTexts(own, attempt), calico);
  });
  return [...new Set(notes)];
}

/** Where no endpoint says the address, one that says none may be the one. */
function placeNotes(
  node: string,
  addresses: ReadonlySet<string>,
  calico: CalicoPolicies,
): readonly string[] {
  const own = endpointsAt(node, calico);
  if (own.some((each) => each.addresses.some((one) => addresses.has(formatAddress(one)))))
    return [];
  return own
    .filter((each) => each.interface !== "*" && each.addresses.length === 0)
    .map(
      ({ name, interface: link }) =>
        `HostEndpoint ${name} is for ${link} of ${node} and says no expectedIPs, so it is left out of the answer; add the addresses of ${link} to them`,
    );
}

function forwardNotes(node: string, calico: CalicoPolicies): readonly string[] {
  const asked = endpointsAt(node, calico).filter(({ labels }) =>
    calico.policies.some(
      (policy) => (policy.onForward || policy.preDnat) && isPolicyAboutHost(policy, labels),
    ),
  );
  const names = asked.map(({ name }) => name);
  return names.length === 0
    ? []
    : [
        `what ${node} forwards is judged by its host endpoints too (${names.join(", ")}), which this leaves out`,
      ];
}
