/** Which versions of Kubernetes and of Seam a cluster has. */
import { err, ok } from "@seam/base";
import { isNotFound, type KubeClient } from "@seam/kube";
import { fromKube } from "./error.ts";
import { textOf } from "./fields.ts";
import { AGENTS } from "./node-view.ts";
import type { Reply } from "./list.ts";

/** Versions of a cluster; `seam` is null when Seam is not installed, undefined when that may not be read. */
export type ClusterVersions = {
  readonly kubernetes: string;
  readonly seam: string | null | undefined;
};

/** Asks a cluster for its versions. */
export async function readVersions(kube: KubeClient): Reply<ClusterVersions> {
  const server = await kube.read("/version");
  if (!server.ok) return err(fromKube("ask the API server for its version", server.error));
  const ref = { apiVersion: "apps/v1", kind: "DaemonSet", namespace: AGENTS.namespace };
  const agent = await kube.get({ ...ref, name: "seam-agent" });
  const absent = agent.ok || isNotFound(agent.error) ? null : undefined;
  return ok({
    kubernetes: textOf(server.value, "gitVersion") ?? "unknown",
    seam: agent.ok
      ? (textOf(agent.value, "metadata", "labels", "app.kubernetes.io/version") ?? null)
      : absent,
  });
}
