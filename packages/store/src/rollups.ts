/** Roll-ups of metrics: what is left of series when Prometheus, which is authoritative for live ones, has forgotten them. */
import { ok, type Result } from "@seam/base";
import { sql } from "kysely";
import type { Database, Queries } from "./connection.ts";
import { invalid, type Outcome, type StoreError } from "./error.ts";
import { checkText, firstFault, inTime, type TimeRange } from "./filters.ts";
import { keysetOf, type Page, type PageRequest } from "./page.ts";

/** One metric over one span of time; values are in the base unit that its name ends with. */
export type Rollup = {
  /** Name of the series, such as `seam_pod_tx_bytes_total`. */
  readonly metric: string;
  /** At most 1 KiB as JSON. */
  readonly labels: { readonly [label: string]: string };
  readonly resolutionSeconds: number;
  /** When the span begins. */
  readonly at: Date;
  readonly minValue: number;
  readonly maxValue: number;
  readonly sumValue: number;
  readonly sampleCount: number;
};

/** Which roll-ups. */
export type RollupFilter = TimeRange & {
  readonly metric: string;
  readonly resolutionSeconds: number;
  /** Labels that must have these values; others may be there. */
  readonly labels?: { readonly [label: string]: string };
};

/** The roll-ups of a store. They are not in the feed of changes: they are many, and nobody waits for one. */
export type Rollups = {
  /** Keeps up to 1,000, all or none; one of a span that is there already takes its place. */
  readonly put: (rollups: readonly Rollup[]) => Outcome<null>;
  readonly list: (filter: RollupFilter, page: PageRequest<"time">) => Outcome<Page<Rollup>>;
};

const MOST_ROLLUPS = 1000;
const MOST_LABEL_CHARACTERS = 1024;

/** The roll-ups of a database. */
export const createRollups = (database: Database): Rollups => ({
  put: async (rollups) => {
    const fault = faultOf(rollups);
    if (!fault.ok || rollups.length === 0) return fault;
    return database.run((queries) => put(queries, rollups));
  },
  list: async (filter, request) => {
    const keyset = keysetOf(request, { time: ["at", "id"] }, filter);
    if (!keyset.ok) return keyset;
    const { after, order, limit, page } = keyset.value;
    return database.run(async (queries) => {
      const rows = await queries
        .selectFrom("rollup")
        .select(["id", "metric", "labels", "resolution_seconds as resolutionSeconds", "at"])
        .select(["min_value as minValue", "max_value as maxValue", "sum_value as sumValue"])
        .select("sample_count as sampleCount")
        .where("metric", "=", filter.metric)
        .where("resolution_seconds", "=", filter.resolutionSeconds)
        .where(sql<boolean>`labels @> ${JSON.stringify(filter.labels ?? {})}::jsonb`)
        .where(inTime(filter))
        .where(after)
        .orderBy(order)
        .limit(limit)
        .execute();
      const { next } = page(rows);
      return ok({ rows: page(rows).rows.map(({ id: _id, ...rollup }) => rollup), next });
    });
  },
});

function faultOf(rollups: readonly Rollup[]): Result<null, StoreError> {
  if (rollups.length > MOST_ROLLUPS) return invalid("rollups", `at most ${MOST_ROLLUPS}`);
  const spans = new Set(rollups.map(spanOf));
  if (spans.size < rollups.length) return invalid("rollups", "each span of a series once");
  return firstFault(...rollups.map((rollup, index) => rollupFault(rollup, `rollups[${index}]`)));
}

/** What there may be one of. */
const spanOf = ({ metric, labels, resolutionSeconds, at }: Rollup): string =>
  JSON.stringify([metric, resolutionSeconds, at, Object.entries(labels).map(String).toSorted()]);

function rollupFault(rollup: Rollup, place: string): Result<null, StoreError> {
  const { minValue, maxValue, sumValue, resolutionSeconds, sampleCount } = rollup;
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value > 0;
  const labels = JSON.stringify(rollup.labels);
  return firstFault(
    checkText(`${place}.metric`, rollup.metric),
    labels.length <= MOST_LABEL_CHARACTERS && !labels.includes(String.raw`\u0000`)
      ? ok(null)
      : invalid(`${place}.labels`, `at most ${MOST_LABEL_CHARACTERS} characters, without NUL`),
    [minValue, maxValue, sumValue].every(Number.isFinite)
      ? ok(null)
      : invalid(`${place}.*Value`, "finite numbers"),
    isCount(resolutionSeconds) && isCount(sampleCount)
      ? ok(null)
      : invalid(`${place}.resolutionSeconds, sampleCount`, "whole numbers above 0"),
  );
}

async function put(queries: Queries, rollups: readonly Rollup[]): Outcome<null> {
  await queries
    .insertInto("rollup")
    .values(
      rollups.map((rollup) => ({
        metric: rollup.metric,
        labels: JSON.stringify(rollup.labels),
        resolution_seconds: rollup.resolutionSeconds,
        at: rollup.at,
        min_value: rollup.minValue,
        max_value: rollup.maxValue,
        sum_value: rollup.sumValue,
        sample_count: rollup.sampleCount,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(["metric", "resolution_seconds", "at", "labels"]).doUpdateSet((row) => ({
        min_value: row.ref("excluded.min_value"),
        max_value: row.ref("excluded.max_value"),
        sum_value: row.ref("excluded.sum_value"),
        sample_count: row.ref("excluded.sample_count"),
      })),
    )
    .execute();
  return ok(null);
}
