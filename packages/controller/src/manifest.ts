/** From a workload to the objects that run it: a StatefulSet, and a headless Service that gives its pods stable names. */
import { createHash } from "node:crypto";
import type { Experiment } from "@seam/api";
import type { Json, KubeObject } from "@seam/kube";
import { ownerReference, type Identity } from "./identity.ts";
import { APPLIED_ANNOTATION, EXPERIMENT_LABEL, WORKLOAD_LABEL } from "./names.ts";

/** One workload of an experiment. */
export type Workload = Experiment["spec"]["workloads"][number];

const HOSTNAME = "kubernetes.io/hostname";
const GRACE_SECONDS = 5;

/** Labels of everything that belongs to a workload. */
const workloadLabels = (owner: Identity, workload: string): Json => ({
  [EXPERIMENT_LABEL]: owner.name,
  [WORKLOAD_LABEL]: workload,
});

/** The Service and the StatefulSet of a workload, in the order in which they are applied. */
export const manifestsOf = (owner: Identity, workload: Workload): readonly KubeObject[] => [
  signed(serviceOf(owner, workload)),
  signed(statefulSetOf(owner, workload)),
];

/** With a digest of itself. */
export function signed(object: KubeObject): KubeObject {
  const digest = createHash("sha256").update(JSON.stringify(object)).digest("hex").slice(0, 16);
  const annotations = { [APPLIED_ANNOTATION]: digest };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

const metadataOf = (owner: Identity, workload: Workload): KubeObject["metadata"] => ({
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

function statefulSetOf(owner: Identity, workload: Workload): KubeObject {
  const labels = workloadLabels(owner, workload.name);
  const annotations = bandwidthAnnotations(workload);
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadataOf(owner, workload),
    spec: {
      serviceName: workload.name,
      replicas: workload.replicas ?? 1,
      podManagementPolicy: "Parallel",
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, ...(annotations === null ? {} : { annotations }) },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          containers: [containerOf(workload)],
          ...placementOf(workload, labels),
        },
      },
    },
  };
}

function containerOf(workload: Workload): Json {
  const { cpu, memory } = workload.resources ?? {};
  const amounts = {
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
  };
  const ports = containerPorts(workload);
  return {
    name: workload.name,
    image: workload.image,
    ...(workload.command === undefined ? {} : { command: workload.command }),
    ...(ports.length === 0 ? {} : { ports }),
    ...(Object.keys(amounts).length === 0
      ? {}
      : { resources: { requests: amounts, limits: amounts } }),
  };
}

/** Without names: those of container ports may have 15 characters only. */
function containerPorts(workload: Workload): readonly Json[] {
  const seen = new Map(
    (workload.ports ?? []).map(({ port, protocol = "TCP" }) => [
      `${port}/${protocol}`,
      { containerPort: port, protocol },
    ]),
  );
  return [...seen.values()];
}

function placementOf(workload: Workload, labels: Json): Json {
  const placement = workload.placement ?? "spread";
  const labelSelector = { matchLabels: labels };
  if (placement === "spread") {
    const whenUnsatisfiable = "ScheduleAnyway";
    return {
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: HOSTNAME, whenUnsatisfiable, labelSelector },
      ],
    };
  }
  if (placement !== "pack") return { nodeSelector: { [HOSTNAME]: placement.node } };
  const preferredDuringSchedulingIgnoredDuringExecution = [
    { weight: 100, podAffinityTerm: { topologyKey: HOSTNAME, labelSelector } },
  ];
  return { affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution } } };
}

function bandwidthAnnotations(workload: Workload): Json | null {
  const { egressMbps, ingressMbps } = workload.bandwidth ?? {};
  const annotations = {
    ...(egressMbps === undefined ? {} : { "kubernetes.io/egress-bandwidth": `${egressMbps}M` }),
    ...(ingressMbps === undefined ? {} : { "kubernetes.io/ingress-bandwidth": `${ingressMbps}M` }),
  };
  return Object.keys(annotations).length === 0 ? null : annotations;
}
