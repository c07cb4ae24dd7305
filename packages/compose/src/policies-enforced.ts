/** Whether an experiment's policies are in force where its pods run, as the nodes' agents report it (S5); pure. */
import { NETWORK_POLICY, type VersionsByKind } from "@seam/api";
import { type Millis, millis } from "@seam/base";
import { latestVersion } from "@seam/kube";
import { changesTo } from "./children.ts";
import type { Condition, Finding } from "./condition.ts";
import { isOver, objectionTo, ownChildren, type PlanScene, progressOf } from "./experiment-plan.ts";
import { networkPoliciesOf } from "./network-policies.ts";
import { latestByKind, type NodeProgress } from "./policy-report.ts";

/** What must be in force, and on which nodes. */
export type PolicyDemand = {
  /** Whether the policies exist as they should. */
  readonly isWritten: boolean;
  readonly versions: VersionsByKind;
  /** Those on which pods of the experiment run. */
  readonly nodes: readonly string[];
};

/** A node that does not have all yet. */
type Laggard = {
  readonly node: string;
  readonly progress: Exclude<NodeProgress, "current">;
};

/** A demand beside what is reported. */
export type Enforcement = PolicyDemand & {
  readonly behind: readonly Laggard[];
  /** Since when some node is known to be behind, in milliseconds since the epoch; null when none is. */
  readonly since: number | null;
};

/** What is to be said: a finding, or for now what was said before. */
export type EnforcementVerdict =
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "as before"; readonly lookAgain: readonly Millis[] };

const TYPE = "PoliciesEnforced";
/** So long a node may take, in milliseconds, before it is worth a word; usual are some tens of them. */
const PATIENCE = 2000;
const NAMED = 3;

/** What an experiment's policies ask of the nodes; `removed` is the version of the last one's deletion. Null without policies. */
export function policyDemandOf(scene: PlanScene, removed: string | null): PolicyDemand | null {
  const { experiment } = scene;
  const { identity, spec } = experiment;
  if (!spec.ok || objectionTo(experiment) !== null || isOver(scene)) return null;
  const wanted = networkPoliciesOf(identity, spec.value);
  if (wanted.length === 0) return null;
  const own = ownChildren(scene).filter(({ kind }) => kind === "NetworkPolicy");
  const { apply, remove } = changesTo(own, wanted);
  const versions = latestByKind(own);
  const latest = latestVersion([versions.get(NETWORK_POLICY) ?? "", removed ?? ""]);
  const pods = progressOf(scene).flatMap((item) => item.pods);
  return {
    isWritten: apply.length === 0 && remove.length === 0,
    versions: latest === null ? versions : new Map([...versions, [NETWORK_POLICY, latest]]),
    nodes: [...new Set(pods.flatMap(({ node }) => node ?? []))].toSorted(),
  };
}

/** What to say of it; `problems` kept something from being written. */
export function judgeEnforcement(
  { behind, nodes, isWritten, since }: Enforcement,
  problems: readonly { readonly message: string }[],
  about: {
    readonly before: Condition | undefined;
    readonly generation: number;
    readonly now: number;
  },
): EnforcementVerdict {
  if (!isWritten) {
    if (problems.length === 0) return { kind: "as before", lookAgain: [] };
    const message = `not all policies could be written: ${problems.map((each) => each.message).join("; ")}`;
    return said("False", "NotWritten", message);
  }
  if (nodes.length === 0)
    return said(
      "True",
      "NoPodsRun",
      "no pod runs, so there is nothing to wait for; a new pod's link stays closed until its node has the policies",
    );
  if (behind.length === 0)
    return said(
      "True",
      "Enforced",
      `in force on ${count(nodes.length)} with pods of this experiment`,
    );
  const left = PATIENCE - (about.now - (since ?? about.now));
  // Nobody is told for long that all is in force when it is not, and nobody of what takes a moment.
  if (!isClaimed(about) && left > 0) return { kind: "as before", lookAgain: [millis(left)] };
  return said("False", "NodesBehind", behindMessage(behind));
}

const isClaimed = ({
  before,
  generation,
}: {
  readonly before: Condition | undefined;
  readonly generation: number;
}): boolean => before?.status === "True" && before.observedGeneration === generation;

/** The condition about policies. */
export const enforcementIn = <T extends { readonly type: string }>(
  conditions: readonly T[],
): T | undefined => conditions.find(({ type }) => type === TYPE);

/** Whether a finding is worth an Event: of policies only that nodes are behind, and that they are no longer. */
export const isWorthTelling = ({ type, reason }: Finding, before: readonly Condition[]): boolean =>
  type !== TYPE ||
  reason === "NodesBehind" ||
  (reason === "Enforced" && enforcementIn(before)?.reason === "NodesBehind");

const said = (status: Finding["status"], reason: string, message: string): EnforcementVerdict => ({
  kind: "finding",
  finding: { type: TYPE, status, reason, message },
});

function behindMessage(behind: readonly Laggard[]): string {
  const silent = behind.filter(({ progress }) => progress === "silent");
  const late = behind.filter(({ progress }) => progress === "behind");
  const [first] = behind;
  return [
    ...(late.length === 0 ? [] : [`not in force yet on ${namesOf(late)}`]),
    ...(silent.length === 0 ? [] : [`no agent of Seam has reported from ${namesOf(silent)}`]),
    `see whether the agents run there: kubectl -n seam-system get pods -o wide; then: seam node ${first?.node ?? "NODE"}`,
  ].join("; ");
}

function namesOf(laggards: readonly Laggard[]): string {
  const names = laggards.slice(0, NAMED).map(({ node }) => node);
  const more = laggards.length - names.length;
  return more === 0 ? names.join(", ") : `${names.join(", ")} and ${more} more`;
}

const count = (nodes: number): string => (nodes === 1 ? "1 node" : `${nodes} nodes`);
