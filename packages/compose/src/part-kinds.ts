/** The kinds of objects that experiments and projects are made of; each object carries a label of its owner. */
import type { KindRef } from "@seam/kube";

const RBAC = "rbac.authorization.k8s.io/v1";

/** What an experiment is made of, with the label of the experiment. */
export const PART_KINDS: readonly KindRef[] = [
  { apiVersion: "apps/v1", kind: "StatefulSet" },
  { apiVersion: "v1", kind: "Service" },
  { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
];

/** What a project is made of beside its namespace, with the label of the project. */
export const TENANCY_KINDS: readonly KindRef[] = [
  { apiVersion: RBAC, kind: "RoleBinding" },
  { apiVersion: RBAC, kind: "ClusterRole" },
  { apiVersion: RBAC, kind: "ClusterRoleBinding" },
  { apiVersion: "v1", kind: "ResourceQuota" },
  { apiVersion: "v1", kind: "LimitRange" },
];
