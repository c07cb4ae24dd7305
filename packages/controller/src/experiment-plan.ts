/** From an experiment and what exists of it to what must be applied and removed; pure and without memory. */
import { formatFieldError, type Experiment } from "@seam/api";
import { changesTo, type Changes } from "./children.ts";
import type { Finding } from "./condition.ts";
import { findCycle } from "./dependency.ts";
import { lifetimeAt, type Lifetime } from "./lifetime.ts";
import { manifestsOf, type Workload } from "./manifest.ts";
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
};

/** How far one workload is. */
export type Progress = {
  readonly workload: Workload;
  readonly set: ObservedChild | undefined;
  readonly isCreated: boolean;
  readonly pods: readonly ObservedPod[];
  readonly ready: number;
  readonly desired: number;
  readonly isReady: boolean;
};

const LONGEST_LABEL = 63;
/** A StatefulSet's name and the hash of its revision together make a label of its pods. */
const LONGEST_SET = 52;
const NOTHING: Changes = { apply: [], create: [], remove: [] };

/** What must be applied and removed now. */
export function planChildren(scene: Scene): Changes {
  const { identity, spec } = scene.experiment;
  if (identity.isDeleted || !spec.ok || objectionTo(scene.experiment) !== null) return NOTHING;
  const wanted = wantedWorkloads(scene, spec.value).flatMap((workload) =>
    manifestsOf(identity, workload),
  );
  return changesTo(ownChildren(scene), wanted);
}

/** Workloads whose objects should exist; one that exists stays, also when what it waited for has degraded. */
function wantedWorkloads(scene: Scene, spec: Experiment["spec"]): readonly Workload[] {
  if (lifetimeOf(scene).kind === "over") return [];
  const progress = progressOf(scene);
  return spec.workloads.filter((workload) => {
    if (workload.kind === "VirtualMachine") return false;
    const created = progress.some((item) => item.workload === workload && item.isCreated);
    return created || blockersOf(workload, progress).length === 0;
  });
}

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
    const desired = workload.replicas ?? 1;
    const ready = pods.filter((pod) => pod.isReady).length;
    const isCreated = set !== undefined;
    const isReady = isCreated && set.isRolledOut && ready === desired && pods.length === desired;
    return { workload, set, isCreated, pods, ready, desired, isReady };
  });
}

/** Where the experiment is in its lifetime. */
export function lifetimeOf({ experiment, now }: Scene): Lifetime {
  const { spec, identity } = experiment;
  return lifetimeAt(spec.ok ? spec.value.lifetime : undefined, {
    createdAt: identity.createdAt,
    now,
  });
}

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
const ownChildren = ({
  children,
  experiment,
}: Pick<Scene, "children" | "experiment">): readonly ObservedChild[] =>
  children.filter((item) => item.ownerUid === experiment.identity.uid);

const ordinal = (name: string): number => Number(name.slice(name.lastIndexOf("-") + 1));
