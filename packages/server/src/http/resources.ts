/** The kinds of objects that the API serves, and where they are. */
import type { KindRef, ObjectRef } from "@seam/kube";
import type { ObjectName } from "@seam/store";

/** One kind of the API. */
export type Resource = {
  /** In paths: `/api/v1/projects/PROJECT/policies`. */
  readonly path: string;
  readonly kind: string;
  readonly apiVersion: string;
  /** Of the cluster, a project itself, or in a project. */
  readonly scope: "cluster" | "project" | "in-project";
  /** Whether it is changed here; what is not is changed by the cluster's own programs. */
  readonly isWritable: boolean;
  /** In sentences. */
  readonly word: string;
};

const SEAM = "seam.ucsd.edu/v1alpha1";

/** Projects: tenants, each a namespace. */
export const PROJECTS: Resource = {
  path: "projects",
  kind: "Project",
  apiVersion: SEAM,
  scope: "project",
  isWritable: true,
  word: "project",
};

/** Sets of workloads and everything around them. */
export const EXPERIMENTS: Resource = {
  ...PROJECTS,
  path: "experiments",
  kind: "Experiment",
  scope: "in-project",
  word: "experiment",
};

/** What lives in a project. */
export const IN_PROJECT: readonly Resource[] = [
  EXPERIMENTS,
  {
    path: "policies",
    kind: "NetworkPolicy",
    apiVersion: "networking.k8s.io/v1",
    scope: "in-project",
    isWritable: true,
    word: "policy",
  },
  {
    path: "services",
    kind: "Service",
    apiVersion: "v1",
    scope: "in-project",
    isWritable: true,
    word: "service",
  },
  {
    path: "pods",
    kind: "Pod",
    apiVersion: "v1",
    scope: "in-project",
    isWritable: false,
    word: "pod",
  },
];

/** What belongs to the whole cluster. */
export const IN_CLUSTER: readonly Resource[] = [
  {
    path: "nodes",
    kind: "Node",
    apiVersion: "v1",
    scope: "cluster",
    isWritable: false,
    word: "node",
  },
  {
    path: "bandwidths",
    kind: "Bandwidth",
    apiVersion: "networking.vaclab.org/v1",
    scope: "cluster",
    isWritable: false,
    word: "bandwidth of a node",
  },
];

/** Which object a path names. */
export type Place = { readonly project?: string; readonly name: string };

/** The object in the cluster. */
export const refAt = (resource: Resource, place: Place): ObjectRef => ({
  ...kindAt(resource, place.project),
  name: place.name,
});

/** All objects of a kind, in a project where the kind is in projects. */
export const kindAt = (
  { apiVersion, kind, scope }: Resource,
  project: string | undefined,
): KindRef => ({
  apiVersion,
  kind,
  ...(scope === "in-project" && project !== undefined ? { namespace: project } : {}),
});

/** The object in the store's history. */
export const historyOf = ({ kind, scope }: Resource, { project, name }: Place): ObjectName => ({
  project: scope === "project" ? name : (project ?? ""),
  kind,
  namespace: scope === "in-project" ? (project ?? "") : "",
  name,
});
