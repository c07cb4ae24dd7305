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

/** Ranges of addresses by family, ascending, of which none touches another: from the first to before the last. */
export type Ranges = Readonly<Record<Family, readonly (readonly [first: bigint, end: bigint])[]>>;

/** Networks of a term, or of all in whose places its named port is the same; null: of a term without such a name. */
export type Networks = { readonly ranges: Ranges; readonly port: number | null };

/** All that networks have together. */
export function rangesOf(cidrs: readonly Cidr[]): Ranges {
  const ranges: Record<Family, [bigint, bigint][]> = { ipv4: [], ipv6: [] };
  const bounded = cidrs.map((cidr) => {
    const first = addressNumber(cidr.address);
    return { family: cidr.address.family, first, end: first + cidrSize(cidr) };
  });
  bounded.sort((one, other) => (one.first < other.first ? -1 : one.first > other.first ? 1 : 0));
  for (const { family, first, end } of bounded) {
    const last = ranges[family].at(-1);
    if (last === undefined || last[1] < first) ranges[family].push([first, end]);
    else if (last[1] < end) last[1] = end;
  }
  return ranges;
}

/** Whether one of them has the address. */
export function isInRanges(ranges: Ranges, address: Address): boolean {
  const list = ranges[address.family];
  const place = addressNumber(address);
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.[0] ?? 0n) <= place) low = middle + 1;
    else high = middle;
  }
  const found = list[low - 1];
  return found !== undefined && place < found[1];
}

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
  const { peer, networks } = term;
  if (networks.length > 0)
    return networks.flatMap(({ ranges }) =>
      ranges[family].flatMap(([first, end]): readonly Edge[] => [
        { at: first, term, more: 1 },
        { at: end, term, more: -1 },
      ]),
    );
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
