/** Blocks of addresses that overlap, cut into ranges that do not, each with the terms that mean it. */
import {
  type Address,
  addressAt,
  addressNumber,
  type Cidr,
  cidrContains,
  cidrSize,
  type Family,
  invariant,
} from "@seam/base";

import type { Term } from "./policy-terms.ts";

/** All addresses from `first` to `last`, which the same terms mean. */
export type Segment = {
  readonly first: Address;
  readonly last: Address;
  readonly terms: readonly Term[];
};

type Edge = { readonly at: bigint; readonly term: Term; readonly more: 1 | -1 };

/** The ranges of a family that any of the terms means, ascending. */
export function segmentsOf(family: Family, terms: Iterable<Term>): readonly Segment[] {
  const edges = [...terms].flatMap((term) => edgesOf(family, term));
  edges.sort((one, two) => (one.at < two.at ? -1 : one.at > two.at ? 1 : 0));
  const depths = new Map<Term, number>();
  const segments: Segment[] = [];
  for (const [index, { at, term, more }] of edges.entries()) {
    depths.set(term, (depths.get(term) ?? 0) + more);
    if (depths.get(term) === 0) depths.delete(term);
    const next = edges[index + 1]?.at;
    if (next === undefined || next === at) continue;
    const inside = [...depths].filter(([, depth]) => depth > 0).map(([each]) => each);
    if (inside.length > 0)
      segments.push({
        first: addressOf(family, at),
        last: addressOf(family, next - 1n),
        terms: inside,
      });
  }
  return segments;
}

/** An exception takes away what its block gives: blocks and exceptions are nested, so depths are 0 or 1. */
function edgesOf(family: Family, term: Term): readonly Edge[] {
  const { peer } = term;
  if (peer?.kind !== "block" || peer.cidr.address.family !== family) return [];
  return [
    ...bounds(peer.cidr, term, 1),
    ...outermost(peer.except).flatMap((each) => bounds(each, term, -1)),
  ];
}

function bounds(cidr: Cidr, term: Term, more: 1 | -1): readonly Edge[] {
  const first = addressNumber(cidr.address);
  return [
    { at: first, term, more },
    { at: first + cidrSize(cidr), term, more: more === 1 ? -1 : 1 },
  ];
}

/** Exceptions that lie in no other. */
const outermost = (all: readonly Cidr[]): readonly Cidr[] =>
  all.filter((inner, at) =>
    all.every((outer, other) => other === at || !contains(outer, inner, other < at)),
  );

/** Whether one lies in the other; of equal ones the first counts. */
function contains(outer: Cidr, inner: Cidr, isBefore: boolean): boolean {
  if (outer.length > inner.length) return false;
  if (outer.length === inner.length && !isBefore) return false;
  return cidrContains(outer, inner.address);
}

function addressOf(family: Family, place: bigint): Address {
  const all = { address: ZERO[family], length: 0 };
  const found = addressAt(all, place);
  invariant(found !== null, `${family} has no place ${place}`);
  return found;
}

const zeros = (count: number): readonly number[] => Array.from({ length: count }, () => 0);
const ZERO: Readonly<Record<Family, Address>> = {
  ipv4: { family: "ipv4", bytes: zeros(4) },
  ipv6: { family: "ipv6", bytes: zeros(16) },
};
