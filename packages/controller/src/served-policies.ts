/** Policies of kinds that the cluster may have or not: ClusterNetworkPolicies, and those of Calico with the tiers that they name. */
import {
  type NamedEndpoint,
  namedEndpoint,
  observeCalicoPolicy,
  observeClusterPolicy,
  type ObservedClusterPolicy,
} from "@seam/compose";
import { CALICO_GROUP, CALICO_KINDS, CLUSTER_POLICIES } from "@seam/intent";
import { followServedKind, type ServedKind, type ServedKindOptions } from "@seam/kube";

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

const KINDS: readonly Kind[] = [
  { ...CLUSTER_POLICIES, name: CLUSTER_POLICIES.kind, project: observeClusterPolicy },
  ...CALICO_KINDS.map(({ kind, plural }) => ({
    kind,
    plural,
    group: CALICO_GROUP,
    versions: ["v3"],
    name: `${kind}.${CALICO_GROUP}`,
    project: (object: Parameters<Kind["project"]>[0]) => observeCalicoPolicy(kind, object),
  })),
];

/** How keys of Tiers begin. */
const TIERS = `Tier.${CALICO_GROUP}/`;

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
        const isNews = known.has(key) !== (value !== null);
        if (value === null) known.delete(key);
        else known.set(key, value);
        options.onWork(key);
        for (const other of moveEndpoint(endpoints, key, value)) options.onWork(other);
        if (isNews && key === `${TIERS}${of}`)
          for (const [other, { tier }] of known) if (tier === of) options.onWork(other);
      },
      onError: options.onError,
    }),
  );
  return {
    all,
    get: (key) => known.get(key),
    surroundings: () => ({
      hasTier: (name) => known.has(`${TIERS}${name}`),
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
