/** What is made of a Project or an Experiment, beside what exists of it. */
import { BANDWIDTH_ADMISSION } from "@seam/api";
import { err, ok } from "@seam/base";
import {
  admissionState,
  type AdmissionState,
  APPLIER,
  type Changes,
  concernsAbout,
  concernsAboutProject,
  EXPERIMENT_LABEL,
  facetsOf,
  type Finding,
  hasNamespace,
  isBandwidthLimited,
  markOf,
  type Identity,
  observeChild,
  observeExperiment,
  observeNamespace,
  observePod,
  observeProject,
  observeTenancy,
  PART_KINDS,
  planFacet,
  planNamespace,
  previewChildren,
  problemWith,
  PROJECT_LABEL,
  TENANCY_KINDS,
} from "@seam/compose";
import {
  isNotFound,
  type KindRef,
  type KubeClient,
  type KubeError,
  type KubeObject,
  type ObjectRef,
  refOf,
} from "@seam/kube";
import { fromKube, nameOf } from "./error.ts";
import { type PodChange, podChanges } from "./plan-pods.ts";
import { goingObject, type PlannedObject, plannedObject, type Tried } from "./planned-object.ts";
import { listObjects, type Reply } from "./list.ts";

/** What is made of one object: objects, pods, and what to know of it. */
export type Parts = {
  readonly objects: readonly PlannedObject[];
  readonly pods: readonly PodChange[];
  readonly notes: readonly string[];
};

const ADMISSION = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  name: BANDWIDTH_ADMISSION,
};

/** Who may not read the configuration is told what there is unless somebody has turned it off. */
async function admissionOf(kube: KubeClient): Promise<AdmissionState> {
  const found = await kube.get(ADMISSION);
  if (found.ok) return admissionState(found.value);
  return isNotFound(found.error) ? "off" : "on";
}

/** The namespace of a project and what its tenancy is made of. */
export async function partsOfProject(kube: KubeClient, tried: Tried): Reply<Parts> {
  const project = observeProject(tried.after);
  const found = await namespaceOf(kube, project.identity.name);
  if (!found.ok) return found;
  const namespace = found.value === null ? null : observeNamespace(found.value);
  const admission = isBandwidthLimited(project) ? await admissionOf(kube) : "on";
  const notes = notesOf(tried.after, concernsAboutProject(project, namespace, admission));
  const wanted = planNamespace(project, namespace);
  const isBlocked = wanted === null && !hasNamespace(project, namespace);
  if (isBlocked) return ok({ objects: [], pods: [], notes });
  const selector = `${PROJECT_LABEL}=${project.identity.name}`;
  const existing = await existingOf(kube, TENANCY_KINDS, selector);
  if (!existing.ok) return existing;
  const compared = await compareParts(
    {
      kube,
      owner: project.identity,
      madeOf: refOf(tried.after),
      existing: found.value === null ? existing.value : [...existing.value, found.value],
    },
    {
      ...withNamespace(tenancyOf(project, existing.value), wanted, found.value),
      isPending: found.value === null,
    },
  );
  return ok({ ...compared, pods: [], notes: [...notes, ...compared.notes] });
}

async function namespaceOf(kube: KubeClient, name: string): Reply<KubeObject | null> {
  const ref = { apiVersion: "v1", kind: "Namespace", name };
  const found = await kube.get(ref);
  if (found.ok) return found;
  return isNotFound(found.error) ? ok(null) : err(fromKube(`read ${nameOf(ref)}`, found.error));
}

type Composed = { readonly wanted: readonly KubeObject[]; readonly changes: Changes };

/** Members, quota and limits together. */
function tenancyOf(
  { identity, spec }: ReturnType<typeof observeProject>,
  existing: readonly KubeObject[],
): Composed {
  const observed = existing.map(observeTenancy);
  const facets = spec.ok ? facetsOf(identity, spec.value) : [];
  return {
    wanted: facets.flatMap(({ wanted }) => wanted),
    changes: sumOf(facets.map((facet) => planFacet(facet, identity, observed))),
  };
}

/** With the namespace, unless it is as it should be. */
function withNamespace(
  { wanted, changes }: Composed,
  namespace: KubeObject | null,
  found: KubeObject | null,
): Composed {
  if (namespace === null)
    return { wanted: [...(found === null ? [] : [found]), ...wanted], changes };
  return {
    wanted: [namespace, ...wanted],
    changes: { ...changes, apply: [namespace, ...changes.apply] },
  };
}

const sumOf = (all: readonly Changes[]): Changes => ({
  apply: all.flatMap(({ apply }) => apply),
  create: all.flatMap(({ create }) => create),
  remove: all.flatMap(({ remove }) => remove),
  drifted: all.flatMap(({ drifted }) => drifted),
});

/** The Services, StatefulSets and NetworkPolicies of an experiment, and its pods. */
export async function partsOfExperiment(kube: KubeClient, tried: Tried): Reply<Parts> {
  const observed = observeExperiment(tried.after);
  // The lifetime of what the server has not even tried begins now.
  const identity = tried.isPending
    ? { ...observed.identity, createdAt: Date.now() }
    : observed.identity;
  const experiment = { ...observed, identity };
  const { name, namespace } = identity;
  const selector = `${EXPERIMENT_LABEL}=${name}`;
  const within = (kinds: readonly KindRef[]): readonly KindRef[] =>
    tried.before === null ? [] : kinds.map((each) => ({ ...each, namespace: namespace ?? "" }));
  const existing = await existingOf(kube, within(PART_KINDS), selector);
  if (!existing.ok) return existing;
  const listed = await existingOf(kube, within([{ apiVersion: "v1", kind: "Pod" }]), selector);
  if (!listed.ok) return listed;
  const pods = listed.value.map(observePod);
  const children = existing.value.map(observeChild);
  const preview = previewChildren({ experiment, children, pods, now: Date.now() });
  const madeOf = refOf(tried.after);
  const compared = await compareParts(
    { kube, owner: identity, madeOf, existing: existing.value },
    { ...preview, isPending: tried.isPending },
  );
  const waitsOf = (object: PlannedObject): readonly string[] =>
    object.ref.kind === "NetworkPolicy" ? [] : (preview.waits.get(object.ref.name) ?? []);
  const objects = compared.objects.map((each) => ({ ...each, waitsFor: waitsOf(each) }));
  return ok({
    objects,
    pods: objects.flatMap((each) => podChanges(each, pods)),
    notes: [...notesOf(tried.after, concernsAbout({ experiment })), ...compared.notes],
  });
}

const notesOf = (object: KubeObject, findings: readonly Finding[]): readonly string[] =>
  findings.map(({ message }) => `${nameOf(refOf(object))}: ${message}`);

async function existingOf(
  kube: KubeClient,
  kinds: readonly KindRef[],
  labelSelector: string,
): Reply<readonly KubeObject[]> {
  const all: KubeObject[] = [];
  for (const kind of kinds) {
    const listed = await listObjects(kube, kind, { labelSelector });
    if (!listed.ok) return listed;
    all.push(...listed.value);
  }
  return ok(all);
}

/** Whose parts are compared, and with what. */
type Side = {
  readonly kube: KubeClient;
  readonly owner: Identity;
  readonly madeOf: ObjectRef;
  readonly existing: readonly KubeObject[];
};

type Wanted = {
  readonly wanted: readonly KubeObject[];
  readonly changes: Changes;
  /** Their namespace does not exist yet, so the server cannot try them. */
  readonly isPending: boolean;
};

async function compareParts(
  side: Side,
  { wanted, changes, isPending }: Wanted,
): Promise<Pick<Parts, "objects" | "notes">> {
  const { madeOf, existing } = side;
  const compared: TriedPart[] = [];
  for (const object of wanted) {
    // What carries the owner's name and is not its own is not what would be changed.
    const isNew = changes.create.some(({ kind, name }) => isNamed(object, kind, name));
    const before = isNew ? null : (existing.find((each) => isSame(each, object)) ?? null);
    if (!changes.apply.some((each) => isSame(each, object))) {
      compared.push({ object: plannedObject({ before: object, after: object }, madeOf) });
    } else if (isPending) {
      compared.push({ object: plannedObject({ before, after: object }, madeOf) });
    } else compared.push(await tryPart(side, object, before));
  }
  const going = changes.remove.flatMap((ref) =>
    existing.filter((each) => isNamed(each, ref.kind, ref.name)),
  );
  return {
    objects: [
      ...compared.map(({ object }) => object),
      ...going.map((each) => goingObject(each, madeOf)),
    ],
    notes: compared.flatMap(({ note }) => note ?? []),
  };
}

const isNamed = (object: KubeObject, kind: string, name: string): boolean =>
  object.kind === kind && object.metadata.name === name;

const isSame = (left: KubeObject, right: KubeObject): boolean =>
  left.kind === right.kind && left.metadata.name === right.metadata.name;

type TriedPart = { readonly object: PlannedObject; readonly note?: string };

/** The server tries a part under the controller's name; one that is new is shown as it is written. */
async function tryPart(
  { kube, owner, madeOf }: Side,
  object: KubeObject,
  before: KubeObject | null,
): Promise<TriedPart> {
  const name = nameOf(refOf(object));
  const found = before === null ? await kube.get(refOf(object)) : null;
  const problem = found?.ok === true ? problemWith(owner, markOf(found.value)) : null;
  const asIs = plannedObject({ before, after: before ?? object }, madeOf);
  const untried: PlannedObject = before === null ? asIs : { ...asIs, action: "change" };
  if (problem !== null) return { object: untried, note: problem.message };
  const tried = await kube.apply(object, { ...APPLIER, dryRun: true });
  if (tried.ok) {
    const after = before === null ? object : tried.value;
    return { object: plannedObject({ before, after }, madeOf) };
  }
  const note = isOwnLack(tried.error)
    ? `${name}: you lack the right to try it, so its fields are not compared`
    : `${name}: the API server would refuse it: ${tried.error.message}`;
  return { object: untried, note };
}

/** That the asker lacks the right; the controller has it. */
const isOwnLack = ({ code, message }: KubeError): boolean =>
  code === 403 && / cannot (patch|create) /.test(message);
