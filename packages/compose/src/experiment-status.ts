/** From an experiment and what exists of it to its status: a phase, the pods with their addresses, and why it is so. */
import { millis, type Millis } from "@seam/base";
import type { Json } from "@seam/kube";
import { bandwidthReserved, isWaitingForPlaces } from "./bandwidth-reserved.ts";
import { newsIn, settle, type Finding } from "./condition.ts";
import {
  blockersOf,
  hasChildren,
  lacksPods,
  lifetimeOf,
  objectionTo,
  progressOf,
  type Progress,
  type Scene,
} from "./experiment-plan.ts";
import type { Lifetime } from "./lifetime.ts";
import {
  enforcementIn,
  type EnforcementVerdict,
  isWorthTelling,
  judgeEnforcement,
} from "./policies-enforced.ts";

/** Something that kept an object from being applied. */
export type Problem = {
  /** `OlderInTheWay` goes away by itself. */
  readonly reason: "NameTaken" | "Refused" | "OlderInTheWay";
  readonly message: string;
};

/** The status to write, what is new in it, and when to look again even if nothing changes. */
export type Verdict = {
  readonly status: Json;
  readonly news: readonly Finding[];
  readonly wake: Millis | null;
};

const LOOK_AGAIN = millis(30_000);
/** That the API server refuses a pod is no change that is watched. */
const LACKING_AGAIN = millis(5000);
/** Reasons that may go away without a change of the experiment. */
const BLOCKED: ReadonlySet<string> = new Set([
  "NameTaken",
  "Refused",
  "VirtualMachinesUnavailable",
]);
/** What a reason of `WorkloadsReady` means for the whole; the others depend on what exists. */
const PHASES: { readonly [reason: string]: string } = {
  NotAccepted: "Failed",
  NameTaken: "Failed",
  Refused: "Failed",
  VirtualMachinesUnavailable: "Failed",
  Expired: "Expired",
  Suspended: "Suspended",
  PodsLost: "Degraded",
};

/** What to say about the experiment. */
export function judgeExperiment(scene: Scene, problems: readonly Problem[]): Verdict {
  const { experiment, now } = scene;
  const before = experiment.conditions;
  const { generation } = experiment.identity;
  const enforcement = enforcementVerdict(scene, problems);
  const findings = beforeLast(
    findingsAbout(scene, problems),
    enforcement?.kind === "finding" ? enforcement.finding : undefined,
  );
  const conditions = beforeLast(
    settle(findings, before, { generation, now }),
    enforcement?.kind === "as before" ? enforcementIn(before) : undefined,
  );
  return {
    status: {
      phase: phaseOf(scene, findings),
      workloads: progressOf(scene).map(workloadStatus),
      conditions,
    },
    news: newsIn(findings, before).filter(
      (item) => isWorthTelling(item, before) && !isWaitingForPlaces(item),
    ),
    wake: wakeOf(scene, findings, enforcement),
  };
}

const enforcementVerdict = (
  { experiment, enforcement, now }: Scene,
  problems: readonly Problem[],
): EnforcementVerdict | null =>
  enforcement === null
    ? null
    : judgeEnforcement(enforcement, problems, {
        before: enforcementIn(experiment.conditions),
        generation: experiment.identity.generation,
        now,
      });

/** The last of all is what people wait for. */
const beforeLast = <T>(items: readonly T[], item: T | undefined): readonly T[] =>
  item === undefined ? items : [...items.slice(0, -1), item, ...items.slice(-1)];

/** What can be said of a specification before anything is made of it: why it is not accepted, or what this version does not do. */
export function concernsAbout({ experiment }: Pick<Scene, "experiment">): readonly Finding[] {
  const objection = objectionTo(experiment);
  if (objection !== null || !experiment.spec.ok) return objection === null ? [] : [objection];
  const machines = experiment.spec.value.workloads.filter(({ kind }) => kind === "VirtualMachine");
  if (machines.length === 0) return [];
  const reason = "VirtualMachinesUnavailable";
  return [finding("WorkloadsReady", "False", { reason, message: noMachines(machines) })];
}

const workloadStatus = ({ workload, ready, desired, pods }: Progress): Json => ({
  name: workload.name,
  ready,
  desired,
  pods: pods.map(({ name, node, addresses }) => ({
    name,
    ...(node === null ? {} : { node }),
    addresses,
  })),
});

function findingsAbout(scene: Scene, problems: readonly Problem[]): readonly Finding[] {
  const { spec } = scene.experiment;
  const objection = objectionTo(scene.experiment);
  if (objection !== null || !spec.ok) {
    const message = `not accepted: ${objection?.message ?? ""}`;
    const waits = finding("WorkloadsReady", "False", { reason: "NotAccepted", message });
    return objection === null ? [waits] : [objection, waits];
  }
  const accepted = { reason: "Valid", message: "the experiment can be worked on" };
  return [
    finding("Accepted", "True", accepted),
    ...bandwidthReserved(progressOf(scene), scene.reservations),
    ...lifetimeEnding(lifetimeOf(scene)),
    // Last, because it is what people wait for.
    workloadsReady(scene, problems),
  ];
}

const finding = (
  type: string,
  status: "True" | "False",
  said: Pick<Finding, "reason" | "message">,
): Finding => ({ type, status, ...said });

function workloadsReady(scene: Scene, problems: readonly Problem[]): Finding {
  const lifetime = lifetimeOf(scene);
  const progress = progressOf(scene);
  const not = (reason: string, message: string): Finding =>
    finding("WorkloadsReady", "False", { reason, message });
  if (lifetime.kind === "over")
    return not("Expired", "the lifetime is over; raise spec.lifetime to start the workloads again");
  if (isSuspended(scene)) return suspended(progress, not);
  const problem = problems.find((item) => item.reason !== "OlderInTheWay") ?? problems[0];
  if (problem !== undefined)
    return not(problem.reason, problems.map((item) => item.message).join("; "));
  const machines = progress.filter((item) => item.workload.kind === "VirtualMachine");
  if (machines.length > 0) return not("VirtualMachinesUnavailable", adviceOn(scene, machines));
  if (progress.every((item) => item.isReady)) {
    const pods = progress.reduce((sum, item) => sum + item.desired, 0);
    return finding("WorkloadsReady", "True", {
      reason: "AllReady",
      message: `all ${pods} pods are Ready`,
    });
  }
  return not(waitingReason(scene), waitingMessage(scene, progress));
}

const isSuspended = ({ experiment: { spec } }: Scene): boolean =>
  spec.ok && spec.value.suspend === true;

function suspended(
  progress: readonly Progress[],
  not: (reason: string, message: string) => Finding,
): Finding {
  const left = progress.reduce((sum, { pods }) => sum + pods.length, 0);
  return left === 0
    ? not("Suspended", "no pod runs; set spec.suspend to false to start them again")
    : not("Suspending", `${left} pods are still to end`);
}

function waitingReason(scene: Scene): string {
  if (wasReady(scene)) return "PodsLost";
  return scene.refusals.size > 0 ? "PodsRefused" : "WaitingForPods";
}

function adviceOn(scene: Scene, machines: readonly Progress[]): string {
  const names = machines.map((item) => item.workload.name).join(", ");
  return scene.virtualMachines === "absent"
    ? `${names}: this cluster serves no kubevirt.io/v1; install KubeVirt, or set kind: Container for these workloads`
    : noMachines(machines.map(({ workload }) => workload));
}

const noMachines = (workloads: readonly Progress["workload"][]): string =>
  `${workloads.map(({ name }) => name).join(", ")}: this version of Seam does not run virtual machines yet; set kind: Container for these workloads`;

function waitingMessage(scene: Scene, progress: readonly Progress[]): string {
  const parts = progress
    .filter((item) => !item.isReady)
    .map((item) => {
      const { name } = item.workload;
      if (!item.isStarted)
        return `${name} waits for ${blockersOf(item.workload, progress).join(", ") || "its creation"}`;
      const troubled = item.pods.flatMap((pod) =>
        pod.problem === null ? [] : [`${pod.name}: ${pod.problem}`],
      );
      const why = troubled.length === 0 ? "" : ` (${troubled.slice(0, 5).join(", ")})`;
      const refusal = scene.refusals.get(name);
      const refused = refusal === undefined ? "" : ` (the API server refuses more: ${refusal})`;
      return `${name}: ${item.ready} of ${item.desired} pods Ready${why}${refused}`;
    });
  const stuck = progress.flatMap((item) => item.pods).find((pod) => pod.problem !== null);
  const { namespace } = scene.experiment.identity;
  const next =
    stuck === undefined
      ? []
      : [`for the cause, kubectl -n ${namespace} describe pod ${stuck.name}`];
  return [...parts, ...next].join("; ");
}

function lifetimeEnding(lifetime: Lifetime): readonly Finding[] {
  if (lifetime.kind === "endless") return [];
  const at = new Date(lifetime.endsAt).toISOString();
  switch (lifetime.kind) {
    case "running":
      return [
        finding("LifetimeEnding", "False", {
          reason: "Running",
          message: `the lifetime ends at ${at}`,
        }),
      ];
    case "ending":
      return [
        finding("LifetimeEnding", "True", {
          reason: "EndsSoon",
          message: `the workloads are removed at ${at}; raise spec.lifetime to keep them`,
        }),
      ];
    case "over":
      return [
        finding("LifetimeEnding", "True", {
          reason: "Expired",
          message: `the lifetime ended at ${at} and the workloads are removed; raise spec.lifetime to start them again, or delete the experiment`,
        }),
      ];
  }
}

function phaseOf(scene: Scene, findings: readonly Finding[]): string {
  const ready = findings.find((item) => item.type === "WorkloadsReady");
  if (ready?.status === "True") return "Ready";
  const said = PHASES[ready?.reason ?? ""];
  return said ?? (hasChildren(scene) ? "Progressing" : "Pending");
}

/** Whether this specification was Ready once and has not been changed since. */
const wasReady = ({ experiment }: Scene): boolean =>
  experiment.conditions.some(
    (condition) =>
      condition.type === "WorkloadsReady" &&
      condition.observedGeneration === experiment.identity.generation &&
      (condition.status === "True" || condition.reason === "PodsLost"),
  );

function wakeOf(
  scene: Scene,
  findings: readonly Finding[],
  enforcement: EnforcementVerdict | null,
): Millis | null {
  const lifetime = lifetimeOf(scene);
  const blocked = findings.some((item) => BLOCKED.has(item.reason));
  const waits = [
    ...("next" in lifetime ? [lifetime.next] : []),
    ...(blocked ? [LOOK_AGAIN] : []),
    ...(progressOf(scene).some(lacksPods) ? [LACKING_AGAIN] : []),
    ...(enforcement?.kind === "as before" ? enforcement.lookAgain : []),
  ];
  return waits.length === 0 ? null : millis(Math.min(...waits));
}
