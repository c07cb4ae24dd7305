/** Named questions about metrics, answered by the operator's Prometheus and limited to what the caller may list (S10, S11). */
import { err, ok, type Result } from "@seam/base";
import { listObjects } from "@seam/client";
import type { Static } from "typebox";
import { Type } from "typebox";
import { Answer } from "./answers.ts";
import type { App } from "./bare-app.ts";
import type { Context, Principal } from "./context.ts";
import { isOneOf, METRIC_QUERIES, type MetricQuery } from "./metric-catalogue.ts";
import { describedIn } from "./openapi.ts";
import { badField, ofSeam, type Problem } from "./problem.ts";
import { type MetricRange, NO_PROMETHEUS } from "./prometheus.ts";
import { answer, principalOf } from "./reply.ts";
import { objectName, Params } from "./schemas.ts";
import { podsOfExperiment } from "./topology.ts";
import { MetricTimes } from "./view-schemas.ts";

const schemaOf = describedIn("metrics");
const config = { scope: "read" } as const;

const named = {
  query: Type.String({
    description: "Name of the question (GET /api/v1/metrics).",
    pattern: "^[a-z-]{1,63}$",
  }),
};
const PROJECT_PARAMS = Type.Object({ ...Params.project.properties, ...named });
const PROJECT_SEARCH = Type.Object(
  {
    ...MetricTimes,
    pod: Type.Optional(objectName("One pod only.")),
    experiment: Type.Optional(objectName("Pods of one experiment only.")),
  },
  { additionalProperties: false },
);
const CLUSTER_SEARCH = Type.Object(
  { ...MetricTimes, node: Type.Optional(objectName("One node only.")) },
  { additionalProperties: false },
);

/** Adds the routes. */
export function addMetricRoutes(app: App, context: Context): void {
  app.get(
    "/api/v1/metrics",
    {
      schema: schemaOf("listMetrics", "Which questions about metrics there are", {
        200: Answer.metrics,
      }),
      config,
    },
    () => ({
      isConfigured: context.prometheus !== null,
      items: [...METRIC_QUERIES.values()].map(toldOf),
    }),
  );
  addProjectMetric(app, context);
  addClusterMetric(app, context);
}

const toldOf = ({
  name,
  title,
  description,
  unit,
  scope,
}: MetricQuery): Omit<MetricQuery, "expression"> => ({ name, title, description, unit, scope });

function addProjectMetric(app: App, context: Context): void {
  app.get(
    "/api/v1/projects/:project/metrics/:query",
    {
      schema: {
        ...schemaOf("queryProjectMetric", "A metric of a project's pods over time", {
          200: Answer.metric,
        }),
        params: PROJECT_PARAMS,
        querystring: PROJECT_SEARCH,
      },
      config,
    },
    async (request, reply) => {
      const { project, query } = request.params;
      const matchers = await podMatchers(context, principalOf(request), {
        project,
        ...request.query,
      });
      const asked = { name: query, scope: "project", search: request.query } as const;
      const found = matchers.ok ? await measured(context, asked, matchers.value) : matchers;
      return answer(request, reply, found);
    },
  );
}

type Pods = {
  readonly project: string;
  readonly pod?: string;
  readonly experiment?: string;
};

/** Which pods a question is about, for somebody who may list them. */
async function podMatchers(
  { access, kube }: Context,
  { person }: Principal,
  { project: namespace, pod, experiment }: Pods,
): Promise<Result<readonly string[], Problem>> {
  const may = await access.need(person, { verb: "list", group: "", resource: "pods", namespace });
  if (!may.ok) return may;
  const inProject = `namespace="${namespace}"`;
  if (pod !== undefined) return ok([inProject, `pod="${pod}"`]);
  if (experiment === undefined) return ok([inProject]);
  const ref = { apiVersion: "v1", kind: "Pod", namespace };
  const pods = await listObjects(kube.inNameOf(person), ref, podsOfExperiment(experiment));
  if (!pods.ok) return err(ofSeam(pods.error));
  const names = pods.value.map(({ metadata }) => metadata.name);
  return ok([inProject, isOneOf("pod", names)]);
}

function addClusterMetric(app: App, context: Context): void {
  app.get(
    "/api/v1/metrics/:query",
    {
      schema: {
        ...schemaOf("queryClusterMetric", "A metric of nodes, or of Seam itself, over time", {
          200: Answer.metric,
        }),
        params: Type.Object(named),
        querystring: CLUSTER_SEARCH,
      },
      config,
    },
    async (request, reply) => {
      const { person } = principalOf(request);
      const may = await context.access.need(person, { verb: "list", group: "", resource: "nodes" });
      const { node } = request.query;
      const matchers = node === undefined ? [] : [`node="${node}"`];
      const asked = {
        name: request.params.query,
        scope: "cluster",
        search: request.query,
      } as const;
      return answer(request, reply, may.ok ? await measured(context, asked, matchers) : may);
    },
  );
}

type Search = { readonly [time in keyof typeof MetricTimes]?: Static<(typeof MetricTimes)[time]> };
type Asked = {
  readonly name: string;
  readonly scope: MetricQuery["scope"];
  readonly search: Search;
};

const MOST_SERIES = 200;
/** Prometheus takes a look at least every 5 s (docs/guide/monitoring.md), and a rate takes some. */
const LEAST_WINDOW_SECONDS = 20;

async function measured(
  { prometheus }: Context,
  { name, scope, search }: Asked,
  matchers: readonly string[],
): Promise<Result<object, Problem>> {
  const query = METRIC_QUERIES.get(name);
  if (query?.scope !== scope) return err(unknownQuery(name, scope));
  const range = rangeOf(search, Date.now() / 1000);
  if (!range.ok) return range;
  if (prometheus === null) return err(NO_PROMETHEUS);
  const { stepSeconds } = range.value;
  const windowSeconds = Math.max(LEAST_WINDOW_SECONDS, stepSeconds);
  const found = await prometheus.range(query.expression({ matchers, windowSeconds }), range.value);
  if (!found.ok) return found;
  return ok({
    unit: query.unit,
    stepSeconds,
    series: found.value.slice(0, MOST_SERIES),
    truncated: found.value.length > MOST_SERIES,
  });
}

const unknownQuery = (name: string, scope: MetricQuery["scope"]): Problem => ({
  code: "not-found",
  detail: `there is no metric "${name}" of ${scope === "project" ? "projects" : "the cluster"}`,
  hint: "See GET /api/v1/metrics.",
});

const USUAL_SECONDS = 900;
const MOST_SECONDS = 31 * 86_400;
const MOST_POINTS = 1000;
const USUAL_POINTS = 240;
const LEAST_STEP_SECONDS = 5;

/** The last quarter of an hour unless another time is asked for. */
function rangeOf({ start, end, step }: Search, nowSeconds: number): Result<MetricRange, Problem> {
  const endSeconds = end ?? nowSeconds;
  const startSeconds = start ?? endSeconds - USUAL_SECONDS;
  const lengthSeconds = endSeconds - startSeconds;
  if (lengthSeconds <= 0 || lengthSeconds > MOST_SECONDS)
    return err(badField("query.start", "expected a time before end, 31 days at most"));
  const usual = Math.max(LEAST_STEP_SECONDS, Math.ceil(lengthSeconds / USUAL_POINTS));
  const stepSeconds = step ?? usual;
  if (lengthSeconds / stepSeconds > MOST_POINTS)
    return err(badField("query.step", `expected at most ${MOST_POINTS} steps from start to end`));
  return ok({ startSeconds, endSeconds, stepSeconds });
}
