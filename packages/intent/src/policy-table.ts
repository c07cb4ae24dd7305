/** Policies by the namespace that they are about, in the order in which they count. */
import { type Policy, type Tier, TIERS } from "./policy-model.ts";

/** A policy that is in force. */
export type Ranked = { readonly key: string; readonly policy: Policy; readonly tier: Tier };

/** Policies by key. */
export type PolicyTable = {
  /** Returns the one before. */
  readonly set: (key: string, policy: Policy | null) => Policy | null;
  /** Null: it is gone; one that is always there stays as it is. */
  readonly setTier: (name: string, tier: Tier | null) => void;
  /** Those that may be about pods of a namespace, in their order. */
  readonly of: (namespace: string) => readonly Ranked[];
  /** Those that may be about host endpoints, in their order. */
  readonly ofHosts: () => readonly Ranked[];
  /** Whether any may ask about labels of namespaces. */
  readonly asksNamespaces: () => boolean;
  /** Whether any has conditions on the pod itself beside its subject. */
  readonly asksOwn: () => boolean;
};

/** No policies. */
export function createPolicyTable(): PolicyTable {
  const byPlace = new Map<string, Map<string, Policy>>();
  const places = new Map<string, string>();
  const tiers = new Map<string, Tier>(Object.entries(TIERS));
  const asking = { namespaces: new Set<string>(), own: new Set<string>() };
  const remove = (key: string): Policy | null => {
    const place = places.get(key) ?? WIDE;
    const near = byPlace.get(place);
    const before = near?.get(key) ?? null;
    near?.delete(key);
    if (near?.size === 0) byPlace.delete(place);
    places.delete(key);
    for (const keys of Object.values(asking)) keys.delete(key);
    return before;
  };
  const ranked = (policies: readonly (readonly [string, Policy])[]): readonly Ranked[] =>
    policies
      .flatMap(([key, policy]) => {
        const tier = tiers.get(policy.tier);
        return tier === undefined ? [] : [{ key, policy, tier }];
      })
      .toSorted(inOrder);
  return {
    set: (key, policy) => {
      const before = remove(key);
      if (policy === null) return before;
      const { namespaces, endpoints = null } = policy.subject;
      const place = typeof namespaces === "string" ? namespaces : WIDE;
      places.set(key, place);
      byPlace.set(place, (byPlace.get(place) ?? new Map<string, Policy>()).set(key, policy));
      if (place === WIDE || endpoints !== null) asking.namespaces.add(key);
      const rules = [...(policy.ingress ?? []), ...(policy.egress ?? [])];
      if (rules.some(({ own }) => own !== null)) asking.own.add(key);
      return before;
    },
    setTier: (name, tier) => {
      if (Object.hasOwn(TIERS, name)) return;
      if (tier === null) tiers.delete(name);
      else tiers.set(name, tier);
    },
    of: (namespace) => ranked([...(byPlace.get(namespace) ?? []), ...(byPlace.get(WIDE) ?? [])]),
    ofHosts: () =>
      ranked([...(byPlace.get(WIDE) ?? [])].filter(([, { onHosts }]) => onHosts !== null)),
    asksNamespaces: () => asking.namespaces.size > 0,
    asksOwn: () => asking.own.size > 0,
  };
}

/** No namespace has this name. */
const WIDE = "";

function inOrder(one: Ranked, other: Ranked): number {
  return (
    compare(one.tier.order, other.tier.order) ||
    compare(one.policy.tier, other.policy.tier) ||
    compare(one.policy.order, other.policy.order) ||
    compare(one.key, other.key)
  );
}

const compare = <T extends number | string>(one: T, other: T): number =>
  one < other ? -1 : one > other ? 1 : 0;
