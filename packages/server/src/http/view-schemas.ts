/** The shapes of questions and answers about metrics, the state of everything, and an experiment's topology. */
import { Type } from "typebox";
import { closed, orNull, ref, words } from "./schemas.ts";

const moment = (description: string) =>
  Type.Optional(Type.Number({ description, minimum: 0, maximum: 1e11 }));

/** Over which time a metric is asked about. */
export const MetricTimes = {
  start: moment("Seconds since 1970; absent: 15 minutes before the end."),
  end: moment("Seconds since 1970; absent: now."),
  step: Type.Optional(
    Type.Number({ description: "Seconds between points.", minimum: 1, maximum: 86_400 }),
  ),
};

const MetricQuery = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    description: Type.String(),
    unit: Type.String({
      description: "bps, pps, ops, bytes, Mbits, or short for a bare number.",
    }),
    scope: words(["project", "cluster"], "What it is about."),
  },
  closed,
);

const MetricSeries = Type.Object(
  {
    labels: Type.Record(Type.String(), Type.String()),
    points: Type.Array(
      Type.Array(Type.Number(), {
        minItems: 2,
        maxItems: 2,
        description: "Seconds since 1970, and the value.",
      }),
    ),
  },
  closed,
);

const Metric = Type.Object(
  {
    unit: Type.String(),
    stepSeconds: Type.Number(),
    series: Type.Array(ref("MetricSeries")),
    truncated: Type.Boolean({ description: "There are more series." }),
  },
  closed,
);

const count = (description: string) => Type.Integer({ minimum: 0, description });
const Ready = Type.Object({ total: count("All."), ready: count("Those that are ready.") }, closed);

const Attention = Type.Object(
  {
    severity: words(["warning", "error"], "How bad it is."),
    title: Type.String(),
    detail: Type.String(),
    hint: Type.String({ description: "What to do." }),
    link: orNull(
      Type.Object(
        { kind: Type.String(), project: orNull(Type.String()), name: Type.String() },
        closed,
      ),
    ),
  },
  closed,
);

const Overview = Type.Object(
  {
    nodes: orNull(Ready),
    agents: orNull(Ready),
    projects: count("That you may see."),
    experiments: Type.Object(
      {
        total: count("In them."),
        ready: count("Those that are ready."),
        failed: count("Those that failed, or are not as they should be."),
      },
      closed,
    ),
    capacity: Type.Array(
      Type.Object(
        {
          resource: Type.String({ description: "As nodes name it, such as cpu." }),
          unit: words(["cores", "bytes", "count"], "Of both figures."),
          allocatable: Type.Number({ description: "Of all nodes." }),
          requested: Type.Number({ description: "By all pods that have not ended." }),
        },
        closed,
      ),
      { description: "Empty for those who may not list nodes and all pods." },
    ),
    attention: Type.Array(ref("Attention"), { description: "The worst first." }),
  },
  closed,
);

const rate = (description: string) => orNull(Type.Number({ minimum: 0, description }));

const TopologyNode = Type.Object(
  {
    id: Type.String(),
    kind: words(["workload", "service"], "What it is."),
    name: Type.String(),
    ready: count("Pods that are ready."),
    wanted: count("Pods that should be."),
    pods: Type.Array(
      Type.Object(
        { name: Type.String(), node: orNull(Type.String()), ready: Type.Boolean() },
        closed,
      ),
    ),
    sentBitsPerSecond: rate("By all its pods; null: not known."),
    receivedBitsPerSecond: rate("By all its pods; null: not known."),
  },
  closed,
);

const TopologyEdge = Type.Object(
  {
    from: Type.String({ description: "`id` of a node." }),
    to: Type.String({ description: "`id` of a node." }),
    kind: words(
      ["allowed", "service"],
      "Policies let the first open connections to the second; or a service leads to it.",
    ),
    ports: Type.Array(Type.String(), { description: "As 80/TCP; `all`; `all but 80/TCP`." }),
  },
  closed,
);

const Topology = Type.Object(
  {
    nodes: Type.Array(ref("TopologyNode")),
    edges: Type.Array(ref("TopologyEdge")),
    metrics: words(["ok", "not-configured", "unavailable"], "Whether rates are measured."),
    notes: Type.Array(Type.String({ description: "What could not be taken into account." })),
  },
  closed,
);

/** Components of the document. */
export const VIEW_COMPONENTS = {
  MetricQuery,
  MetricSeries,
  Metric,
  Attention,
  Overview,
  TopologyNode,
  TopologyEdge,
  Topology,
};
