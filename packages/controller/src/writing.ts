/** Writes what planning wants: children and status; a refusal by the API server is a problem to tell, not a failure. */
import { isDeepStrictEqual } from "node:util";
import { err, ok, type Result } from "@seam/base";
import {
  isConflict,
  isNotFound,
  refOf,
  type Json,
  type KubeClient,
  type KubeError,
  type KubeObject,
  type ObjectRef,
} from "@seam/kube";
import type { Changes } from "./children.ts";
import type { Problem } from "./experiment-status.ts";
import type { Identity } from "./identity.ts";
import { EXPERIMENT_LABEL, FIELD_MANAGER } from "./names.ts";
import { controllerOf, labelOf, type Observed } from "./observed.ts";

/** The client's methods that writing needs. */
export type Writer = Pick<KubeClient, "get" | "list" | "apply" | "applyStatus" | "delete">;

const FORCE = { fieldManager: FIELD_MANAGER, force: true };

/** Applies and removes children of `owner`; the answer tells what the server did not take. */
export async function writeChildren(
  client: Writer,
  owner: Identity,
  changes: Changes,
): Promise<Result<readonly Problem[], KubeError>> {
  const strangers = await findStrangers(client, owner, changes.create);
  if (!strangers.ok) return strangers;
  const mine = changes.apply.filter(
    (object) => !strangers.value.some((stranger) => isSame(stranger, object)),
  );
  const problems: Problem[] = strangers.value.map((stranger) => problemWith(owner, stranger));
  for (const object of mine) {
    const applied = await applyObject(client, object);
    if (!applied.ok) return applied;
    if (applied.value !== null) problems.push(applied.value);
  }
  for (const ref of changes.remove) {
    const gone = await client.delete(ref);
    if (!gone.ok && !isNotFound(gone.error)) return gone;
  }
  return ok(problems);
}

/** Applies one object; the answer is a problem when the server refused it for good. */
export async function applyObject(
  client: Writer,
  object: KubeObject,
): Promise<Result<Problem | null, KubeError>> {
  const applied = await client.apply(object, FORCE);
  if (applied.ok) return ok(null);
  if (!isRefusal(applied.error)) return err(applied.error);
  const message = `the API server refused ${nameOf(refOf(object))}: ${applied.error.message}; change the specification or the rule that it names`;
  return ok({ reason: "Refused", message });
}

/** An object that does not fit its schema is answered with 500 when it is applied. */
const isRefusal = ({ code, message }: KubeError): boolean =>
  [400, 403, 422].includes(code) ||
  (code === 500 && message.startsWith("failed to create typed patch object"));

/** Those of `refs` that exist and have another owner: server-side apply by force would take them over. */
async function findStrangers(
  client: Writer,
  owner: Identity,
  refs: readonly ObjectRef[],
): Promise<Result<readonly KubeObject[], KubeError>> {
  const strangers: KubeObject[] = [];
  for (const ref of refs) {
    const found = await client.get(ref);
    if (!found.ok && !isNotFound(found.error)) return found;
    if (found.ok && controllerOf(found.value) !== owner.uid) strangers.push(found.value);
  }
  return ok(strangers);
}

const nameOf = ({ kind, name }: ObjectRef): string => `${kind} ${name}`;

function problemWith(owner: Identity, stranger: KubeObject): Problem {
  const { kind, name, namespace } = refOf(stranger);
  // Only one experiment can have this name, so what carries it and is not ours is left from one that was deleted.
  if (labelOf(stranger, EXPERIMENT_LABEL) === owner.name)
    return {
      reason: "OlderInTheWay",
      message: `${kind} ${name} of a deleted experiment of the same name is still being removed; wait`,
    };
  const remedy = owner.kind === "Experiment" ? "rename the workload, or remove it" : "remove it";
  const where = namespace === undefined ? "" : `-n ${namespace} `;
  return {
    reason: "NameTaken",
    message: `${kind} ${name} exists and belongs to something else; ${remedy}: kubectl ${where}delete ${kind.toLowerCase()} ${name}`,
  };
}

const isSame = (stranger: KubeObject, object: KubeObject): boolean =>
  stranger.kind === object.kind && stranger.metadata.name === object.metadata.name;

/** Writes `status` when it differs from what was read; tells whether it did. */
export async function writeStatus(
  client: Writer,
  read: Observed<unknown>,
  status: Json,
): Promise<Result<boolean, KubeError>> {
  if (isDeepStrictEqual(read.status, status)) return ok(false);
  const { apiVersion, kind, name, namespace, uid, resourceVersion } = read.identity;
  // The version makes the server refuse a status that was made from an old copy; a newer one is on its way then.
  const metadata = { name, uid, resourceVersion, ...(namespace === null ? {} : { namespace }) };
  const written = await client.applyStatus({ apiVersion, kind, metadata, status }, FORCE);
  if (written.ok) return ok(true);
  return isConflict(written.error) || isNotFound(written.error) ? ok(false) : written;
}
