/** Waits until the nodes' agents have reported that policies are in force (decision 18). */
import {
  AGENT_NAME,
  policyReportName,
  REPORT_KIND,
  SYSTEM_NAMESPACE,
  type VersionsByKind,
} from "@seam/api";
import { millis, type Millis, ok } from "@seam/base";
import { latestByKind, nodeProgress, observePolicyReport, type PolicyReport } from "@seam/compose";
import { type KubeClient, type KubeError, type Reflector, startReflector } from "@seam/kube";
import { fromKube, type SeamError } from "./error.ts";
import { listObjects, type Reply } from "./list.ts";
import { isHopeless } from "./wait.ts";

/** A policy as it was written; `version` is its resourceVersion. */
export type PolicyVersion = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly version: string;
};

/** Which policies, and how long to wait. */
export type EnforcementQuestion = {
  /** Default: all NetworkPolicies of the namespace, as they are now. */
  readonly policies?: readonly PolicyVersion[];
  /** Default: that of the connection. */
  readonly namespace?: string;
  readonly timeout: Millis;
};

/**
 * All nodes that report have the policies, or some had them not when the time was over; it is `unknown` when nobody reports, or
 * when reports may not be read. `took` is the time that was waited.
 */
export type EnforcementAnswer =
  | { readonly kind: "enforced"; readonly nodes: readonly string[]; readonly took: Millis }
  | { readonly kind: "behind"; readonly nodes: readonly string[]; readonly late: readonly string[] }
  | { readonly kind: "unknown"; readonly why: SeamError };

/** Waits; an error says that the policies could not be listed. */
export async function policiesEnforced(
  { kube, namespace }: { readonly kube: KubeClient; readonly namespace: string },
  question: EnforcementQuestion,
): Reply<EnforcementAnswer> {
  const policies =
    question.policies === undefined
      ? await policiesIn(kube, question.namespace ?? namespace)
      : ok(question.policies);
  return policies.ok
    ? ok(await awaitReports(kube, latestByKind(policies.value), question.timeout))
    : policies;
}

/** What a node's agent reported last; null when it has not, or when that may not be read. */
export async function policyReportOf(
  kube: Pick<KubeClient, "list">,
  node: string,
): Promise<PolicyReport | null> {
  const ref = { ...REPORT_KIND, namespace: SYSTEM_NAMESPACE };
  const fieldSelector = `metadata.name=${policyReportName(node)}`;
  const found = await kube.list(ref, { fieldSelector });
  const [lease] = found.ok ? found.value.items : [];
  return lease === undefined ? null : observePolicyReport(lease);
}

async function policiesIn(kube: KubeClient, namespace: string): Reply<readonly PolicyVersion[]> {
  const ref = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace };
  const found = await listObjects(kube, ref);
  return found.ok
    ? ok(found.value.map(({ metadata }) => ({ ...ref, version: metadata.resourceVersion ?? "" })))
    : found;
}

async function awaitReports(
  kube: KubeClient,
  wanted: VersionsByKind,
  timeout: Millis,
): Promise<EnforcementAnswer> {
  const started = performance.now();
  const answered = Promise.withResolvers<EnforcementAnswer>();
  let isComplete = false;
  let trouble: KubeError | null = null;
  const look = (): void => {
    if (!isComplete) return;
    const { nodes, late } = compare(reports, wanted);
    const took = millis(performance.now() - started);
    if (nodes.length === 0) answered.resolve({ kind: "unknown", why: NOBODY });
    else if (late.length === 0) answered.resolve({ kind: "enforced", nodes, took });
  };
  await using reports = startReflector<PolicyReport>({
    client: kube,
    ref: { ...REPORT_KIND, namespace: SYSTEM_NAMESPACE },
    selector: { labelSelector: `app.kubernetes.io/name=${AGENT_NAME}` },
    longestWait: millis(1000),
    project: observePolicyReport,
    onChange: look,
    onError: (error) => {
      trouble = error;
      if (isHopeless(error)) answered.resolve({ kind: "unknown", why: unreadable(error) });
    },
  });
  void reports.synced.then(() => {
    isComplete = true;
    return look();
  });
  const timer = setTimeout(() => {
    const why = trouble === null ? NOBODY : unreadable(trouble);
    answered.resolve(
      isComplete ? { kind: "behind", ...compare(reports, wanted) } : { kind: "unknown", why },
    );
  }, timeout);
  try {
    return await answered.promise;
  } finally {
    clearTimeout(timer);
  }
}

/** All nodes that report, and those of them that do not have everything. */
function compare(
  reports: Pick<Reflector<PolicyReport>, "entries">,
  wanted: VersionsByKind,
): { readonly nodes: readonly string[]; readonly late: readonly string[] } {
  const all = reports.entries().map(([, report]) => report);
  const late = all.filter(({ enforced }) => nodeProgress(enforced, wanted) !== "current");
  const namesOf = (some: readonly PolicyReport[]): readonly string[] =>
    some.map(({ node }) => node).toSorted();
  return { nodes: namesOf(all), late: namesOf(late) };
}

const unreadable = (error: KubeError): SeamError =>
  fromKube(`read which policies are in force (leases in ${SYSTEM_NAMESPACE})`, error);

const NOBODY: SeamError = {
  code: "NotFound",
  message: "no agent of Seam reports which policies are in force",
  hint: "See whether agents run, and of which version: seam get pods -n seam-system, seam version",
  details: [],
};
