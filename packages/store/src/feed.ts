/**
 * The feed of changes: every row that others may wait for gets a sequence number in the order in which rows become visible, without
 * gaps, so a reader that goes on after the last number it has seen loses nothing and gets nothing twice (decision 31).
 */
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { ok, type Result } from "@seam/base";
import { sql } from "kysely";
import type { Database, Queries } from "./connection.ts";
import { failure, type Outcome, type StoreError } from "./error.ts";
import type { Topic } from "./tables.ts";

/** One change. */
export type Change = {
  /** One more than that of the change before. */
  readonly sequence: number;
  readonly at: Date;
  readonly topic: Topic;
  readonly project: string;
  /** `id` of the row of the topic. */
  readonly rowId: number;
};

/** Who follows from where. */
export type FollowRequest = {
  /** The last sequence number that was seen; 0 for all that is kept. */
  readonly after: number;
  readonly signal: AbortSignal;
};

/** The feed of a store. */
export type Feed = {
  /** The number of the newest change; 0 before the first. */
  readonly head: () => Outcome<number>;
  /** Up to `limit` changes after a number; `gone` when some of those are no longer kept, or were never made. */
  readonly read: (after: number, limit: number) => Outcome<readonly Change[]>;
  /**
   * Changes in order, as they come, until the signal is aborted. While the database is away an `unavailable` is given once, and it goes on
   * by itself; after any other error it ends.
   */
  readonly follow: (
    request: FollowRequest,
  ) => AsyncGenerator<Result<readonly Change[], StoreError>, void>;
};

/** Numbers the rows and tells listeners; the last statement of a transaction, as other writers wait from here to its end. */
export async function publish(
  queries: Queries,
  topic: Topic,
  rows: readonly { readonly project: string; readonly rowId: number }[],
): Promise<void> {
  const projects = rows.map(({ project }) => project);
  const ids = rows.map(({ rowId }) => rowId);
  if (rows.length === 0) return;
  await sql`select seam.publish(${topic}, ${projects}::text[], ${ids}::bigint[])`.execute(queries);
}

/** The feed of a database; `Symbol.asyncDispose` ends its listening. */
export function createFeed(database: Database): Feed & AsyncDisposable {
  const bell = new EventTarget();
  const ring = (): void => {
    bell.dispatchEvent(new Event("change"));
  };
  const ended = new AbortController();
  let listening: Promise<void> | null = null;
  const read = (after: number, limit: number): Outcome<readonly Change[]> =>
    database.run((queries) => readAfter(queries, after, limit));
  return {
    head: () => database.run(async (queries) => ok(await headOf(queries))),
    read,
    follow: ({ after, signal }) => {
      listening ??= listen(database, ring, ended.signal);
      return follow({ read, bell, after, signal: AbortSignal.any([signal, ended.signal]) });
    },
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      await listening;
    },
  };
}

const headOf = async (queries: Queries): Promise<number> =>
  (await queries.selectFrom("feed_head").select("sequence").executeTakeFirstOrThrow()).sequence;

type Row = Change & { readonly head: number };

/** One statement, so that the head is that of the moment of the rows. */
async function readAfter(
  queries: Queries,
  after: number,
  limit: number,
): Outcome<readonly Change[]> {
  const { rows } = await sql<Row | { readonly head: number; readonly sequence: null }>`
    select found.*, feed_head.sequence as head from seam.feed_head left join lateral (
      select sequence, at, topic, project, row_id as "rowId" from seam.change
      where sequence > ${after} order by sequence limit ${limit}) found on true
    order by found.sequence`.execute(queries);
  const changes = rows.flatMap((row) => (row.sequence === null ? [] : [changeOf(row)]));
  const [first] = changes;
  const head = rows[0]?.head ?? 0;
  // There are no gaps, so the next one is missing only where old ones were deleted.
  const isNext = first === undefined ? head === after : first.sequence === after + 1 || after === 0;
  if (isNext) return ok(changes);
  const now =
    first === undefined ? `the newest is ${head}` : `the oldest kept is ${first.sequence}`;
  return failure("gone", `no changes after ${after}: ${now}; read everything anew`);
}

const changeOf = ({ sequence, at, topic, project, rowId }: Row): Change => ({
  sequence,
  at,
  topic,
  project,
  rowId,
});

const PAGE = 500;
/** Nothing depends on notifications but speed: what a lost one would have told is found by then. */
const POLL_MS = 5000;
const RETRY_MS = 250;

type Following = {
  readonly read: Feed["read"];
  readonly bell: EventTarget;
  readonly after: number;
  readonly signal: AbortSignal;
};

async function* follow(given: Following): AsyncGenerator<Result<readonly Change[], StoreError>> {
  const { read, bell, signal } = given;
  let after = given.after;
  let isAway = false;
  while (!signal.aborted) {
    // Listened for before reading, so that a change in between is not waited for.
    const bored = new AbortController();
    const wake = next(bell, AbortSignal.any([signal, bored.signal]));
    const changes = await read(after, PAGE);
    const isQuiet = changes.ok && changes.value.length === 0;
    const isNews = changes.ok ? !isQuiet : !isAway;
    if (isQuiet) await wake;
    bored.abort();
    if (isNews) yield changes;
    if (changes.ok) after = changes.value.at(-1)?.sequence ?? after;
    else if (changes.error.code === "unavailable") await rest(RETRY_MS, signal);
    else return;
    isAway = !changes.ok;
  }
}

/** A pause that ends early, and well, when the signal is aborted. */
const rest = (lengthMs: number, signal: AbortSignal): Promise<void> =>
  quietly(pause(lengthMs, null, { signal }));

/** Until the bell rings, a while has passed, or the signal is aborted. */
const next = (bell: EventTarget, signal: AbortSignal): Promise<void> => {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const rung = quietly(once(bell, "change", { signal: either }));
  const waited = rest(POLL_MS, either);
  return Promise.race([rung, waited]).finally(() => {
    stop.abort();
  });
};

/** Ends well also when it was aborted. */
const quietly = async (work: Promise<unknown>): Promise<void> => {
  await work.catch(() => undefined);
};

/** Listens for notifications, again and again, until the signal is aborted; each new connection rings, as some may have been missed. */
async function listen(database: Database, ring: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const client = database.newClient();
    const broken = once(client, "end", { signal }).catch(() => undefined);
    client.on("error", () => undefined);
    client.on("notification", ring);
    try {
      await client.connect();
      await client.query("listen seam_change");
      ring();
      await broken;
    } catch {
      // Told to callers by their own reads; tried again below.
    }
    await quietly(client.end());
    await rest(RETRY_MS, signal);
  }
}
