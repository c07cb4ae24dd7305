/** Policies of kinds that the cluster may have or not: ClusterNetworkPolicies, and those of Calico with the tiers that they name. */
import {
  type NamedEndpoint,
  namedEndpoint,
  observeCalicoPolicy,
  observeClusterPolicy,
  type ObservedClusterPolicy,
} from "@seam/compose";
import { CALICO_GROUP, CLUSTER_POLICIES } from "@seam/intent";
import {
  followServedKind,
  type KubeObject,
  type ServedKind,
  type ServedKindOptions,
} from "@seam/kube";

import type { WatchOptions } from "./watches.ts";

/** The local copies. */
export type ServedPolicies = {
  readonly all: readonly ServedKind[];
  /** By the key of its work. */
  readonly get: (key: string) => ObservedClusterPolicy | undefined;
  /** What decides whether one of them is in force, besides itself. */
  readonly surroundings: () => {
    /** Whether there is a Tier of that name. */
    readonly hasTier: (name: string) => boolean;
    /** Of all nodes. */
    readonly endpoints: Iterable<NamedEndpoint>;
  };
};

type Kind = Pick<
  ServedKindOptions<ObservedClusterPolicy>,
  "group" | "kind" | "plural" | "versions" | "project"
> & {
  /** What keys of work call it. */
  readonly name: string;
};

/** Those of Calico's kinds that get a condition: policies, and what names interfaces of nodes for them. */
const CALICO_JUDGED = [
  { kind: "NetworkPolicy", plural: "networkpolicies" },
  { kind: "GlobalNetworkPolicy", plural: "globalnetworkpolicies" },
  { kind: "HostEndpoint", plural: "hostendpoints" },
] as const;

const KINDS: readonly Kind[] = [
  { ...CLUSTER_POLICIES, name: CLUSTER_POLICIES.kind, project: observeClusterPolicy },
  ...CALICO_JUDGED.map(({ kind, plural }) => ({
    kind,
    plural,
    group: CALICO_GROUP,
    versions: ["v3"],
    name: `${kind}.${CALICO_GROUP}`,
    project: (object: Parameters<Kind["project"]>[0]) => observeCalicoPolicy(kind, object),
  })),
];

const TIER = {
  group: CALICO_GROUP,
  kind: "Tier",
  plural: "tiers",
  versions: ["v3"],
  project: ({ metadata }: KubeObject) => metadata.name,
} as const;

/** Starts the copies. */
export function watchServedPolicies(
  options: Pick<WatchOptions, "client" | "onWork" | "onError">,
): ServedPolicies {
  const known = new Map<string, ObservedClusterPolicy>();
  const endpoints = new Map<string, NamedEndpoint>();
  const all = KINDS.map(({ name, ...kind }) =>
    followServedKind<ObservedClusterPolicy>({
      ...kind,
      client: options.client,
      set: (of, value) => {
        const key = `${name}/${of}`;
        if (value === null) known.delete(key);
        else known.set(key, value);
        options.onWork(key);
        for (const other of moveEndpoint(endpoints, key, value)) options.onWork(other);
      },
      onError: options.onError,
    }),
  );
  const tiers = new Set<string>();
  const followedTiers = followServedKind<string>({
    ...TIER,
    client: options.client,
    set: (of, value) => {
      const before = tiers.size;
      if (value === null) tiers.delete(of);
      else tiers.add(of);
      if (tiers.size === before) return;
      for (const [key, { tier }] of known) if (tier === of) options.onWork(key);
    },
    onError: options.onError,
  });
  return {
    all: [...all, followedTiers],
    get: (key) => known.get(key),
    surroundings: () => ({
      hasTier: (name) => tiers.has(name),
      endpoints: endpoints.values(),
    }),
  };
}

/** Takes in what became of a host endpoint; the keys of others that it may count before. */
function moveEndpoint(
  endpoints: Map<string, NamedEndpoint>,
  key: string,
  value: ObservedClusterPolicy | null,
): readonly string[] {
  const before = endpoints.get(key);
  const after = value === null ? null : namedEndpoint(value);
  if (after === null) endpoints.delete(key);
  else endpoints.set(key, after);
  if (JSON.stringify(before ?? null) === JSON.stringify(after)) return [];
  const nodes = new Set([before?.endpoint.node, after?.endpoint.node]);
  return [...endpoints].flatMap(([other, { endpoint }]) =>
    other !== key && nodes.has(endpoint.node) ? [other] : [],
  );
}
