/** Policies as they are, then each change: a list and a watch of the API server in the caller's name. */
import { create } from "@bufbuild/protobuf";
import { err, millis, ok, type Result } from "@seam/base";
import {
  apiError,
  child,
  isJson,
  isKubeObject,
  type KindRef,
  type KubeClient,
  type KubeError,
  sleep,
  textAt,
} from "@seam/kube";
import {
  type Answers,
  type PolicyEvent,
  PolicyEvent_Type as Type,
  PolicyEventSchema,
  type Status,
  type WatchPoliciesRequest,
} from "@seam/wire";

import { createEventQueue } from "./event-queue.ts";
import { kindIn, messageOf } from "./policy-message.ts";
import { statusOf } from "./status.ts";

/** Changes that may wait for a caller who reads slowly. */
const WAITING_EVENTS = 1000;
const PAGE = 500;
/** The API server sends a bookmark a minute. */
const INACTIVITY = millis(150_000);
/** A server that ends every watch at once must not be asked in a tight loop. */
const PAUSE = millis(1000);

const TOO_SLOW: Status = {
  code: "RESOURCE_EXHAUSTED",
  message: `more than ${WAITING_EVENTS} changes wait to be read; watch again from the last resource_version`,
};

type Watched = {
  readonly client: KubeClient;
  readonly kind: KindRef;
  readonly selector: { readonly labelSelector?: string };
  readonly signal: AbortSignal;
};

/** Goes on until the signal is aborted or the API server refuses. */
export async function* watchPolicies(
  client: KubeClient,
  request: WatchPoliciesRequest,
  signal: AbortSignal,
): Answers<typeof PolicyEventSchema> {
  const kind = kindIn(request.namespace);
  if (!kind.ok) return kind;
  const { labelSelector, resourceVersion } = request;
  if (!/^([1-9][0-9]*)?$/.test(resourceVersion)) return err(notVersion(resourceVersion));
  const selector = labelSelector === "" ? {} : { labelSelector };
  const watched = { client, kind: kind.value, selector, signal };
  let version = resourceVersion;
  if (version === "") {
    const listed = yield* listAll(watched);
    if (!listed.ok) return listed;
    version = listed.value;
    yield bookmark(version);
  }
  while (!signal.aborted) {
    const round = yield* follow(watched, version);
    if (!round.ok) return round;
    if (round.value === version) await sleep(PAUSE, signal);
    version = round.value;
  }
  return ended;
}

/** Of one that is no number the API server would say that it failed itself. */
const notVersion = (found: string): Status => ({
  code: "INVALID_ARGUMENT",
  message: `resource_version: expected that of an event, a list or a policy; found "${found}"`,
});

const ended = err<Status>({
  code: "UNAVAILABLE",
  message: "the watch was ended; watch again from the last resource_version",
});

/** Tells of each policy; the value is the version of the list. */
async function* listAll({
  client,
  kind,
  selector,
}: Watched): AsyncGenerator<PolicyEvent, Result<string, Status>> {
  let next: string | null = null;
  for (;;) {
    const from: { continue?: string } = next === null ? {} : { continue: next };
    const page: Awaited<ReturnType<KubeClient["list"]>> = await client.list(kind, {
      ...selector,
      ...from,
      limit: PAGE,
    });
    if (!page.ok) return err(statusOf(page.error));
    for (const item of page.value.items)
      yield create(PolicyEventSchema, { type: Type.ADDED, policy: messageOf(item) });
    ({ next } = page.value);
    if (next === null) return ok(page.value.resourceVersion);
  }
}

/** Tells of each change until the API server ends the watch; the value is the version to go on from. */
async function* follow(
  { client, kind, selector, signal }: Watched,
  from: string,
): AsyncGenerator<PolicyEvent, Result<string, Status>> {
  const queue = createEventQueue<unknown, Result<void, Status>>(WAITING_EVENTS, err(TOO_SLOW));
  const stop = new AbortController();
  const query = {
    ...selector,
    resourceVersion: from,
    inactivity: INACTIVITY,
    signal: AbortSignal.any([signal, stop.signal]),
  };
  void client
    .watch(kind, query, queue.push)
    .then((end) => queue.end(end.ok ? end : err(statusOf(end.error))));
  let version = from;
  try {
    for (;;) {
      const next = await queue.next();
      if (signal.aborted) return ended;
      if (next.done) return next.how.ok ? ok(version) : next.how;
      const event = eventOf(next.event);
      if (!event.ok) return err(statusOf(event.error));
      version = event.value.resourceVersion;
      yield event.value;
    }
  } finally {
    stop.abort();
  }
}

const bookmark = (resourceVersion: string): PolicyEvent =>
  create(PolicyEventSchema, { type: Type.BOOKMARK, resourceVersion });

const TYPES: { readonly [type: string]: Type } = {
  ADDED: Type.ADDED,
  MODIFIED: Type.MODIFIED,
  DELETED: Type.DELETED,
};

const cut: KubeError = {
  kind: "transport",
  code: 0,
  reason: "Transport",
  message: "an event of the watch is cut or not JSON; watch again from the last resource_version",
};

/** One line of a watch; the error is the one that it carries or is. */
function eventOf(line: unknown): Result<PolicyEvent, KubeError> {
  if (!isJson(line)) return err(cut);
  const { object } = line;
  const type = textAt(line, "type") ?? "";
  if (type === "ERROR") return err(apiError(500, object));
  if (!isJson(object)) return err(cut);
  const resourceVersion = textAt(child(object, "metadata"), "resourceVersion") ?? "";
  if (type === "BOOKMARK") return ok(bookmark(resourceVersion));
  const known = TYPES[type];
  if (known === undefined || !isKubeObject(object)) return err(cut);
  return ok(create(PolicyEventSchema, { type: known, policy: messageOf(object), resourceVersion }));
}
