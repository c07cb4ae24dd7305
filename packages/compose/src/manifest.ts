/** From a workload to the objects that run it: a StatefulSet, and a headless Service that gives its pods stable names. */
import { createHash } from "node:crypto";
import type { Json, KubeObject } from "@seam/kube";
import { ownerReference, type Identity } from "./identity.ts";
import { APPLIED_ANNOTATION, EXPERIMENT_LABEL, WORKLOAD_LABEL } from "./names.ts";
import { podTemplate, type Workload } from "./pod-template.ts";

/** Labels of everything that belongs to a workload. */
export const workloadLabels = (owner: Identity, workload: string): Json => ({
  [EXPERIMENT_LABEL]: owner.name,
  [WORKLOAD_LABEL]: workload,
});

/** The Service and the StatefulSet of a workload with `replicas` pods, in the order in which they are applied. */
export const manifestsOf = (
  owner: Identity,
  workload: Workload,
  replicas: number,
): readonly KubeObject[] => [
  signed(serviceOf(owner, workload)),
  signed(statefulSetOf(owner, workload, replicas)),
];

/** With a digest of itself. */
export function signed(object: KubeObject): KubeObject {
  const digest = createHash("sha256").update(JSON.stringify(object)).digest("hex").slice(0, 16);
  const annotations = { [APPLIED_ANNOTATION]: digest };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** Metadata of what a workload is made of, which is called as the workload. */
export const metadataOf = (
  owner: Identity,
  workload: Pick<Workload, "name">,
): KubeObject["metadata"] => ({
  name: workload.name,
  ...(owner.namespace === null ? {} : { namespace: owner.namespace }),
  labels: workloadLabels(owner, workload.name),
  ownerReferences: [ownerReference(owner)],
});

function serviceOf(owner: Identity, workload: Workload): KubeObject {
  const ports = (workload.ports ?? []).map(({ name, port, protocol }) => ({
    name,
    port,
    protocol: protocol ?? "TCP",
    targetPort: port,
  }));
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(owner, workload),
    spec: {
      clusterIP: "None",
      ipFamilyPolicy: "PreferDualStack",
      // A pod's name resolves before the pod is Ready, so that workloads can find each other while they start.
      publishNotReadyAddresses: true,
      selector: workloadLabels(owner, workload.name),
      ...(ports.length === 0 ? {} : { ports }),
    },
  };
}

function statefulSetOf(owner: Identity, workload: Workload, replicas: number): KubeObject {
  const labels = workloadLabels(owner, workload.name);
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadataOf(owner, workload),
    spec: {
      serviceName: workload.name,
      replicas,
      podManagementPolicy: "Parallel",
      selector: { matchLabels: labels },
      template: podTemplate(workload, labels),
    },
  };
}
