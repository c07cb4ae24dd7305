/** Puts Seam into a cluster: the kinds, then agent and controller, then waits until they run everywhere; and takes it out again. */
import { err, millis, ok, type Result } from "@seam/base";
import {
  isKubeObject,
  isNotFound,
  type Json,
  type KubeClient,
  type KubeError,
  type KubeObject,
  type ObjectRef,
  refOf,
} from "@seam/kube";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";

import { textOf } from "./fields.ts";

/** What to install. */
export type InstallOptions = {
  /** Reference of the image that holds agent and controller; the nodes must have it or be able to pull it. */
  readonly image: string;
  /** Longest wait for all parts to run. */
  readonly patience?: ReturnType<typeof millis>;
};

/** Where and of which image the API server is to run. */
export type ApiInstallOptions = {
  /** Reference of the server's image, which the node has or can pull. */
  readonly image: string;
  /** Node whose folder `/var/lib/seam-api`, which is there, holds the database. */
  readonly node: string;
};

const FIELD_MANAGER = "seam-install";
const IMAGE = "SEAM_IMAGE";
const API_IMAGE = "SEAM_SERVER_IMAGE";
const API_NODE = "SEAM_API_NODE";
const PATIENCE = millis(120_000);
/** Upstream's scheduler must not be newer than the API server. */
const SCHEDULER = /(\/kube-scheduler:)v[.0-9]+/g;
/** A version without what vendors add to it. */
const RELEASE = /^v[0-9]+[.][0-9]+[.][0-9]+/;
const MANIFEST = new URL("../../../deploy/seam.yaml", import.meta.url);
const API_MANIFEST = new URL("../../../deploy/seam-api.yaml", import.meta.url);

/** The objects that make up an installation, in the order in which they are applied; `version` is the cluster's, such as v1.36.3. */
function installationObjects(image: string, version?: string): readonly KubeObject[] {
  const text = readFileSync(MANIFEST, "utf8").replaceAll(IMAGE, image);
  const fitting = version === undefined ? text : text.replaceAll(SCHEDULER, `$1${version}`);
  return objectsIn(fitting);
}

const objectsIn = (text: string): readonly KubeObject[] =>
  parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter(isKubeObject);

const apiObjects = ({ image, node }: ApiInstallOptions): readonly KubeObject[] =>
  objectsIn(
    readFileSync(API_MANIFEST, "utf8").replaceAll(API_IMAGE, image).replaceAll(API_NODE, node),
  );

/** Applies everything; what is installed already is brought to this version. Yields one line per part. */
export async function* installSeam(
  client: KubeClient,
  options: InstallOptions,
): AsyncGenerator<string, Result<void, KubeError>> {
  const limit = performance.now() + (options.patience ?? PATIENCE);
  const server = await client.read("/version");
  if (!server.ok) return server;
  const version = textOf(server.value, "gitVersion")?.match(RELEASE)?.[0];
  const objects = installationObjects(options.image, version);
  const free = await notHelms(client, objects, "helm upgrade");
  if (!free.ok) return free;
  return yield* applyAll(client, objects, limit);
}

/** Puts the API server into a cluster in which Seam is, with its database in a node's folder, or brings it to this version. */
export async function* installApi(
  client: KubeClient,
  options: ApiInstallOptions,
): AsyncGenerator<string, Result<void, KubeError>> {
  return yield* applyAll(client, apiObjects(options), performance.now() + PATIENCE);
}

async function* applyAll(
  client: KubeClient,
  objects: readonly KubeObject[],
  limit: number,
): AsyncGenerator<string, Result<void, KubeError>> {
  for (const object of objects) {
    const applied = await client.apply(object, { fieldManager: FIELD_MANAGER, force: true });
    if (!applied.ok) return applied;
  }
  yield `${objects.length} objects applied`;
  for (const workload of objects.filter(isWorkload)) {
    const rolled = await rolledOut(client, workload, limit);
    if (!rolled.ok) return rolled;
    yield `${workload.metadata.name} ${rolled.value}`;
  }
  return ok(undefined);
}

/**
 * Deletes agent, controller, their rights and their namespace, and waits until they are gone. Agents remove the CNI
 * plug-in from their nodes; pods that run keep their network. The kinds stay, and with them all projects and
 * experiments. Yields one line per part.
 */
export async function* uninstallSeam(
  client: KubeClient,
  patience: ReturnType<typeof millis> = PATIENCE,
): AsyncGenerator<string, Result<void, KubeError>> {
  const limit = performance.now() + patience;
  const objects = installationObjects(IMAGE).filter(
    ({ kind }) => kind !== "CustomResourceDefinition",
  );
  const free = await notHelms(client, objects, "helm uninstall");
  if (!free.ok) return free;
  const api = apiObjects({ image: API_IMAGE, node: API_NODE });
  for (const object of [...objects, ...api].toReversed()) {
    const ref = refOf(object);
    const gone = await deleted(client, ref, limit);
    if (!gone.ok) return gone;
    // Most clusters have no API server.
    if (gone.value === "deleted" || !api.includes(object))
      yield `${ref.kind} ${ref.name} ${gone.value}`;
  }
  return ok(undefined);
}

const isWorkload = ({ kind }: KubeObject): boolean => kind === "DaemonSet" || kind === "Deployment";

/** Whether the installation is not Helm's: what Helm has installed only Helm may change. */
async function notHelms(
  client: KubeClient,
  objects: readonly KubeObject[],
  command: string,
): Promise<Result<void, KubeError>> {
  const daemonSet = objects.find(({ kind }) => kind === "DaemonSet");
  if (daemonSet === undefined) throw new Error("bug in Seam: its manifest has no agent");
  const found = await client.get(refOf(daemonSet));
  if (!found.ok) return isNotFound(found.error) ? ok(undefined) : found;
  const { labels, annotations } = found.value.metadata;
  if (fields(labels)["app.kubernetes.io/managed-by"] !== "Helm") return ok(undefined);
  const release = fields(annotations)["meta.helm.sh/release-name"];
  return err({
    kind: "usage",
    reason: "ManagedByHelm",
    code: 0,
    message: `Helm has installed Seam here; use: ${command} ${String(release)} --namespace ${String(daemonSet.metadata.namespace)}`,
  });
}

async function deleted(
  client: KubeClient,
  ref: ObjectRef,
  limit: number,
): Promise<Result<string, KubeError>> {
  const asked = await client.delete(ref, { dependents: "Foreground" });
  if (!asked.ok) return isNotFound(asked.error) ? ok("was not there") : asked;
  for (;;) {
    const found = await client.get(ref);
    if (!found.ok) return isNotFound(found.error) ? ok("deleted") : found;
    if (performance.now() > limit) return err(notGone(ref));
    await sleep(250);
  }
}

async function rolledOut(
  client: KubeClient,
  workload: KubeObject,
  limit: number,
): Promise<Result<string, KubeError>> {
  const ref = refOf(workload);
  for (;;) {
    const found = await client.get(ref);
    const progress = found.ok ? rolloutOf(found.value) : { done: false, text: found.error.message };
    if (progress.done) return ok(progress.text);
    if (performance.now() > limit) return err(tooLate(ref, progress.text));
    await sleep(250);
  }
}

/** Whether a DaemonSet's or Deployment's pods all run the newest template and are Ready. */
function rolloutOf(object: KubeObject): { readonly done: boolean; readonly text: string } {
  const status = fields(object["status"]);
  const seen = status["observedGeneration"] === object.metadata["generation"];
  const daemon = object.kind === "DaemonSet";
  const wanted = daemon
    ? count(status, "desiredNumberScheduled")
    : count(fields(object["spec"]), "replicas");
  const updated = count(status, daemon ? "updatedNumberScheduled" : "updatedReplicas");
  const ready = count(status, daemon ? "numberReady" : "readyReplicas");
  return {
    done: seen && wanted > 0 && updated === wanted && ready === wanted,
    text: `${ready} of ${wanted} Ready`,
  };
}

const tooLate = ({ kind, name }: ObjectRef, text: string): KubeError => ({
  kind: "usage",
  reason: "NotRolledOut",
  code: 0,
  message: `${kind} ${name} is not running yet (${text}); look at: seam get pods -n seam-system, then seam describe pod NAME -n seam-system`,
});

const notGone = ({ kind, name }: ObjectRef): KubeError => ({
  kind: "usage",
  reason: "NotGone",
  code: 0,
  message: `${kind} ${name} is not gone yet; look at: seam get pods -n seam-system -o wide`,
});

const fields = (value: unknown): Json =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};

function count(from: Json, key: string): number {
  const value = from[key];
  return typeof value === "number" ? value : 0;
}
