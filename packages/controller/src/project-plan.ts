/** From a project and the namespace of its name to the namespace that must be applied, and the project's status; pure. */
import { formatFieldError, type Project } from "@seam/api";
import { millis, type Millis } from "@seam/base";
import type { KubeObject } from "@seam/kube";
import { newsIn, settle, type Finding } from "./condition.ts";
import type { Problem, Verdict } from "./experiment-status.ts";
import { ownerReference } from "./identity.ts";
import { ADOPT_ANNOTATION, PROJECT_LABEL } from "./names.ts";
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
      labels: { [PROJECT_LABEL]: project.identity.name },
      ownerReferences: [ownerReference(project.identity)],
    },
  };
}

/** What to say about the project. */
export function judgeProject(
  project: ObservedProject,
  scene: {
    readonly namespace: ObservedNamespace | null;
    readonly problems: readonly Problem[];
    readonly now: number;
  },
): Verdict {
  const ready = namespaceReady(project, scene);
  const findings = [ready, ...(project.spec.ok ? unsupported(project.spec.value) : [])];
  const at = { generation: project.identity.generation, now: scene.now };
  return {
    status: { phase: phaseOf(ready), conditions: settle(findings, project.conditions, at) },
    news: newsIn(findings, project.conditions),
    wake: wakeOf(ready),
  };
}

function standingOf(project: ObservedProject, namespace: ObservedNamespace | null): Standing {
  const { name, uid } = project.identity;
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
  return { kind: namespace.project === name && namespace.ownerUid === uid ? "held" : "repair" };
}

/** Owned by a project of this name that was deleted: the garbage collector is about to remove it, with all inside. */
const isLeftOver = (namespace: ObservedNamespace, { identity }: ObservedProject): boolean =>
  namespace.project === identity.name &&
  namespace.ownerUid !== null &&
  namespace.ownerUid !== identity.uid;

function namespaceReady(
  project: ObservedProject,
  scene: { readonly namespace: ObservedNamespace | null; readonly problems: readonly Problem[] },
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

/** What the specification asks for and this version does not do is said, never passed over. */
function unsupported(spec: Project["spec"]): readonly Finding[] {
  const asked = [
    { type: "MembersBound", field: "members", isAsked: (spec.members ?? []).length > 0 },
    { type: "QuotaEnforced", field: "quota", isAsked: spec.quota !== undefined },
    { type: "LimitsEnforced", field: "limits", isAsked: spec.limits !== undefined },
  ];
  return asked
    .filter(({ isAsked }) => isAsked)
    .map(({ type, field }) => ({
      type,
      status: "False",
      reason: "NotSupportedYet",
      message: `this version of Seam does not act on spec.${field}; until it does, remove it or make the objects by hand in the namespace`,
    }));
}

function phaseOf(ready: Finding): "Ready" | "Pending" | "Failed" {
  if (ready.status === "True") return "Ready";
  return ["Creating", "NamespaceTerminating"].includes(ready.reason) ? "Pending" : "Failed";
}

const wakeOf = (ready: Finding): Millis | null =>
  ready.reason === "Refused" ? millis(30_000) : null;
