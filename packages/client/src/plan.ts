/**
 * What applying would do, before anything is written: the API server tries the objects (dry run), and what the controller
 * would make of them is composed as the controller composes it, and compared with what exists.
 */
import { API_VERSION } from "@seam/api";
import { err, ok, type Result } from "@seam/base";
import { type KubeClient, type KubeError, type KubeObject, refOf } from "@seam/kube";
import { FIELD_MANAGER } from "./apply.ts";
import { readObjects, type Source } from "./documents.ts";
import { fromKube, nameOf, type SeamError } from "./error.ts";
import { fieldOf, textOf } from "./fields.ts";
import { inOrder, placeObject, rank } from "./place.ts";
import { type PlannedNode, planNodes } from "./plan-nodes.ts";
import { type PlannedObject, plannedObject, type Tried } from "./planned-object.ts";
import { type Parts, partsOfExperiment, partsOfProject } from "./plan-parts.ts";
import type { Reply } from "./list.ts";

/** What applying would do. */
export type Plan = {
  /** Each object of the documents, in the order of applying, and after it what is made of it. */
  readonly objects: readonly PlannedObject[];
  /** Nodes that have something to do; `node` null stands for pods whose node the scheduler will choose. */
  readonly nodes: readonly PlannedNode[];
  /** What to know: parts of a specification that are not acted on, refusals to come, what could not be looked at. */
  readonly notes: readonly string[];
};

/** As for applying. */
export type PlanOptions = { readonly namespace: string; readonly force?: boolean };

/** Plans all documents; an error is what would keep them from being applied. */
export async function planObjects(
  kube: KubeClient,
  sources: readonly Source[],
  options: PlanOptions,
): Reply<Plan> {
  const read = readObjects(sources);
  if (!read.ok) return read;
  const run: Run = { kube, options, documents: read.value };
  const plans: OnePlan[] = [];
  for (const object of inOrder(read.value)) {
    const planned = await planOne(run, object);
    if (!planned.ok) return planned;
    plans.push(planned.value);
  }
  const nodes = await planNodes(kube, {
    pods: plans.flatMap(({ pods }) => pods),
    networkConfig: plans.map(networkIn).find((spec) => spec !== undefined),
  });
  return ok({
    objects: plans.flatMap(({ written, objects }) => [written, ...objects]),
    nodes: nodes.nodes,
    notes: [...new Set([...plans.flatMap(({ notes }) => notes), ...nodes.notes])],
  });
}

type Run = {
  readonly kube: KubeClient;
  readonly options: PlanOptions;
  readonly documents: readonly KubeObject[];
};

type OnePlan = Parts & { readonly written: PlannedObject };

async function planOne(run: Run, object: KubeObject): Reply<OnePlan> {
  const tried = await tryObject(run, object);
  if (!tried.ok) return tried;
  const parts = await partsOf(run, tried.value);
  return parts.ok ? ok({ ...parts.value, written: plannedObject(tried.value, null) }) : parts;
}

async function tryObject({ kube, options, documents }: Run, object: KubeObject): Reply<Tried> {
  const failed = (error: KubeError): Result<never, SeamError> =>
    err(fromKube(`apply ${nameOf(refOf(object))}`, error));
  const placed = await placeObject(kube, object, { namespace: options.namespace, until: 0 });
  if (!placed.ok) {
    const isDefined = documents.some(
      (each) => rank(each) === 0 && textOf(each, "spec", "names", "kind") === object.kind,
    );
    return isDefined ? ok({ before: null, after: object, isPending: true }) : failed(placed.error);
  }
  const before = await kube.get(refOf(placed.value));
  if (!before.ok && before.error.code !== 404) return failed(before.error);
  const after = await kube.apply(placed.value, {
    fieldManager: FIELD_MANAGER,
    force: options.force === true,
    dryRun: true,
  });
  if (after.ok) {
    return ok({ before: before.ok ? before.value : null, after: after.value, isPending: false });
  }
  return isToCome(after.error, documents)
    ? ok({ before: null, after: placed.value, isPending: true })
    : failed(after.error);
}

/** Whether the namespace that is missing is one that the documents make. */
function isToCome({ code, message }: KubeError, documents: readonly KubeObject[]): boolean {
  const missing = /namespaces "([^"]+)" not found/.exec(message)?.[1];
  return (
    code === 404 &&
    documents.some(({ metadata, ...each }) => {
      const makes = each.kind === "Project" || each.kind === "Namespace";
      return makes && metadata.name === missing;
    })
  );
}

const NOTHING: Parts = { objects: [], pods: [], notes: [] };

async function partsOf({ kube }: Run, tried: Tried): Reply<Parts> {
  const { apiVersion, kind } = tried.after;
  if (apiVersion !== API_VERSION) return ok(NOTHING);
  if (kind === "Project") return partsOfProject(kube, tried);
  return kind === "Experiment" ? partsOfExperiment(kube, tried) : ok(NOTHING);
}

/** The `spec` of the cluster's network settings when they change. */
const networkIn = ({ written: { ref, action, after } }: OnePlan): unknown =>
  ref.kind === "NetworkConfig" && action !== "unchanged" ? fieldOf(after, "spec") : undefined;
