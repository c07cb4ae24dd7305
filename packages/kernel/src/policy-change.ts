/** What a change of policies makes of the table's elements and of its chains of ports. */
import { HOST_POINTS, type PeerClass, type Permission, type SideChange } from "@seam/state";

import { type SetElement, verdictData, type VerdictSpec } from "./nft-messages.ts";
import { isAboutPorts, permissionChain, type Permitting } from "./policy-permissions.ts";
import { deniedChain, DIRECTIONS, type Judged } from "./policy-rules.ts";

/** How many elements lead, or lead more or fewer, to each permission. */
export type Uses = Readonly<Record<Judged, Map<Permission, number>>>;

/** None does. */
export const noUses = (): Uses => ({
  egress: new Map(),
  ingress: new Map(),
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
};

/** Nothing is different. */
export const noDifference = (): Difference => ({
  added: new Map(),
  deleted: new Map(),
  uses: noUses(),
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

/** A map of verdicts, whose they are, and the keys of classes in it. */
type Verdicts = {
  readonly map: string;
  readonly judged: Judged;
  readonly keyOf: (peers: PeerClass) => Buffer;
};

/** Notes rules that came, went or changed. */
export function changeRules(
  { added, deleted, uses }: Difference,
  { map, judged, keyOf }: Verdicts,
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
      const data = verdictData(verdictOf({ direction: judged, permission: after }));
      put(added, map, { key, data });
      used(after, 1);
    }
  }
}

function verdictOf(permitting: Permitting): VerdictSpec {
  const { direction, permission } = permitting;
  if (permission === "all") return "return";
  return { goto: permission === "none" ? deniedChain(direction) : permissionChain(permitting) };
}

type Counted = { readonly made: readonly Permitting[]; readonly unused: readonly Permitting[] };

/** Which chains of ports come and go; `uses` are then those of after. */
export function countUses(uses: Uses, difference: Uses): Counted {
  const made: Permitting[] = [];
  const unused: Permitting[] = [];
  for (const direction of JUDGED) {
    const of = uses[direction];
    for (const [permission, more] of difference[direction]) {
      const before = of.get(permission) ?? 0;
      const after = before + more;
      if (before === 0 && after > 0) made.push({ direction, permission });
      if (before > 0 && after === 0) unused.push({ direction, permission });
      if (after === 0) of.delete(permission);
      else of.set(permission, after);
    }
  }
  return { made, unused };
}

const JUDGED = [...DIRECTIONS, ...HOST_POINTS, "local-admitted", "forward-admitted"] as const;
