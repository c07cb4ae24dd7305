/** Puts Seam into a cluster: the kinds, then agent and controller, then waits until they run everywhere. */
import { err, millis, ok, type Result } from "@seam/base";
import { customResourceDefinitions } from "@seam/api";
import {
  isKubeObject,
  type Json,
  type KubeClient,
  type KubeError,
  type KubeObject,
  type ObjectRef,
} from "@seam/kube";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";

/** What to install. */
export type InstallOptions = {
  /** Reference of the image that holds agent and controller; the nodes must have it or be able to pull it. */
  readonly image: string;
  /** Longest wait for all parts to run. */
  readonly patience?: ReturnType<typeof millis>;
};

const FIELD_MANAGER = "seam-install";
const IMAGE = "SEAM_IMAGE";
const PATIENCE = millis(120_000);
const manifests = ["agent.yaml", "controller.yaml"];

/** The objects that make up an installation, in the order in which they are applied. */
function installationObjects(image: string): readonly KubeObject[] {
  const kinds = customResourceDefinitions().filter(isKubeObject);
  return [...kinds, ...manifests.flatMap((name) => manifestObjects(name, image))];
}

/** Applies everything; what is installed already is brought to this version. Yields one line per part. */
export async function* installSeam(
  client: KubeClient,
  options: InstallOptions,
): AsyncGenerator<string, Result<void, KubeError>> {
  const limit = performance.now() + (options.patience ?? PATIENCE);
  const objects = installationObjects(options.image);
  for (const object of objects) {
    const applied = await client.apply(object, { fieldManager: FIELD_MANAGER, force: true });
    if (!applied.ok) return applied;
  }
  yield `${objects.length} objects applied`;
  for (const workload of objects.filter(
    ({ kind }) => kind === "DaemonSet" || kind === "Deployment",
  )) {
    const rolled = await rolledOut(client, workload, limit);
    if (!rolled.ok) return rolled;
    yield `${workload.metadata.name} ${rolled.value}`;
  }
  return ok(undefined);
}

function manifestObjects(name: string, image: string): readonly KubeObject[] {
  const file = new URL(`../../../deploy/manifests/${name}`, import.meta.url);
  const text = readFileSync(file, "utf8").replaceAll(IMAGE, image);
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter(isKubeObject);
}

async function rolledOut(
  client: KubeClient,
  { apiVersion, kind, metadata }: KubeObject,
  limit: number,
): Promise<Result<string, KubeError>> {
  const ref: ObjectRef = {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  };
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
  message: `${kind} ${name} is not running yet (${text}); look at: kubectl -n seam-system describe pods`,
});

const fields = (value: unknown): Json =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};

function count(from: Json, key: string): number {
  const value = from[key];
  return typeof value === "number" ? value : 0;
}
