/** From an experiment and what exists of it to what must be applied and removed; pure and without memory. */
import { formatFieldError } from "@seam/api";
import type { PodReservation } from "./bandwidth-reserved.ts";
import type { KubeObject } from "@seam/kube";
import { changesTo, type Changes } from "./children.ts";
import type { Finding } from "./condition.ts";
import { findCycle } from "./dependency.ts";
import { lifetimeAt, type Lifetime } from "./lifetime.ts";
import { manifestsOf } from "./manifest.ts";
import { networkPoliciesOf } from "./network-policies.ts";
import type { Enforcement } from "./policies-enforced.ts";
import type { Workload } from "./pod-template.ts";
import type { ObservedChild, ObservedExperiment, ObservedPod } from "./observed.ts";

/** Everything that decides about one experiment. */
export type Scene = {
  readonly experiment: ObservedExperiment;
  readonly children: readonly ObservedChild[];
  readonly pods: readonly ObservedPod[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** `absent`: the cluster does not serve kubevirt.io/v1. */
  readonly virtualMachines: "absent" | "unsupported";
  /** Why the API server refuses a workload's pods, by workload. */
  readonly refusals: ReadonlyMap<string, string>;
  /** How far the nodes are with the policies; null when the experiment has none. */
  readonly enforcement: Enforcement | null;
  /** The pods whose rates are reserved on their nodes, by name. */
  readonly reservations: ReadonlyMap<string, PodReservation>;
};

/** What decides about the objects of an experiment. */
export type PlanScene = Pick<Scene, "experiment" | "children" | "pods" | "now">;

/** What an experiment will be made of. */
export type Preview = {
  /** All of it, in the order in which it is applied. */
  readonly wanted: readonly KubeObject[];
  readonly changes: Changes;
  /** The workloads that each one still waits for, of those that have not started. */
  readonly waits: ReadonlyMap<string, readonly string[]>;
};

/** How far one workload is. */
export type Progress = {
  readonly workload: Workload;
  readonly set: ObservedChild | undefined;
  /** Whether its pods are being made, or were. */
  readonly isStarted: boolean;
  readonly pods: readonly ObservedPod[];
  readonly ready: number;
  readonly desired: number;
  readonly isReady: boolean;
};

const LONGEST_LABEL = 63;
/** A StatefulSet's name and the hash of its revision together make a label of its pods. */
const LONGEST_SET = 52;
const NOTHING: Changes = { apply: [], create: [], remove: [], drifted: [] };

/** What must be applied and removed now. */
export function planChildren(scene: PlanScene): Changes {
  if (!isWorkable(scene)) return NOTHING;
  const progress = progressOf(scene);
  return changesTo(
    ownChildren(scene),
    childrenWith(scene, (item) => replicasOf(item, progress)),
  );
}

/** What is wanted of an experiment in the end, when nothing waits for anything any more. */
export function previewChildren(scene: PlanScene): Preview {
  if (!isWorkable(scene)) return { wanted: [], changes: NOTHING, waits: new Map() };
  const progress = progressOf(scene);
  const wanted = childrenWith(scene, ({ workload, desired }) =>
    workload.kind === "VirtualMachine" ? null : desired,
  );
  const waits = progress
    .filter(({ isStarted, desired }) => !isStarted && desired > 0)
    .map(({ workload }) => [workload.name, blockersOf(workload, progress)] as const);
  return { wanted, changes: changesTo(ownChildren(scene), wanted), waits: new Map(waits) };
}

const isWorkable = ({ experiment }: PlanScene): boolean =>
  !experiment.identity.isDeleted && experiment.spec.ok && objectionTo(experiment) === null;

/** The objects that are wanted, with so many pods of each workload; null leaves a workload out. */
function childrenWith(
  scene: PlanScene,
  replicasFor: (item: Progress) => number | null,
): readonly KubeObject[] {
  const { identity, spec } = scene.experiment;
  if (!spec.ok || isOver(scene)) return [];
  return [
    // Before the pods, so that none is ever without them.
    ...networkPoliciesOf(identity, spec.value),
    ...progressOf(scene).flatMap((item) => {
      const replicas = replicasFor(item);
      return replicas === null ? [] : manifestsOf(identity, item.workload, replicas);
    }),
  ];
}

/** Pods that a workload should have now, null before it is created; one that was started stays, also when what it waited for has degraded. */
function replicasOf(
  { workload, set, isStarted, desired }: Progress,
  all: readonly Progress[],
): number | null {
  if (workload.kind === "VirtualMachine") return null;
  if (isStarted || desired === 0 || blockersOf(workload, all).length === 0) return desired;
  return set === undefined ? null : 0;
}

/** Whether a workload has fewer pods than it should. */
export const lacksPods = ({ isStarted, pods, desired }: Progress): boolean =>
  isStarted && pods.length < desired;

/** The names of workloads that `workload` still waits for. */
export const blockersOf = (workload: Workload, all: readonly Progress[]): readonly string[] =>
  (workload.after ?? []).filter(
    (name) => !all.some((item) => item.workload.name === name && item.isReady),
  );

/** How far each workload is, in the order of the specification. */
export function progressOf(
  scene: Pick<Scene, "experiment" | "children" | "pods">,
): readonly Progress[] {
  const { spec } = scene.experiment;
  if (!spec.ok) return [];
  const sets = ownChildren(scene).filter((item) => item.kind === "StatefulSet");
  return spec.value.workloads.map((workload) => {
    const set = sets.find((item) => item.name === workload.name);
    const pods = scene.pods
      .filter((pod) => pod.ownerUid === set?.uid && !pod.isTerminating)
      .toSorted((left, right) => ordinal(left.name) - ordinal(right.name));
    const desired = spec.value.suspend === true ? 0 : (workload.replicas ?? 1);
    const ready = pods.filter((pod) => pod.isReady).length;
    const isStarted = set !== undefined && (desired === 0 || set.replicas > 0);
    const isReady =
      set !== undefined && set.isRolledOut && ready === desired && pods.length === desired;
    return { workload, set, isStarted, pods, ready, desired, isReady };
  });
}

/** Where the experiment is in its lifetime. */
export function lifetimeOf({ experiment, now }: Pick<Scene, "experiment" | "now">): Lifetime {
  const { spec, identity } = experiment;
  return lifetimeAt(spec.ok ? spec.value.lifetime : undefined, {
    createdAt: identity.createdAt,
    now,
  });
}

/** Whether the lifetime is over, so that nothing shall be left of the experiment. */
export const isOver = (scene: Pick<Scene, "experiment" | "now">): boolean =>
  lifetimeOf(scene).kind === "over";

/** Whether the experiment keeps its project from being deleted: its lifetime is not over. */
export const isLive = (experiment: ObservedExperiment, now: number): boolean =>
  !experiment.identity.isDeleted && !isOver({ experiment, now });

/** Why the experiment cannot be worked on as it is written; null when it can. */
export function objectionTo({ identity, spec }: ObservedExperiment): Finding | null {
  const refusal = (reason: string, message: string): Finding => ({
    type: "Accepted",
    status: "False",
    reason,
    message,
  });
  if (!spec.ok) return refusal("Invalid", spec.error.map(formatFieldError).join("; "));
  if (identity.name.length > LONGEST_LABEL)
    return refusal(
      "NameTooLong",
      `metadata.name: expected at most ${LONGEST_LABEL} characters, as it is a label of every pod, for example two-tier; create the experiment under a shorter name`,
    );
  const long = spec.value.workloads.find((workload) => workload.name.length > LONGEST_SET);
  if (long !== undefined)
    return refusal(
      "NameTooLong",
      `spec.workloads "${long.name}": expected a name of at most ${LONGEST_SET} characters, as Kubernetes adds a hash to it, for example server; rename the workload`,
    );
  const cycle = findCycle(spec.value.workloads);
  return cycle === null
    ? null
    : refusal(
        "DependencyCycle",
        `spec.workloads[].after: ${cycle.join(" waits for ")}, so none can ever start; remove one of these from after`,
      );
}

/** Whether anything of the experiment exists. */
export const hasChildren = (scene: Scene): boolean => ownChildren(scene).length > 0;

/** An experiment of the same name may have left objects that are not collected yet; those are not ours. */
export const ownChildren = ({
  children,
  experiment,
}: Pick<Scene, "children" | "experiment">): readonly ObservedChild[] =>
  children.filter((item) => item.ownerUid === experiment.identity.uid);

const ordinal = (name: string): number => Number(name.slice(name.lastIndexOf("-") + 1));
