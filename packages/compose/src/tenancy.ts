/**
 * What a project's members may do and what they may use, as objects: RoleBindings to the cluster's own roles view, edit and
 * admin, a role that lets members read their project, a ResourceQuota and a LimitRange (S3, S4). Pure.
 */
import { GROUP, type Project, SYSTEM_NAMESPACE } from "@seam/api";
import { isJson, type Json, type KubeObject, textAt } from "@seam/kube";
import { changesTo, type Changes } from "./children.ts";
import type { Finding } from "./condition.ts";
import type { Problem } from "./experiment-status.ts";
import { ownerReference, type Identity } from "./identity.ts";
import { signed } from "./manifest.ts";
import { PROJECT_LABEL } from "./names.ts";
import type { ObservedProject, ObservedTenancy } from "./observed.ts";

type Spec = Project["spec"];
type Member = NonNullable<Spec["members"]>[number];

/** One side of a tenancy: the condition that tells of it, and what it is made of. */
export type Facet = {
  readonly type: "MembersBound" | "QuotaEnforced" | "LimitsEnforced";
  /** Whether the specification asks for it. */
  readonly isAsked: boolean;
  readonly wanted: readonly KubeObject[];
  readonly kinds: readonly string[];
  /** What is so when the objects exist. */
  readonly done: Pick<Finding, "reason" | "message">;
};

const RBAC = "rbac.authorization.k8s.io";
const ROLES = { viewer: "view", editor: "edit", admin: "admin" } as const;
/** The chart's Role for reading what nodes report of policies. */
const REPORT_READERS = "seam-policy-reports";
/** Name of the ResourceQuota and of the LimitRange. */
const NAME = "seam";

/** The sides of a project's tenancy. */
export const facetsOf = (owner: Identity, spec: Spec): readonly Facet[] => [
  membersFacet(owner, spec.members ?? []),
  quotaFacet(owner, spec),
  limitsFacet(owner, spec),
];

/** What must be done for a side. */
export const planFacet = (
  { wanted, kinds }: Facet,
  owner: Identity,
  existing: readonly ObservedTenancy[],
): Changes =>
  changesTo(
    existing.filter(({ kind, ownerUid }) => kinds.includes(kind) && ownerUid === owner.uid),
    wanted,
  );

/** What to say about a side; nothing when nobody asked for it. */
export function judgeFacet(
  { type, isAsked, done }: Facet,
  problems: readonly Problem[],
): readonly Finding[] {
  const [problem] = problems;
  if (problem !== undefined) {
    const message = problems.map((each) => each.message).join("; ");
    return [{ type, status: "False", reason: problem.reason, message }];
  }
  return isAsked ? [{ type, status: "True", ...done }] : [];
}

function membersFacet(owner: Identity, members: readonly Member[]): Facet {
  const roles = (["viewer", "editor", "admin"] as const).map((role) => ({
    role,
    subjects: members.filter((member) => member.role === role).map(subjectOf),
  }));
  const held = roles.filter(({ subjects }) => subjects.length > 0);
  const bindings = held.map(({ role, subjects }) =>
    signed({
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { namespace: owner.name, name: `seam-${role}s`, ...marksOf(owner) },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: ROLES[role] },
      subjects,
    }),
  );
  const counts = held.map(({ role, subjects }) => `${subjects.length} ${role}`).join(", ");
  return {
    type: "MembersBound",
    isAsked: members.length > 0,
    wanted: [...bindings, ...projectReaders(owner, members)],
    kinds: ["RoleBinding", "ClusterRole", "ClusterRoleBinding"],
    done: { reason: "Bound", message: `members by role: ${counts}` },
  };
}

/**
 * A project is not in its namespace, so its members need a role of the cluster that names it; and what nodes report of policies
 * is in Seam's.
 */
function projectReaders(owner: Identity, members: readonly Member[]): readonly KubeObject[] {
  if (members.length === 0) return [];
  const name = `seam-project-${owner.name}`;
  const metadata = { name, ...marksOf(owner) };
  // No more than the controller holds itself: the API server lets nobody give more.
  const resourceNames = [owner.name];
  const rules = [
    { apiGroups: [GROUP], resources: ["projects"], resourceNames, verbs: ["get", "watch"] },
  ];
  // A user who is a member in two roles is one subject.
  const subjects = [...new Map(members.map((each) => [nameOf(each), subjectOf(each)])).values()];
  const roleRef = { apiGroup: RBAC, kind: "ClusterRole", name };
  return [
    signed({ apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata, rules }),
    signed({ apiVersion: `${RBAC}/v1`, kind: "ClusterRoleBinding", metadata, roleRef, subjects }),
    signed({
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { ...metadata, namespace: SYSTEM_NAMESPACE },
      roleRef: { apiGroup: RBAC, kind: "Role", name: REPORT_READERS },
      subjects,
    }),
  ];
}

const nameOf = ({ user, group }: Member): string => `${user ?? ""}/${group ?? ""}`;

const subjectOf = ({ user, group }: Member): Json => ({
  apiGroup: RBAC,
  ...(user === undefined ? { kind: "Group", name: group ?? "" } : { kind: "User", name: user }),
});

const marksOf = (owner: Identity): Json => ({
  labels: { [PROJECT_LABEL]: owner.name },
  ownerReferences: [ownerReference(owner)],
});

function quotaFacet(owner: Identity, { quota, limits }: Spec): Facet {
  const hard = quota === undefined ? {} : hardOf(quota);
  const names = Object.keys(hard);
  const undefaulted = (["cpu", "memory"] as const).filter(
    (resource) => quota?.[resource] !== undefined && limits?.default?.[resource] === undefined,
  );
  const advice = undefaulted.map(
    (resource) =>
      `a pod that asks for no ${resource} is refused, unless spec.limits.default.${resource} is set`,
  );
  return {
    type: "QuotaEnforced",
    isAsked: names.length > 0,
    wanted: names.length === 0 ? [] : [namespaced(owner, "ResourceQuota", { hard })],
    kinds: ["ResourceQuota"],
    done: {
      reason: "Enforced",
      message: [`limited: ${names.join(", ")}`, ...advice].join("; "),
    },
  };
}

/**
 * A quota in Kubernetes' words: devices by extended resource have a domain in their name, those of a device class have none
 * and are counted by claims (KEP-4381). A device in both is two devices to Kubernetes.
 */
function hardOf(quota: NonNullable<Spec["quota"]>): Json {
  const { cpu, memory, pods, gpu = {} } = quota;
  const devices = Object.entries(gpu).map(([name, count]) => [
    name.includes("/") ? `requests.${name}` : `${name}.deviceclass.resource.k8s.io/devices`,
    String(count),
  ]);
  return {
    ...(cpu === undefined ? {} : { "requests.cpu": cpu }),
    ...(memory === undefined ? {} : { "requests.memory": memory }),
    ...(pods === undefined ? {} : { pods: String(pods) }),
    ...Object.fromEntries(devices),
  };
}

function limitsFacet(owner: Identity, { limits }: Spec): Facet {
  const parts = [
    ["default", resourcesOf(limits?.default)],
    ["max", resourcesOf(limits?.max)],
  ] as const;
  const said = parts.filter(([, resources]) => Object.keys(resources).length > 0);
  const item = { type: "Container", ...Object.fromEntries(said) };
  const isAsked = said.length > 0;
  return {
    type: "LimitsEnforced",
    isAsked,
    wanted: isAsked ? [namespaced(owner, "LimitRange", { limits: [item] })] : [],
    kinds: ["LimitRange"],
    done: { reason: "Enforced", message: "containers get the defaults and not more than the most" },
  };
}

/** What a LimitRange can hold; rates are a pod's, and admission's matter. */
const resourcesOf = ({ cpu, memory }: { cpu?: string; memory?: string } = {}): Json => ({
  ...(cpu === undefined ? {} : { cpu }),
  ...(memory === undefined ? {} : { memory }),
});

const namespaced = (owner: Identity, kind: string, spec: Json): KubeObject =>
  signed({
    apiVersion: "v1",
    kind,
    metadata: { namespace: owner.name, name: NAME, ...marksOf(owner) },
    spec,
  });

/** What of the quota is used, as the API server counts it. */
export function usageOf(
  { identity }: ObservedProject,
  existing: readonly ObservedTenancy[],
): readonly Json[] {
  const quota = existing.find(
    ({ kind, ownerUid }) => kind === "ResourceQuota" && ownerUid === identity.uid,
  );
  const { hard, used } = quota?.status ?? {};
  if (!isJson(hard) || !isJson(used)) return [];
  return Object.keys(hard).map((resource) => ({
    resource,
    used: textAt(used, resource) ?? "0",
    limit: textAt(hard, resource) ?? "0",
  }));
}
