/** Changes a policy, or makes it, whoever else writes it at the same time. */
import { err, ok, type Result } from "@seam/base";
import { isConflict, isNotFound, type KubeClient, type KubeObject } from "@seam/kube";
import type { Status } from "@seam/wire";

import { changedObject, newObject, type Wish } from "./policy-message.ts";
import { statusOf } from "./status.ts";

/** How often a writer that names no version starts again because another was faster. */
const TRIES = 20;

/** The object as it then is. */
export async function makeSo(client: KubeClient, wish: Wish): Promise<Result<KubeObject, Status>> {
  for (let tries = 1; ; tries += 1) {
    const written = await writeOnce(client, wish);
    if (written.ok) return written;
    const another = wish.resourceVersion === "" && isConflict(written.error);
    if (!another || tries === TRIES) return err(statusOf(written.error));
  }
}

async function writeOnce(client: KubeClient, wish: Wish): ReturnType<KubeClient["get"]> {
  const found = await client.get(wish.ref);
  if (found.ok) return client.replace(changedObject(found.value, wish));
  return isNotFound(found.error) && wish.resourceVersion === ""
    ? client.create(newObject(wish))
    : found;
}

/** Deletes a policy; one that is not there is an error. */
export async function takeAway(
  client: KubeClient,
  ref: Wish["ref"],
): Promise<Result<void, Status>> {
  const gone = await client.delete(ref);
  return gone.ok ? ok(undefined) : err(statusOf(gone.error));
}
