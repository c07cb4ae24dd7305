/** The policies that decide a side of an attempt, by their names. */
import type { CalicoPolicy } from "./calico-policy.ts";
import type { ClusterPolicy } from "./cluster-policy.ts";
import type { NetworkPolicy } from "./policy.ts";
import type { Standing } from "./tiers.ts";
import type { ActionRef, Side } from "./verdict.ts";

/** Which policy; `namespace` is null for one of the whole cluster. */
type PolicyName = {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
};

/** The policies that allow or deny; none where none is about it. */
export function decidersOf(side: Side): readonly PolicyName[] {
  switch (side.kind) {
    case "free":
    case "open":
    case "unprofiled":
      return [];
    case "allowed":
      return [networkName(side.by.policy)];
    case "denied":
      return side.by.map(networkName);
    case "accepted":
    case "rejected":
      return [actionName(side.by.policy)];
    case "dropped":
      return side.by.map(standingName);
  }
}

const networkName = ({ namespace, name }: NetworkPolicy): PolicyName => ({
  group: "networking.k8s.io",
  kind: "NetworkPolicy",
  namespace,
  name,
});

const clusterName = ({ name }: ClusterPolicy): PolicyName => ({
  group: "policy.networking.k8s.io",
  kind: "ClusterNetworkPolicy",
  namespace: null,
  name,
});

const calicoName = ({ kind, namespace, name }: CalicoPolicy): PolicyName => ({
  group: "projectcalico.org",
  kind,
  namespace,
  name,
});

const actionName = (policy: ActionRef["policy"]): PolicyName =>
  "kind" in policy ? calicoName(policy) : clusterName(policy);

function standingName(standing: Standing): PolicyName {
  switch (standing.kind) {
    case "network":
      return networkName(standing.policy);
    case "cluster":
      return clusterName(standing.policy);
    case "calico":
      return calicoName(standing.policy);
  }
}
