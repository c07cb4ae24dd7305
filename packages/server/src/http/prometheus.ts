/** Questions to a Prometheus that the operator named; nobody else names where is asked, or what. */
import { err, ok, type Result } from "@seam/base";
import { children, isJson, type Json } from "@seam/kube";
import type { Problem } from "./problem.ts";

/** One line: labels, and values by time in seconds since 1970. */
type MetricSeries = {
  readonly labels: { readonly [label: string]: string };
  readonly points: readonly (readonly [unixSeconds: number, value: number])[];
};

/** Over which time, in seconds since 1970, and how densely. */
export type MetricRange = {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly stepSeconds: number;
};

/** A Prometheus. */
export type Prometheus = {
  /** Values over a time (Prometheus HTTP API, range queries). */
  readonly range: (
    expression: string,
    range: MetricRange,
  ) => Promise<Result<readonly MetricSeries[], Problem>>;
  /** Values now: one point each. */
  readonly now: (expression: string) => Promise<Result<readonly MetricSeries[], Problem>>;
};

const PATIENCE_MS = 10_000;
const MOST_BYTES = 8_388_608;

/** A Prometheus at its base URL, such as http://prometheus:9090 or https://monitoring/prometheus. */
export function createPrometheus(base: URL): Prometheus {
  const ask = async (
    path: string,
    search: { readonly [name: string]: string },
  ): Promise<Result<readonly MetricSeries[], Problem>> => {
    const url = new URL(base);
    url.pathname = `${base.pathname.replace(/\/+$/, "")}/api/v1/${path}`;
    url.search = new URLSearchParams({ ...search, timeout: "8s" }).toString();
    try {
      return seriesIn(await read(url));
    } catch (error) {
      return err(unavailable(error instanceof Error ? error.message : String(error)));
    }
  };
  return {
    range: (query, { startSeconds, endSeconds, stepSeconds }) =>
      ask("query_range", {
        query,
        start: String(startSeconds),
        end: String(endSeconds),
        step: String(stepSeconds),
      }),
    now: (query) => ask("query", { query }),
  };
}

/** Follows nothing to elsewhere, and reads no more than a page can show. */
async function read(url: URL): Promise<unknown> {
  const answer = await fetch(url, {
    redirect: "error",
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body ?? []) {
    size += part.length;
    if (size > MOST_BYTES) throw new Error(`the answer is larger than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  const body: unknown = JSON.parse(Buffer.concat(parts).toString("utf8"));
  if (!answer.ok) throw new Error(`status ${answer.status}: ${messageIn(body)}`);
  return body;
}

const messageIn = (body: unknown): string =>
  isJson(body) && typeof body["error"] === "string" ? body["error"] : "no reason given";

function seriesIn(body: unknown): Result<readonly MetricSeries[], Problem> {
  const data = isJson(body) ? body["data"] : null;
  if (!isJson(data)) return err(unavailable("the answer is not that of a Prometheus"));
  return ok(children(data, "result").map(seriesOf));
}

/** A matrix has `values`, a vector one `value`. */
function seriesOf(result: Json): MetricSeries {
  const { metric, values, value } = result;
  const points: readonly unknown[] = Array.isArray(values) ? values : [value];
  return {
    labels: isJson(metric)
      ? Object.fromEntries(Object.entries(metric).map(([name, text]) => [name, String(text)]))
      : {},
    points: points.flatMap((point) => {
      const [at, text]: readonly unknown[] = Array.isArray(point) ? point : [];
      const found = Number(text);
      return typeof at === "number" && Number.isFinite(found) ? [[at, found] as const] : [];
    }),
  };
}

const unavailable = (why: string): Problem => ({
  code: "metrics-unavailable",
  detail: `Prometheus does not answer: ${why}`,
  hint: "Ask who runs the server to look at the address that --prometheus names.",
  retryAfterSeconds: 5,
});

/** Why nothing is measured. */
export const NO_PROMETHEUS: Problem = {
  code: "metrics-unavailable",
  detail: "no Prometheus is configured",
  hint: "Ask who runs the server to start it with --prometheus URL (docs/guide/monitoring.md).",
};
