/** Policies that are for the whole cluster, as far as they may be read. */
import { err, ok } from "@seam/base";
import { CLUSTER_POLICIES } from "@seam/intent";
import { type ClusterPolicy, readClusterPolicy } from "@seam/reach";

import { nameOf } from "./error.ts";
import { type KubeReader, listObjects, type Reply } from "./list.ts";

/** What there is, and what is not known about it. */
export type ClusterPolicies = {
  readonly policies: readonly ClusterPolicy[];
  readonly notes: readonly string[];
};

const { group, kind: KIND, versions } = CLUSTER_POLICIES;
const UNREAD =
  "you may not list ClusterNetworkPolicies, so those are left out of the answer; ask for the verb list on clusternetworkpolicies.policy.networking.k8s.io";

/** ClusterNetworkPolicies in the version that the cluster serves; none when it serves the kind in no version. */
export async function readClusterPolicies(kube: KubeReader): Reply<ClusterPolicies> {
  for (const version of versions) {
    const listed = await listObjects(kube, {
      apiVersion: `${group}/${version}`,
      kind: KIND,
    });
    if (!listed.ok && listed.error.code === "Denied") return ok({ policies: [], notes: [UNREAD] });
    if (!listed.ok && listed.error.code === "NotInstalled") continue;
    return listed.ok ? readAll(listed.value) : listed;
  }
  return ok({ policies: [], notes: [] });
}

function readAll(
  objects: readonly Parameters<typeof readClusterPolicy>[0][],
): Awaited<Reply<ClusterPolicies>> {
  const policies: ClusterPolicy[] = [];
  for (const object of objects) {
    const read = readClusterPolicy(object);
    if (!read.ok)
      return err({
        code: "Failed",
        message: `cannot judge by ${nameOf({ kind: KIND, name: object.metadata.name })}`,
        hint: "Nodes keep closed what they cannot read of it. Correct the policy, or use a newer Seam.",
        details: read.error,
      });
    policies.push(read.value);
  }
  return ok({ policies, notes: [] });
}
