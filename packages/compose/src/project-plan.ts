/** From a project and what exists of it to what must be applied, and the project's status; pure. */
import { formatFieldError } from "@seam/api";
import { millis } from "@seam/base";
import type { Json, KubeObject } from "@seam/kube";
import { type AdmissionState, bandwidthRules, isBandwidthLimited } from "./project-bandwidth.ts";
import { newsIn, settle, type Finding } from "./condition.ts";
import type { Problem, Verdict } from "./experiment-status.ts";
import { ownerReference } from "./identity.ts";
import { ADOPT_ANNOTATION, BANDWIDTH_LABEL, PROJECT_LABEL } from "./names.ts";
import type { ObservedNamespace, ObservedProject } from "./observed.ts";

const RESERVED = new Set([
  "default",
  "kube-node-lease",
  "kube-public",
  "kube-system",
  "seam-system",
]);

/** What the state of the namespace allows. */
type Standing =
  | { readonly kind: "create" | "repair" | "held" }
  | { readonly kind: "blocked"; readonly reason: string; readonly message: string };

/** The namespace to apply, or null when nothing must or may be done. */
export function planNamespace(
  project: ObservedProject,
  namespace: ObservedNamespace | null,
): KubeObject | null {
  const { kind } = standingOf(project, namespace);
  if (project.identity.isDeleted || kind === "blocked" || kind === "held") return null;
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: project.identity.name,
      labels: {
        [PROJECT_LABEL]: project.identity.name,
        ...(isBandwidthLimited(project) ? { [BANDWIDTH_LABEL]: "limited" } : {}),
      },
      ownerReferences: [ownerReference(project.identity)],
    },
  };
}

/** What is known of a project after a pass. */
export type ProjectScene = {
  readonly namespace: ObservedNamespace | null;
  /** What kept the namespace from being applied. */
  readonly problems: readonly Problem[];
  /** What was found about members, quota and limits. */
  readonly tenancy: readonly Finding[];
  /** What is used of the quota. */
  readonly usage: readonly Json[];
  /** Experiments that keep the project from being deleted. */
  readonly experiments: number;
  /** Who holds pods to rules about bandwidth. */
  readonly admission: AdmissionState;
  readonly now: number;
};

/** What to say about the project. */
export function judgeProject(project: ObservedProject, scene: ProjectScene): Verdict {
  const ready = namespaceReady(project, scene);
  const later = project.spec.ok ? bandwidthRules(project.spec.value, scene.admission) : [];
  const essential = [ready, ...scene.tenancy];
  const findings = [...essential, ...later];
  const at = { generation: project.identity.generation, now: scene.now };
  const quota = scene.usage.length === 0 ? {} : { quota: scene.usage };
  const experiments = scene.experiments === 0 ? {} : { experiments: scene.experiments };
  const conditions = settle(findings, project.conditions, at);
  return {
    status: { phase: phaseOf(essential), conditions, ...experiments, ...quota },
    news: newsIn(findings, project.conditions),
    wake: essential.some(({ reason }) => MAY_PASS.has(reason)) ? millis(30_000) : null,
  };
}

/** What can be said of a project before anything is made of it: why it gets no namespace, or what this version does not do. */
export function concernsAboutProject(
  project: ObservedProject,
  namespace: ObservedNamespace | null,
  admission: AdmissionState,
): readonly Finding[] {
  const ready = namespaceReady(project, { namespace, problems: [] });
  const later = project.spec.ok ? bandwidthRules(project.spec.value, admission) : [];
  const isBad = ready.status === "False" && ready.reason !== "Creating";
  return isBad ? [ready, ...later] : later;
}

/** Reasons that may go away without a change of the project. */
const MAY_PASS: ReadonlySet<string> = new Set(["NameTaken", "Refused"]);

/** Whether the project's namespace is there and its own, so that something can be made in it. */
export const hasNamespace = (
  project: ObservedProject,
  namespace: ObservedNamespace | null,
): boolean => standingOf(project, namespace).kind === "held";

function standingOf(project: ObservedProject, namespace: ObservedNamespace | null): Standing {
  const { name } = project.identity;
  const blocked = (reason: string, message: string): Standing => ({
    kind: "blocked",
    reason,
    message,
  });
  if (!project.spec.ok)
    return blocked("Invalid", project.spec.error.map(formatFieldError).join("; "));
  if (RESERVED.has(name))
    return blocked(
      "NameReserved",
      `metadata.name: the namespace ${name} belongs to the cluster; create the project under another name, for example lab-a`,
    );
  if (namespace === null) return { kind: "create" };
  if (namespace.isTerminating || isLeftOver(namespace, project))
    return blocked(
      "NamespaceTerminating",
      `an older namespace ${name} is still being removed; wait, or see kubectl describe namespace ${name} for what holds it`,
    );
  if (namespace.project !== name && !namespace.isAdoptable)
    return blocked(
      "NamespaceExists",
      `a namespace ${name} exists that Seam did not make; use another name, or give it to this project, which then owns and finally deletes it: kubectl annotate namespace ${name} ${ADOPT_ANNOTATION}=true`,
    );
  return { kind: isAsPlanned(project, namespace) ? "held" : "repair" };
}

/** Whether a namespace has the owner and the labels that `planNamespace` gives it. */
const isAsPlanned = (project: ObservedProject, namespace: ObservedNamespace): boolean =>
  namespace.project === project.identity.name &&
  namespace.ownerUid === project.identity.uid &&
  namespace.isBandwidthLimited === isBandwidthLimited(project);

/** Owned by a project of this name that was deleted: the garbage collector is about to remove it, with all inside. */
const isLeftOver = (namespace: ObservedNamespace, { identity }: ObservedProject): boolean =>
  namespace.project === identity.name &&
  namespace.ownerUid !== null &&
  namespace.ownerUid !== identity.uid;

function namespaceReady(
  project: ObservedProject,
  scene: Pick<ProjectScene, "namespace" | "problems">,
): Finding {
  const not = (reason: string, message: string): Finding => ({
    type: "NamespaceReady",
    status: "False",
    reason,
    message,
  });
  const standing = standingOf(project, scene.namespace);
  const { name } = project.identity;
  const [problem] = scene.problems;
  if (standing.kind === "blocked") return not(standing.reason, standing.message);
  if (problem !== undefined) return not(problem.reason, problem.message);
  return standing.kind === "held"
    ? {
        type: "NamespaceReady",
        status: "True",
        reason: "Owned",
        message: `the namespace ${name} exists`,
      }
    : not("Creating", `the namespace ${name} is being made`);
}

function phaseOf(findings: readonly Finding[]): "Ready" | "Pending" | "Failed" {
  const open = findings.filter(({ status }) => status === "False");
  if (open.length === 0) return "Ready";
  const passes = ({ reason }: Finding): boolean =>
    ["Creating", "NamespaceTerminating", "OlderInTheWay"].includes(reason);
  return open.every(passes) ? "Pending" : "Failed";
}
