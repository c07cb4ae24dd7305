/** The shapes of answers, and the components of the OpenAPI document. */
import { ExperimentSchema, ProjectSchema } from "@seam/api";
import { type TSchema, Type } from "typebox";
import { PROBLEMS } from "./problem.ts";
import { POD_COMPONENTS } from "./pod-schemas.ts";
import { REACH_COMPONENTS } from "./reach-schemas.ts";
import { closed, manifest, open, orNull, ref, time, words } from "./schemas.ts";
import { VIEW_COMPONENTS } from "./view-schemas.ts";

const page = (item: TSchema) =>
  Type.Object({ items: Type.Array(item), next: orNull(Type.String()) }, closed);

const ObjectModel = Type.Object(
  {
    apiVersion: Type.String(),
    kind: Type.String(),
    metadata: Type.Object({ name: Type.String() }, open),
  },
  { ...open, description: "An object of the cluster." },
);

const step = Type.Object({
  op: Type.String(),
  path: Type.String(),
  value: Type.Optional(Type.Any()),
});

const Revision = Type.Object(
  {
    project: Type.String(),
    kind: Type.String(),
    namespace: Type.String(),
    name: Type.String(),
    id: Type.Integer(),
    number: Type.Integer({ description: "1 for the first of an object." }),
    at: time("When it was recorded."),
    author: Type.String(),
    object: orNull(Type.Object({}, open)),
    diff: Type.Array(step, { description: "What it changed (RFC 6902)." }),
    redacted: Type.Array(Type.String(), { description: "Where secrets were (RFC 6901)." }),
  },
  closed,
);

const Audited = Type.Object(
  {
    id: Type.Integer(),
    at: time("When."),
    actor: Type.String(),
    action: Type.String(),
    project: Type.String(),
    resource: Type.String(),
    before: orNull(Type.Object({}, open)),
    after: orNull(Type.Object({}, open)),
    sourceAddress: orNull(Type.String()),
    result: words(["allowed", "denied", "failed"], "How it ended."),
    reason: Type.String(),
  },
  closed,
);

const Benchmark = Type.Object(
  {
    id: Type.Integer(),
    at: time("When it was kept."),
    project: Type.String(),
    name: Type.String(),
    author: Type.String(),
    specHash: Type.String({ description: "Equal for runs of equal specifications." }),
    document: Type.Object({}, open),
  },
  closed,
);

const Changed = Type.Object(
  {
    object: orNull(ref("Object")),
    revision: Type.Integer({ description: "Number of the revision." }),
    replayed: Type.Boolean({ description: "The key had been used for this change before." }),
    isDryRun: Type.Literal(false),
  },
  closed,
);

const Planned = Type.Object(
  {
    isDryRun: Type.Literal(true),
    plan: Type.Object(
      {
        objects: Type.Array(Type.Object({}, open)),
        nodes: Type.Array(Type.Object({}, open)),
        notes: Type.Array(Type.String()),
      },
      closed,
    ),
  },
  closed,
);

const Identity = Type.Object(
  {
    user: Type.String(),
    groups: Type.Array(Type.String()),
    scopes: Type.Array(Type.String()),
    kind: words(["session", "token"], "What they came in with."),
    csrf: orNull(
      Type.String({ description: "To be sent as `x-csrf-token` with each change of a session." }),
    ),
  },
  closed,
);

const Token = Type.Object(
  {
    id: Type.Integer(),
    label: Type.String(),
    scopes: Type.Array(Type.String()),
    createdAt: time("When it was made."),
    expiresAt: time("When it ends."),
    usedAt: orNull(time("When it was last used, to the minute.")),
  },
  closed,
);

const NewToken = Type.Object(
  { id: Type.Integer(), secret: Type.String({ description: "Told this once." }) },
  closed,
);

const Account = Type.Object(
  {
    name: Type.String(),
    groups: Type.Array(Type.String()),
    hasPassword: Type.Boolean(),
    isDisabled: Type.Boolean(),
    createdAt: time("When it was made."),
    lockedUntil: orNull(time("Until then no password is tried.")),
  },
  closed,
);

const Member = Type.Object(
  {
    user: Type.Optional(Type.String()),
    group: Type.Optional(Type.String()),
    role: Type.String(),
  },
  closed,
);

const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String(),
    code: Type.Unsafe<string>({ type: "string", enum: Object.keys(PROBLEMS) }),
    hint: Type.Optional(Type.String({ description: "What to do." })),
    errors: Type.Optional(
      Type.Array(Type.Object({ field: Type.String(), message: Type.String() }, closed)),
    ),
  },
  { ...closed, description: "Problem details (RFC 9457)." },
);

/** What the document's components are. */
export const COMPONENTS: { readonly [name: string]: TSchema } = {
  Project: ProjectSchema,
  Experiment: ExperimentSchema,
  NetworkPolicy: manifest("networking.k8s.io/v1", "NetworkPolicy"),
  Service: manifest("v1", "Service"),
  Object: ObjectModel,
  ObjectPage: page(ref("Object")),
  Revision,
  RevisionPage: page(ref("Revision")),
  Audited,
  AuditPage: page(ref("Audited")),
  Benchmark,
  BenchmarkPage: page(ref("Benchmark")),
  Changed,
  Planned,
  Identity,
  Token,
  NewToken,
  Account,
  AccountPage: page(ref("Account")),
  Member,
  Problem,
  ...POD_COMPONENTS,
  ...REACH_COMPONENTS,
  ...VIEW_COMPONENTS,
};

/** Answers. */
export const Answer = {
  object: ref("Object"),
  objects: ref("ObjectPage"),
  revision: ref("Revision"),
  revisions: ref("RevisionPage"),
  audit: ref("AuditPage"),
  benchmark: ref("Benchmark"),
  benchmarks: ref("BenchmarkPage"),
  changed: Type.Union([ref("Changed"), ref("Planned")]),
  identity: ref("Identity"),
  tokens: Type.Object({ items: Type.Array(ref("Token")) }, closed),
  newToken: ref("NewToken"),
  account: ref("Account"),
  accounts: ref("AccountPage"),
  members: Type.Object({ items: Type.Array(ref("Member")) }, closed),
  events: ref("EventList"),
  nodeView: ref("NodeView"),
  overview: ref("Overview"),
  topology: ref("Topology"),
  metrics: Type.Object(
    {
      isConfigured: Type.Boolean({ description: "Whether there is a Prometheus to ask." }),
      items: Type.Array(ref("MetricQuery")),
    },
    closed,
  ),
  metric: ref("Metric"),
  reachMatrix: ref("ReachMatrix"),
  reachAnswer: ref("ReachAnswer"),
  nothing: Type.Null({ description: "Done." }),
  problem: ref("Problem"),
};
