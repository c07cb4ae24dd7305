/** What the controller keeps of the objects that it watches: the fields that planning reads, nothing else. */
import type { Experiment, FieldError, NetworkConfig, Project } from "@seam/api";
import { parseExperiment, parseNetworkConfig, parseProject } from "@seam/api";
import type { Result } from "@seam/base";
import {
  calicoFaults,
  type CalicoKind,
  type HostEndpoint,
  readClusterPolicy,
  readHostEndpoint,
} from "@seam/intent";
import { child, children, textAt, type Json, type KubeObject } from "@seam/kube";
import { contentOf, type Existing } from "./children.ts";
import { conditionsIn, type Condition } from "./condition.ts";
import { createdAtOf, identityOf, type Identity } from "./identity.ts";
import {
  ADOPT_ANNOTATION,
  BANDWIDTH_LABEL,
  EXPERIMENT_LABEL,
  PROJECT_LABEL,
  WORKLOAD_LABEL,
} from "./names.ts";

/** An object of one of Seam's kinds: who it is, what it asks for, and what its status says. */
export type Observed<S> = {
  readonly identity: Identity;
  readonly spec: Result<S, readonly FieldError[]>;
  readonly status: Json;
  readonly conditions: readonly Condition[];
};
/** An experiment as read. */
export type ObservedExperiment = Observed<Experiment["spec"]>;
/** A project as read. */
export type ObservedProject = Observed<Project["spec"]>;
/** The cluster's network settings as read. */
export type ObservedNetworkConfig = Observed<NetworkConfig["spec"]>;

/** A ClusterNetworkPolicy, or an object of Calico's kinds, of which only what is not understood matters here, by field. */
export type ObservedClusterPolicy = Omit<Observed<never>, "spec"> & {
  /** What becomes of a field that is not understood: it closes, is left out, or nothing of the object is in force. */
  readonly leaves: "closed" | "out" | "nothing";
  readonly faults: readonly string[];
  /** Name of the tier that it needs to be in force; null: none. */
  readonly tier: string | null;
  /** What nodes read of a host endpoint. */
  readonly endpoint: HostEndpoint | null;
};

/** A StatefulSet, Service or NetworkPolicy that carries the label of an experiment. */
export type ObservedChild = Existing & {
  readonly uid: string;
  /** Its resourceVersion. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly experiment: string;
  readonly ownerUid: string | null;
  /** Pods that a StatefulSet shall have; 0 of others. */
  readonly replicas: number;
  /** Whether the StatefulSet controller has seen the current specification and replaced all older pods. */
  readonly isRolledOut: boolean;
};

/** A binding, quota or limit that carries the label of a project. */
export type ObservedTenancy = Existing & {
  readonly project: string;
  readonly ownerUid: string | null;
  readonly status: Json;
};

/** A pod that carries the label of an experiment. */
export type ObservedPod = {
  readonly namespace: string;
  readonly name: string;
  readonly experiment: string;
  readonly workload: string;
  readonly ownerUid: string | null;
  readonly node: string | null;
  readonly addresses: readonly string[];
  readonly isReady: boolean;
  readonly isTerminating: boolean;
  /** Why it is not Ready, in one word, when Kubernetes says so. */
  readonly problem: string | null;
};

/** A namespace. */
export type ObservedNamespace = {
  readonly name: string;
  readonly project: string | null;
  readonly ownerUid: string | null;
  /** Whether admission is asked about all of its pods. */
  readonly isBandwidthLimited: boolean;
  readonly isAdoptable: boolean;
  readonly isTerminating: boolean;
};

/** Reads an Experiment; a specification that was read before is not read again, as the status, which the controller writes, is no new generation. */
export function observeExperiment(
  object: KubeObject,
  before?: ObservedExperiment,
): ObservedExperiment {
  const frame = frameOf(object);
  return { ...frame, spec: isSameSpec(frame.identity, before) ? before.spec : specOf(object) };
}

const isSameSpec = (
  { uid, generation }: Identity,
  before: ObservedExperiment | undefined,
): before is ObservedExperiment =>
  before !== undefined &&
  before.identity.uid === uid &&
  before.identity.generation === generation &&
  generation > 0;

function specOf(object: KubeObject): ObservedExperiment["spec"] {
  const { status: _, ...input } = object;
  const parsed = parseExperiment(input);
  return parsed.ok ? { ok: true, value: parsed.value.spec } : parsed;
}

/** Reads a Project. */
export function observeProject(object: KubeObject): ObservedProject {
  const { status: _, ...input } = object;
  const parsed = parseProject(input);
  return {
    ...frameOf(object),
    spec: parsed.ok ? { ok: true, value: parsed.value.spec } : parsed,
  };
}

/** Reads a NetworkConfig. */
export function observeNetworkConfig(object: KubeObject): ObservedNetworkConfig {
  const { status: _, ...input } = object;
  const parsed = parseNetworkConfig(input);
  return {
    ...frameOf(object),
    spec: parsed.ok ? { ok: true, value: parsed.value.spec } : parsed,
  };
}

/** Reads a ClusterNetworkPolicy as nodes do. */
export const observeClusterPolicy = (object: KubeObject): ObservedClusterPolicy => ({
  ...frameOf(object),
  leaves: "closed",
  faults: readClusterPolicy(object).faults,
  tier: null,
  endpoint: null,
});

/** Reads an object of one of Calico's kinds as nodes do. */
export const observeCalicoPolicy = (
  kind: CalicoKind,
  object: KubeObject,
): ObservedClusterPolicy => ({
  ...frameOf(object),
  ...calicoFaults(kind, object),
  tier: kind.endsWith("NetworkPolicy") ? textAt(child(object, "spec"), "tier") : null,
  endpoint: kind === "HostEndpoint" ? readHostEndpoint(object).endpoint : null,
});

const frameOf = (object: KubeObject): Omit<Observed<never>, "spec"> => {
  const status = child(object, "status");
  return { identity: identityOf(object), status, conditions: conditionsIn(status) };
};

/** Reads a StatefulSet, a Service or a NetworkPolicy. */
export function observeChild(object: KubeObject): ObservedChild {
  const { metadata } = object;
  const status = child(object, "status");
  const { replicas } = child(object, "spec");
  return {
    ...existing(object),
    replicas: typeof replicas === "number" ? replicas : 0,
    uid: textAt(metadata, "uid") ?? "",
    version: metadata.resourceVersion ?? "",
    createdAt: createdAtOf(object),
    experiment: labelOf(object, EXPERIMENT_LABEL) ?? "",
    ownerUid: controllerOf(object),
    isRolledOut:
      status["observedGeneration"] === metadata["generation"] &&
      (status["updatedReplicas"] ?? 0) === replicas,
  };
}

/** Reads what a project's tenancy is made of. */
export const observeTenancy = (object: KubeObject): ObservedTenancy => ({
  ...existing(object),
  project: labelOf(object, PROJECT_LABEL) ?? "",
  ownerUid: controllerOf(object),
  status: child(object, "status"),
});

const existing = (object: KubeObject): Existing => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  namespace: object.metadata.namespace ?? "",
  name: object.metadata.name,
  content: contentOf(object),
});

/** Reads a pod. */
export function observePod(object: KubeObject): ObservedPod {
  const status = child(object, "status");
  return {
    namespace: object.metadata.namespace ?? "",
    name: object.metadata.name,
    experiment: labelOf(object, EXPERIMENT_LABEL) ?? "",
    workload: labelOf(object, WORKLOAD_LABEL) ?? "",
    ownerUid: controllerOf(object),
    node: textAt(child(object, "spec"), "nodeName"),
    addresses: children(status, "podIPs").flatMap((item) => textAt(item, "ip") ?? []),
    isReady: hasCondition(status, "Ready", "True"),
    isTerminating: textAt(object.metadata, "deletionTimestamp") !== null,
    problem: problemOf(status),
  };
}

/** Reads a namespace. */
export const observeNamespace = (object: KubeObject): ObservedNamespace => ({
  name: object.metadata.name,
  project: labelOf(object, PROJECT_LABEL),
  ownerUid: controllerOf(object),
  isBandwidthLimited: labelOf(object, BANDWIDTH_LABEL) === "limited",
  isAdoptable: textAt(child(object.metadata, "annotations"), ADOPT_ANNOTATION) === "true",
  isTerminating: textAt(object.metadata, "deletionTimestamp") !== null,
});

/** Identifier of the object that controls `object`. */
export function controllerOf(object: KubeObject): string | null {
  const owner = children(object.metadata, "ownerReferences").find(
    (reference) => reference["controller"] === true,
  );
  return owner === undefined ? null : textAt(owner, "uid");
}

/** The value of a label, or null. */
export const labelOf = (object: KubeObject, label: string): string | null =>
  textAt(child(object.metadata, "labels"), label);

const hasCondition = (status: Json, type: string, value: string): boolean =>
  children(status, "conditions").some(
    (condition) => condition["type"] === type && condition["status"] === value,
  );

function problemOf(status: Json): string | null {
  if (hasCondition(status, "PodScheduled", "False")) return "Unschedulable";
  const waiting = children(status, "containerStatuses")
    .map((container) => textAt(child(child(container, "state"), "waiting"), "reason"))
    .find((reason) => reason !== null && reason !== "ContainerCreating");
  return waiting ?? null;
}
