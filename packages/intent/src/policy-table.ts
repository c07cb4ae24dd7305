/** Policies by the namespace that they are about, in the order in which they count. */
import type { Policy } from "./policy-model.ts";

/** Policies by key. */
export type PolicyTable = {
  /** Returns the one before. */
  readonly set: (key: string, policy: Policy | null) => Policy | null;
  /** Those that may be about pods of a namespace, in their order. */
  readonly of: (namespace: string) => readonly (readonly [string, Policy])[];
  /** Whether any is about more than one namespace. */
  readonly hasWide: () => boolean;
};

/** No policies. */
export function createPolicyTable(): PolicyTable {
  const byPlace = new Map<string, Map<string, Policy>>();
  const places = new Map<string, string>();
  const remove = (key: string): Policy | null => {
    const place = places.get(key) ?? WIDE;
    const near = byPlace.get(place);
    const before = near?.get(key) ?? null;
    near?.delete(key);
    if (near?.size === 0) byPlace.delete(place);
    places.delete(key);
    return before;
  };
  return {
    set: (key, policy) => {
      const before = remove(key);
      if (policy === null) return before;
      const { namespaces } = policy.subject;
      const place = typeof namespaces === "string" ? namespaces : WIDE;
      places.set(key, place);
      byPlace.set(place, (byPlace.get(place) ?? new Map<string, Policy>()).set(key, policy));
      return before;
    },
    of: (namespace) =>
      [...(byPlace.get(namespace) ?? []), ...(byPlace.get(WIDE) ?? [])].toSorted(inOrder),
    hasWide: () => byPlace.has(WIDE),
  };
}

/** No namespace has this name. */
const WIDE = "";

function inOrder(
  [key, one]: readonly [string, Policy],
  [other, two]: readonly [string, Policy],
): number {
  const order = one.tier.order - two.tier.order || one.order - two.order;
  return order === 0 ? (key < other ? -1 : 1) : order;
}
