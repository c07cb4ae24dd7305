/**
 * Writes `spec.requests` of nodes' `Bandwidth` objects behind the bindings (V12): what is bound to a node within a moment is one write,
 * and no binding waits for it. Nobody's megabits depend on it either, as a pod that is bound counts by its own object. The
 * resourceVersion makes sure that nobody's entry is lost: after a conflict the object is read again.
 */
import { BANDWIDTH_KIND } from "@seam/api";
import { type Millis, millis, ok, type Result } from "@seam/base";
import {
  createWorkQueue,
  isConflict,
  isNotFound,
  type KubeClient,
  type KubeError,
  type KubeObject,
  sleep,
} from "@seam/kube";

import { type BandwidthRequest, readBandwidth, withRequests } from "./node-bandwidth.ts";

/** What writing needs. */
export type WriterOptions = {
  readonly client: Pick<KubeClient, "get" | "replace">;
  /** The last known object of a node. */
  readonly known: (node: string) => KubeObject | undefined;
  /** Takes an object that was read or written here. */
  readonly onSeen: (object: KubeObject) => void;
  /** Whether a pod still counts on a node. */
  readonly isOn: (podUid: string, node: string) => boolean;
  /** The entries of a node could not be written; they are tried again, later each time. */
  readonly onFailed: (node: string, error: KubeError) => void;
  /** How long what is bound to a node is gathered before it is written. */
  readonly pause: Millis;
  /**
   * The least time from one write to the next, of all nodes. Entries are nobody's hurry, and a write costs the API server more than a
   * binding; so when pods come faster, more of them share one.
   */
  readonly turn: Millis;
};

/** Writes until it is disposed of. */
export type RequestWriter = Disposable & {
  /** The entry of a pod that is bound to the node. */
  readonly add: (node: string, request: BandwidthRequest) => void;
};

type Waiting = Map<string, BandwidthRequest>;

/** Conflicts are with the operator, which writes at each change of a node's pods. */
const ATTEMPTS = 10;
const LONGEST_WAIT = millis(60_000);

/** A writer. */
export function createRequestWriter(options: WriterOptions): RequestWriter {
  const nodes = new Map<string, Waiting>();
  const queue = createWorkQueue({ first: options.pause, longest: LONGEST_WAIT });
  const stop = new AbortController();
  const work = async (): Promise<void> => {
    for (let node = await queue.next(); node !== null; node = await queue.next()) {
      const batch: Waiting = nodes.get(node) ?? new Map();
      nodes.delete(node);
      const written = await write(options, node, [...batch.values()]);
      queue.done(node);
      // An object that is made anew gets the requests of all pods that are there, from the operator.
      if (written.ok || isNotFound(written.error)) queue.forget(node);
      else {
        nodes.set(node, new Map([...batch, ...(nodes.get(node) ?? [])]));
        queue.retry(node);
        options.onFailed(node, written.error);
      }
      await sleep(options.turn, stop.signal);
    }
  };
  void work();
  return {
    add: (node, request) => {
      const waiting = nodes.get(node);
      if (waiting === undefined) queue.addAfter(node, options.pause);
      nodes.set(node, (waiting ?? new Map()).set(request.podUid, request));
    },
    [Symbol.dispose]: () => {
      queue[Symbol.dispose]();
      stop.abort();
    },
  };
}

/** Adds what the object does not have yet. */
async function write(
  options: WriterOptions,
  node: string,
  requests: readonly BandwidthRequest[],
): Promise<Result<void, KubeError>> {
  for (let attempt = 1; ; attempt += 1) {
    const base = attempt === 1 ? options.known(node) : undefined;
    const read = base === undefined ? await readAgain(options, node) : ok(base);
    if (!read.ok) return read;
    const there = new Set(readBandwidth(read.value).requests.map(({ podUid }) => podUid));
    const missing = requests.filter(
      ({ podUid }) => !there.has(podUid) && options.isOn(podUid, node),
    );
    if (missing.length === 0) return ok(undefined);
    const written = await options.client.replace(withRequests(read.value, missing));
    if (written.ok) {
      options.onSeen(written.value);
      return ok(undefined);
    }
    if (!isConflict(written.error) || attempt === ATTEMPTS) return written;
  }
}

async function readAgain(
  { client, onSeen }: WriterOptions,
  node: string,
): Promise<Result<KubeObject, KubeError>> {
  const read = await client.get({ ...BANDWIDTH_KIND, name: node });
  if (read.ok) onSeen(read.value);
  return read;
}
