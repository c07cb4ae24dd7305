/** What dashboards are made of: queries of Prometheus over the metrics of docs/guide/metrics.md. */

/** One line, or several of the same query. */
type Query = {
  /** PromQL; `$__rate_interval` is Grafana's, `$namespace` and the like are variables of the page. */
  readonly expression: string;
  /** What a line is called, with its labels in double braces. */
  readonly legend: string;
};

/** A drawing over time, or one figure. */
export type Panel = {
  readonly title: string;
  /** What it means, and what to do when it is not as it should be. */
  readonly description: string;
  /** A unit of Grafana: `bps`, `pps`, `s`, `bytes`, `short`, `percentunit`. */
  readonly unit: string;
  readonly shape: "lines" | "figure";
  readonly queries: readonly Query[];
};

/** A page. */
export type Page = {
  /** Name of the file, and of the page in links: `seam-` and this. */
  readonly name: string;
  readonly title: string;
  /** Labels by which a reader chooses, and the metric that knows their values. */
  readonly variables: readonly { readonly label: string; readonly metric: string }[];
  readonly panels: readonly Panel[];
};

type Shown = Omit<Panel, "shape" | "queries">;
/** A drawing over time. */
export const lines = (shown: Shown, ...queries: readonly Query[]): Panel => ({
  ...shown,
  shape: "lines",
  queries,
});
/** One figure. */
export const figure = (shown: Shown, expression: string, legend = ""): Panel => ({
  ...shown,
  shape: "figure",
  queries: [{ expression, legend }],
});
/** A line and its name. */
export const query = (expression: string, legend: string): Query => ({ expression, legend });

/** The time over which Grafana takes rates. */
export const OVER = "[$__rate_interval]";
/** Per second, summed by labels; a cluster in which it never happened shows 0. */
export const rateBy = (by: string, series: string): string =>
  `sum by (${by}) (rate(${series}${OVER})) or vector(0)`;
/** The time below which 99 of 100 were, by labels. */
export const slowest = (by: string, histogram: string): string =>
  `histogram_quantile(0.99, sum by (le, ${by}) (rate(${histogram}_bucket${OVER})))`;
/** A figure of a process, with the name of its program; those of others than Seam are left out. */
export const ofPrograms = (expression: string): string =>
  `sum by (program, instance) (${expression} * on (instance) group_left (program) seam_build_info)`;
