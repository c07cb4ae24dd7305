/**
 * Writes `spec.requests` of nodes' `Bandwidth` objects. Bindings to one node that come while a write is under way go into the next one
 * together. The resourceVersion makes sure that nobody's entry is lost: after a conflict the object is read again, and what then has
 * no room any more is refused.
 */
import { BANDWIDTH_KIND } from "@seam/api";
import { err, ok, type Result } from "@seam/base";
import { isConflict, type KubeClient, type KubeError, type KubeObject } from "@seam/kube";

import { type BandwidthRequest, withRequests } from "./node-bandwidth.ts";

/** What writing needs. */
export type WriterOptions = {
  readonly client: Pick<KubeClient, "get" | "replace">;
  /** The last known object of a node. */
  readonly known: (node: string) => KubeObject | undefined;
  /** Takes an object that was read or written here. */
  readonly onSeen: (object: KubeObject) => void;
  /** Whether the reservation of a pod still has room, all that is known by now considered. */
  readonly stillFits: (podUid: string) => boolean;
};

/** `refused`: there is no room any more. `failed`: the API server did not take it, or did not say. */
export type WriteError =
  | { readonly kind: "refused" }
  | { readonly kind: "failed"; readonly error: KubeError };

/** Writes. */
export type RequestWriter = {
  readonly add: (node: string, request: BandwidthRequest) => Promise<Result<void, WriteError>>;
  readonly remove: (node: string, podUid: string) => Promise<Result<void, WriteError>>;
};

type Change = {
  readonly podUid: string;
  /** Null: the entry of the pod is removed. */
  readonly request: BandwidthRequest | null;
  readonly settle: (result: Result<void, WriteError>) => void;
};

/** Changes of a node's object that wait for the write under way, after which the lane is closed. */
type Lane = { waiting: Change[] };

/** Conflicts are with the operator, which writes at each change of a pod, and with extenders that stand by no longer. */
const ATTEMPTS = 20;

/** A writer. */
export function createRequestWriter(options: WriterOptions): RequestWriter {
  const lanes = new Map<string, Lane>();
  const enqueue = (
    node: string,
    change: Pick<Change, "podUid" | "request">,
  ): Promise<Result<void, WriteError>> => {
    const { promise, resolve } = Promise.withResolvers<Result<void, WriteError>>();
    const open = lanes.get(node);
    const lane = open ?? { waiting: [] };
    lane.waiting.push({ ...change, settle: resolve });
    lanes.set(node, lane);
    if (open === undefined) void drain(options, lanes, node);
    return promise;
  };
  return {
    add: async (node, request) => enqueue(node, { podUid: request.podUid, request }),
    remove: async (node, podUid) => enqueue(node, { podUid, request: null }),
  };
}

async function drain(
  options: WriterOptions,
  lanes: Map<string, Lane>,
  node: string,
): Promise<void> {
  const lane = lanes.get(node) ?? { waiting: [] };
  while (lane.waiting.length > 0) {
    const batch = lane.waiting;
    lane.waiting = [];
    await write(options, node, batch);
  }
  lanes.delete(node);
}

async function write(
  options: WriterOptions,
  node: string,
  batch: readonly Change[],
): Promise<void> {
  let changes = batch;
  let last: KubeError | null = null;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const base = attempt === 0 ? options.known(node) : undefined;
    const read = base === undefined ? await readAgain(options, node) : ok(base);
    if (!read.ok) return settle(changes, err({ kind: "failed", error: read.error }));
    // Since the reservation was taken, a watch may have brought entries of others: room is what the object to be written leaves.
    changes = withRoom(options, changes);
    if (changes.length === 0) return;
    const written = await options.client.replace(changed(read.value, changes));
    if (written.ok) {
      options.onSeen(written.value);
      return settle(changes, ok(undefined));
    }
    last = written.error;
    if (!isConflict(last)) break;
  }
  if (last !== null) settle(changes, err({ kind: "failed", error: last }));
}

async function readAgain(
  { client, onSeen }: WriterOptions,
  node: string,
): Promise<Result<KubeObject, KubeError>> {
  const read = await client.get({ ...BANDWIDTH_KIND, name: node });
  if (read.ok) onSeen(read.value);
  return read;
}

/** Refuses what has lost its room to an entry that somebody else has made. */
function withRoom({ stillFits }: WriterOptions, changes: readonly Change[]): readonly Change[] {
  return changes.filter((change) => {
    const fits = change.request === null || stillFits(change.podUid);
    if (!fits) change.settle(err({ kind: "refused" }));
    return fits;
  });
}

/** A later change of a pod's entry takes the place of an earlier one. */
function changed(object: KubeObject, changes: readonly Change[]): KubeObject {
  const last = new Map(changes.map(({ podUid, request }) => [podUid, request]));
  const added = [...last.values()].filter((request) => request !== null);
  const removed = [...last].flatMap(([podUid, request]) => (request === null ? [podUid] : []));
  return withRequests(object, added, removed);
}

function settle(changes: readonly Change[], result: Result<void, WriteError>): void {
  for (const change of changes) change.settle(result);
}
