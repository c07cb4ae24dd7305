/** How long rows are kept, stream by stream, and their going. */
import { ok } from "@seam/base";
import { sql } from "kysely";
import { addAudit } from "./audit.ts";
import { type Database, inTransaction, type Queries } from "./connection.ts";
import { failure, invalid, type Outcome } from "./error.ts";
import { type StreamName, STREAMS } from "./tables.ts";

/** How long the rows of a stream are kept. */
export type Policy = {
  readonly stream: StreamName;
  /** null: for ever. */
  readonly keepDays: number | null;
  /** `keepDays` cannot be less. */
  readonly leastDays: number;
};

/** The retention of a store. */
export type Retention = {
  readonly list: () => Outcome<readonly Policy[]>;
  /** Sets how long a stream is kept; the change is in the audit. */
  readonly set: (stream: StreamName, keepDays: number | null, actor: string) => Outcome<null>;
  /** Deletes what is too old, in small steps; how many rows of each stream went. The newest revision of an object stays. */
  readonly apply: () => Outcome<ReadonlyMap<StreamName, number>>;
};

/** The retention of a database. */
export const createRetention = (database: Database): Retention => ({
  list: () => database.run(async (queries) => ok(await policies(queries))),
  set: (stream, keepDays, actor) =>
    database.run((queries) =>
      inTransaction(queries, (inside) => set(inside, { stream, keepDays, actor })),
    ),
  apply: async () => {
    const gone = new Map<StreamName, number>();
    for (const stream of STREAMS) {
      const count = await expire(database, stream);
      if (!count.ok) return count;
      gone.set(stream, count.value);
    }
    return ok(gone);
  },
});

const policies = (queries: Queries): Promise<readonly Policy[]> =>
  queries
    .selectFrom("retention")
    .select(["stream", "keep_days as keepDays", "least_days as leastDays"])
    .orderBy("stream")
    .execute();

type Change = {
  readonly stream: StreamName;
  readonly keepDays: number | null;
  readonly actor: string;
};

const MOST_DAYS = 36_500;

async function set(queries: Queries, { stream, keepDays, actor }: Change): Outcome<null> {
  const before = (await policies(queries)).find((policy) => policy.stream === stream);
  if (before === undefined) return failure("not-found", `there is no stream ${stream}`);
  const { leastDays } = before;
  const isDays = Number.isInteger(keepDays) && (keepDays ?? 0) >= leastDays;
  if (keepDays !== null && (!isDays || keepDays > MOST_DAYS))
    return invalid("keepDays", `${leastDays} to ${MOST_DAYS} days for ${stream}, or null`);
  await queries
    .updateTable("retention")
    .set({ keep_days: keepDays })
    .where("stream", "=", stream)
    .execute();
  const audited = await addAudit(queries, {
    actor,
    action: "set-retention",
    project: "",
    resource: `retention/${stream}`,
    before: { keepDays: before.keepDays },
    after: { keepDays },
    sourceAddress: null,
    result: "allowed",
    reason: "",
  });
  return audited.ok ? ok(null) : audited;
}

/** Rows of one statement, so that none holds locks for long. */
const STEP = 5000;

const TABLE = {
  revision: sql`revision`,
  event: sql`journal`,
  log: sql`journal`,
  audit: sql`audit`,
  benchmark: sql`benchmark`,
  rollup: sql`rollup`,
  change: sql`change`,
} as const;

async function expire(database: Database, stream: StreamName): Outcome<number> {
  let total = 0;
  for (;;) {
    const step = await database.run((queries) => expireStep(queries, stream));
    if (!step.ok) return step;
    total += step.value;
    if (step.value < STEP) return ok(total);
  }
}

async function expireStep(queries: Queries, stream: StreamName): Outcome<number> {
  const key = stream === "change" ? sql`sequence` : sql`id`;
  const { numAffectedRows } = await sql`
    delete from seam.${TABLE[stream]} where ${key} in (
      select ${key} from seam.${TABLE[stream]} old
      where old.at < now() - make_interval(days =>
        (select keep_days from seam.retention where stream = ${stream})) and ${only(stream)}
      order by old.at limit ${STEP})`.execute(queries);
  return ok(Number(numAffectedRows ?? 0));
}

/** What else must be true of rows that go. */
function only(stream: StreamName): ReturnType<typeof sql> {
  if (stream === "event" || stream === "log") return sql`old.stream = ${stream}`;
  if (stream !== "revision") return sql`true`;
  return sql`exists (select from seam.revision newer
    where (newer.project, newer.kind, newer.namespace, newer.name) =
          (old.project, old.kind, old.namespace, old.name) and newer.number > old.number)`;
}
