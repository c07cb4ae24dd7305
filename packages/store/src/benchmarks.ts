/** Results of benchmarks: each whole, with the hash of its specification, so that equal ones can be compared. */
import { ok } from "@seam/base";
import { type Database, inTransaction, type Queries } from "./connection.ts";
import { failure, type Outcome } from "./error.ts";
import { publish } from "./feed.ts";
import { checkText, firstFault, inProject, inTime, type TimeRange } from "./filters.ts";
import { storableJson } from "./filters.ts";
import type { JsonObject } from "./json-patch.ts";
import { keysetOf, type Page, type PageRequest } from "./page.ts";

/** A result to be kept. */
export type NewBenchmark = {
  /** Empty for what belongs to no project. */
  readonly project: string;
  /** The benchmark, such as `throughput`. */
  readonly name: string;
  readonly author: string;
  /** Equal for runs of equal specifications. */
  readonly specHash: string;
  /** What the run printed: environment, cases, figures with their units. */
  readonly document: JsonObject;
};

/** A result as kept. */
export type Benchmark = NewBenchmark & { readonly id: number; readonly at: Date };

/** Which results; absent fields match all. */
export type BenchmarkFilter = TimeRange & {
  readonly project?: string;
  readonly name?: string;
  readonly specHash?: string;
};

/** The results of a store. */
export type Benchmarks = {
  readonly put: (result: NewBenchmark) => Outcome<number>;
  readonly get: (id: number) => Outcome<Benchmark>;
  readonly list: (
    filter: BenchmarkFilter,
    page: PageRequest<"time" | "name">,
  ) => Outcome<Page<Benchmark>>;
};

const SORTS = { time: ["at", "id"], name: ["name", "at", "id"] } as const;

/** The results of a database. */
export const createBenchmarks = (database: Database): Benchmarks => ({
  put: async (result) => {
    const fault = firstFault(
      checkText("project", result.project, { least: 0 }),
      checkText("name", result.name),
      checkText("author", result.author),
      checkText("specHash", result.specHash),
    );
    if (!fault.ok) return fault;
    return database.run((queries) => inTransaction(queries, (inside) => put(inside, result)));
  },
  get: (id) => database.run((queries) => get(queries, id)),
  list: async (filter, request) => {
    const keyset = keysetOf(request, SORTS, filter);
    if (!keyset.ok) return keyset;
    const { after, order, limit, page } = keyset.value;
    return database.run(async (queries) => {
      let query = all(queries).where(inProject(filter)).where(inTime(filter));
      if (filter.name !== undefined) query = query.where("name", "=", filter.name);
      if (filter.specHash !== undefined) query = query.where("spec_hash", "=", filter.specHash);
      return ok(page(await query.where(after).orderBy(order).limit(limit).execute()));
    });
  },
});

async function put(queries: Queries, result: NewBenchmark): Outcome<number> {
  const { project, name, author, specHash, document } = result;
  const { id } = await queries
    .insertInto("benchmark")
    .values({
      project,
      name,
      author,
      spec_hash: specHash,
      document: JSON.stringify(storableJson(document)),
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  await publish(queries, "benchmark", [{ project, rowId: id }]);
  return ok(id);
}

const all = (queries: Queries) =>
  queries
    .selectFrom("benchmark")
    .select(["id", "at", "project", "name", "author", "spec_hash as specHash", "document"]);

async function get(queries: Queries, id: number): Outcome<Benchmark> {
  const row = await all(queries).where("id", "=", id).executeTakeFirst();
  return row === undefined ? failure("not-found", `there is no benchmark result ${id}`) : ok(row);
}
