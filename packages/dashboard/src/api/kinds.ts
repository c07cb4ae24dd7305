/** The kinds of objects that a project holds, and the API's operations on each. */
import { notFound } from "@tanstack/react-router";
import type { Changed, Object as SeamObject, Planned } from "../gen/api.ts";
import { call } from "./call.ts";

const SEAM = "seam.ucsd.edu/v1alpha1";

/** Kinds by their place in paths. */
export const KINDS = {
  experiments: {
    kind: "Experiment",
    apiVersion: SEAM,
    resource: "experiments.seam.ucsd.edu",
    ids: {
      list: "listExperiments",
      get: "getExperiment",
      apply: "applyExperiment",
      remove: "deleteExperiment",
      revisions: "listExperimentRevisions",
      restore: "restoreExperiment",
    },
  },
  policies: {
    kind: "NetworkPolicy",
    apiVersion: "networking.k8s.io/v1",
    resource: "networkpolicies.networking.k8s.io",
    ids: {
      list: "listPolicies",
      get: "getPolicy",
      apply: "applyPolicy",
      remove: "deletePolicy",
      revisions: "listPolicyRevisions",
      restore: "restorePolicy",
    },
  },
  services: {
    kind: "Service",
    apiVersion: "v1",
    resource: "services",
    ids: {
      list: "listServices",
      get: "getService",
      apply: "applyService",
      remove: "deleteService",
      revisions: "listServiceRevisions",
      restore: "restoreService",
    },
  },
} as const;

/** A kind, as paths name it. */
export type KindPath = keyof typeof KINDS;
const isKindPath = (word: string): word is KindPath => Object.hasOwn(KINDS, word);

/** The kind that a path names; another word in its place is no page. */
export function kindOf(word: string): KindPath {
  if (isKindPath(word)) return word;
  // The router's own way to say so.
  // oxlint-disable-next-line typescript/only-throw-error
  throw notFound();
}

/** Which object. */
export type At = { readonly kind: KindPath; readonly project: string; readonly name: string };

/** How a change is wished. */
export type Wish = {
  readonly isDryRun: boolean;
  readonly force?: boolean;
  /** The revision that it was made from. */
  readonly from?: number;
};

const queryOf = ({ isDryRun, force = false }: Wish) => ({ dryRun: isDryRun, force });

/** Each change has its own mark, so that the network may send it twice (idempotency). */
const headerOf = ({ isDryRun, from }: Wish) => ({
  ...(isDryRun ? {} : { "idempotency-key": crypto.randomUUID() }),
  ...(from === undefined ? {} : { "if-match": String(from) }),
});

/** Makes or changes an object, or tells what would change. */
export const applyObject = (
  { kind, project, name }: At,
  body: Manifest,
  wish: Wish,
): Promise<Changed | Planned> =>
  call(KINDS[kind].ids.apply, {
    path: { project, name },
    query: queryOf(wish),
    header: headerOf(wish),
    body: JSON.parse(JSON.stringify(body)),
  });

export const removeObject = ({ kind, project, name }: At): Promise<Changed | Planned> =>
  call(KINDS[kind].ids.remove, {
    path: { project, name },
    query: { dryRun: false },
    header: headerOf({ isDryRun: false }),
  });

export const restoreObject = (
  { kind, project, name }: At,
  number: number,
  wish: Wish,
): Promise<Changed | Planned> =>
  call(KINDS[kind].ids.restore, {
    path: { project, name, number },
    query: queryOf(wish),
    header: headerOf(wish),
  });

/** An object as somebody writes it. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: object;
};

/** What somebody would write: without what the cluster adds. */
export function manifestOf(object: SeamObject): Manifest {
  const { name, labels, annotations } = object.metadata;
  const kept = Object.entries({ name, labels, annotations: own(annotations) });
  const metadata = Object.fromEntries(kept.filter(([, value]) => value !== undefined));
  const { apiVersion, kind } = object;
  return JSON.parse(JSON.stringify({ apiVersion, kind, metadata, spec: object["spec"] ?? {} }));
}

/** Without what kubectl keeps for itself. */
function own(annotations: unknown): object | undefined {
  const entries = Object.entries(Object(annotations)).filter(
    ([name]) => !name.startsWith("kubectl.kubernetes.io/"),
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
