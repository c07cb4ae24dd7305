/** What a change of policies makes of the table's elements and of its chains of ports. */
import {
  GATE_SIDES,
  HOST_POINTS,
  type PeerClass,
  type Permission,
  type SideChange,
} from "@seam/state";

import { permissionBytes } from "./nft-keys.ts";
import { type SetElement, valueData } from "./nft-messages.ts";
import { isAboutPorts, type Permitting } from "./policy-permissions.ts";
import type { Judged } from "./policy-rules.ts";

/** How many elements have each permission that has a chain, or have it more or fewer. */
export type Uses = Readonly<Record<Judged, Map<Permission, number>>>;

/** There is no such chain. */
export const noUses = (): Uses => ({
  egress: new Map(),
  ingress: new Map(),
  node: new Map(),
  "local-ingress": new Map(),
  "local-egress": new Map(),
  "forward-ingress": new Map(),
  "forward-egress": new Map(),
  "pre-dnat": new Map(),
  "local-admitted": new Map(),
  "forward-admitted": new Map(),
});

/** Elements by set, in the order of sets. */
export type Elements = Map<string, SetElement[]>;

/** What goes, what comes, and what is used more or less. */
export type Difference = {
  readonly added: Elements;
  readonly deleted: Elements;
  readonly uses: Uses;
  /** What stands for a permission, worked out once for all elements that have it. */
  readonly data: Map<Permission, Buffer>;
};

/** Nothing is different. */
export const noDifference = (): Difference => ({
  added: new Map(),
  deleted: new Map(),
  uses: noUses(),
  data: new Map(),
});

/** Notes an element of a set. */
export function put(sets: Elements, name: string, element: SetElement): void {
  const list = sets.get(name);
  if (list === undefined) sets.set(name, [element]);
  else list.push(element);
}

/** Notes what of one element or none becomes one or none. */
export function putChanged(
  { added, deleted }: Difference,
  name: string,
  {
    key,
    before,
    after,
  }: { readonly key: Buffer; readonly before: boolean; readonly after: boolean },
): void {
  if (before && !after) put(deleted, name, { key });
  if (after && !before) put(added, name, { key });
}

/** A map of permissions, whose they are, and the keys of classes in it. */
type Permissions = {
  readonly map: string;
  readonly judged: Judged;
  readonly keyOf: (peers: PeerClass) => Buffer;
};

/** Notes rules that came, went or changed. */
export function changeRules(
  { added, deleted, uses, data }: Difference,
  { map, judged, keyOf }: Permissions,
  rules: SideChange["rules"],
): void {
  const used = (permission: Permission, more: 1 | -1): void => {
    const of = uses[judged];
    if (isAboutPorts(permission)) of.set(permission, (of.get(permission) ?? 0) + more);
  };
  for (const [peers, { before, after }] of rules) {
    const key = keyOf(peers);
    if (before !== null) {
      put(deleted, map, { key });
      used(before, -1);
    }
    if (after !== null) {
      put(added, map, { key, data: dataOf(data, after) });
      used(after, 1);
    }
  }
}

function dataOf(known: Difference["data"], permission: Permission): Buffer {
  const data = known.get(permission) ?? valueData(permissionBytes(permission));
  known.set(permission, data);
  return data;
}

type Counted = { readonly made: readonly Permitting[]; readonly unused: readonly Permitting[] };

/**
 * Which chains of ports come and go; `uses` are then those of after. A chain that no element leads to any more goes with the next change,
 * or when `isLast` says that there may be none: a packet that found its permission just before a change still finds the chain.
 */
export function countUses(
  uses: Uses,
  difference: Uses,
  isLast: (judged: Judged) => boolean,
): Counted {
  const counted = JUDGED.map((judged) =>
    countHere(judged, { of: uses[judged], more: difference[judged], isLast: isLast(judged) }),
  );
  return {
    made: counted.flatMap(({ made }) => made),
    unused: counted.flatMap(({ unused }) => unused),
  };
}

type Here = {
  readonly of: Map<Permission, number>;
  readonly more: ReadonlyMap<Permission, number>;
  readonly isLast: boolean;
};

function countHere(direction: Judged, { of, more, isLast }: Here): Counted {
  const idle = unusedIn(of);
  const made = [...more.keys()].filter((permission) => !of.has(permission));
  for (const [permission, count] of more) of.set(permission, (of.get(permission) ?? 0) + count);
  const unused = isLast ? unusedIn(of) : idle.filter((permission) => of.get(permission) === 0);
  for (const permission of unused) of.delete(permission);
  const here = (list: readonly Permission[]): readonly Permitting[] =>
    list.map((permission) => ({ direction, permission }));
  return { made: here(made), unused: here(unused) };
}

const unusedIn = (uses: ReadonlyMap<Permission, number>): readonly Permission[] =>
  [...uses].filter(([, count]) => count === 0).map(([permission]) => permission);

const JUDGED = [...GATE_SIDES, ...HOST_POINTS, "local-admitted", "forward-admitted"] as const;
