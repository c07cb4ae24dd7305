/** The shapes of requests: validation, types and the OpenAPI document come from them. */
import type { Experiment, Project } from "@seam/api";
import {
  type Static,
  type TNull,
  type TSchema,
  type TString,
  type TUnion,
  type TUnsafe,
  Type,
} from "typebox";
import { SCOPES } from "./context.ts";

/** No other fields. */
export const closed = { additionalProperties: false };
/** Any other fields. */
export const open = { additionalProperties: true };

/** One of some words. */
export const words = <const T extends readonly string[]>(
  choices: T,
  description: string,
): TUnsafe<T[number]> =>
  Type.Unsafe<T[number]>({ type: "string", enum: [...choices], description });

/** A schema of the document's components. */
export const ref = <T>(name: string): TUnsafe<T> => Type.Unsafe<T>({ $ref: `${name}#` });

/** Or null. */
export const orNull = (schema: TSchema): TUnion<[TSchema, TNull]> =>
  Type.Union([schema, Type.Null()]);
/** A moment (RFC 3339). */
export const time = (description: string): TString =>
  Type.String({ format: "date-time", description });

/** A name of Kubernetes. */
export const objectName = (description: string): TString =>
  Type.String({
    description,
    minLength: 1,
    maxLength: 253,
    pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
  });

const projectName = Type.String({
  description: "Name of the project, which is that of its namespace.",
  maxLength: 63,
  pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
});

/** The user's name of an account: it goes into a header, and is nobody of the cluster's own. */
const accountName = Type.String({
  description: "Name of the account, and of the user in the cluster.",
  minLength: 1,
  maxLength: 253,
  pattern: "^(?!system:)[!-~]+$",
});

const groupNames = Type.Array(
  Type.String({ minLength: 1, maxLength: 253, pattern: "^(?!system:)[!-~]+$" }),
  { description: "Groups of the user in the cluster.", maxItems: 64, uniqueItems: true },
);

const password = (description: string) =>
  Type.String({ description, minLength: 12, maxLength: 1024 });

const cursor = Type.Optional(
  Type.String({ description: "`next` of the page before.", minLength: 1, maxLength: 2048 }),
);
const limit = Type.Integer({
  description: "Rows in a page.",
  minimum: 1,
  maximum: 500,
  default: 100,
});
const direction = <T extends "ascending" | "descending">(usual: T) =>
  Type.Unsafe<"ascending" | "descending">({
    type: "string",
    enum: ["ascending", "descending"],
    default: usual,
  });

const rowId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** Parameters in paths. */
export const Params = {
  name: Type.Object({ name: objectName("Name of the object.") }),
  project: Type.Object({ project: projectName }),
  inProject: Type.Object({ project: projectName, name: objectName("Name of the object.") }),
  account: Type.Object({ account: accountName }),
  id: Type.Object({ id: rowId }),
  idInProject: Type.Object({ project: projectName, id: rowId }),
};

/** Number of a revision, beside other parameters. */
export const RevisionNumber = Type.Object({
  number: Type.Integer({ description: "1 for the first.", minimum: 1, maximum: 2 ** 31 }),
});

const member = Type.Object({
  type: words(["user", "group"], "What the member is."),
  member: Type.String({
    description: "As the cluster's authentication names it.",
    minLength: 1,
    maxLength: 253,
    pattern: "^[!-~]+$",
  }),
});

/** A member of a project. */
export const MemberParams = Type.Object({
  ...Params.project.properties,
  ...member.properties,
});

/** Queries. */
export const Query = {
  objects: Type.Object(
    {
      limit,
      cursor,
      sort: Type.Unsafe<"name" | "created">({
        type: "string",
        enum: ["name", "created"],
        default: "name",
      }),
      direction: direction("ascending"),
      search: Type.Optional(Type.String({ description: "Part of the name.", maxLength: 253 })),
      labelSelector: Type.Optional(
        Type.String({ description: "As in kubectl, such as `app=web`.", maxLength: 2048 }),
      ),
    },
    closed,
  ),
  change: Type.Object(
    {
      dryRun: Type.Boolean({
        description: "Answers with the plan; nothing is written.",
        default: false,
      }),
      force: Type.Boolean({
        description: "Takes over fields that others have written.",
        default: false,
      }),
    },
    closed,
  ),
  delete: Type.Object(
    { dryRun: Type.Boolean({ description: "Only tries it.", default: false }) },
    closed,
  ),
  rows: Type.Object({ limit, cursor, direction: direction("descending") }, closed),
  audit: Type.Object(
    {
      limit,
      cursor,
      direction: direction("descending"),
      actor: Type.Optional(Type.String({ maxLength: 253 })),
      action: Type.Optional(Type.String({ maxLength: 253 })),
      result: Type.Optional(words(["allowed", "denied", "failed"], "How it ended.")),
    },
    closed,
  ),
  benchmarks: Type.Object(
    {
      limit,
      cursor,
      sort: Type.Unsafe<"time" | "name">({
        type: "string",
        enum: ["time", "name"],
        default: "time",
      }),
      direction: direction("descending"),
      name: Type.Optional(Type.String({ maxLength: 253 })),
    },
    closed,
  ),
  changes: Type.Object(
    {
      project: Type.Optional(projectName),
      after: Type.Optional(
        Type.Integer({
          description: "As Last-Event-ID, for those who cannot send it.",
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
        }),
      ),
    },
    closed,
  ),
  accounts: Type.Object({ limit, cursor, direction: direction("ascending") }, closed),
};

/** Headers of changes. */
export const ChangeHeaders = Type.Object({
  "idempotency-key": Type.Optional(
    Type.String({
      description: "The caller's own mark of this change: sent again, it is done once.",
      minLength: 1,
      maxLength: 200,
      pattern: "^[!-~]+$",
    }),
  ),
  "if-match": Type.Optional(
    Type.String({
      description: "Number of the revision that the change was made from; 409 when another came.",
      pattern: '^"?[0-9]{1,10}"?$',
    }),
  ),
});

/** Headers of watchers. */
export const StreamHeaders = Type.Object({
  "last-event-id": Type.Optional(
    Type.String({ description: "`id` of the last event that was seen.", pattern: "^[0-9]{1,15}$" }),
  ),
});

const metadata = Type.Object(
  {
    name: objectName("As in the path."),
    namespace: Type.Optional(projectName),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
    resourceVersion: Type.Optional(Type.String()),
  },
  closed,
);

/** A manifest whose specification the API server checks. */
export const manifest = (apiVersion: string, kind: string): ReturnType<typeof makeManifest> =>
  makeManifest(apiVersion, kind);

const makeManifest = (apiVersion: string, kind: string) =>
  Type.Object(
    {
      apiVersion: Type.Literal(apiVersion),
      kind: Type.Literal(kind),
      metadata,
      spec: Type.Object({}, open),
    },
    closed,
  );

/** Manifests, by kind. */
export const Manifests = {
  Project: ref<Project>("Project"),
  Experiment: ref<Experiment>("Experiment"),
  NetworkPolicy: ref<Static<ReturnType<typeof manifest>>>("NetworkPolicy"),
  Service: ref<Static<ReturnType<typeof manifest>>>("Service"),
};

/** Bodies. */
export const Body = {
  login: Type.Object({ name: accountName, password: Type.String({ maxLength: 1024 }) }, closed),
  token: Type.Object(
    {
      label: Type.String({ description: "What it is for.", minLength: 1, maxLength: 253 }),
      scopes: Type.Array(words(SCOPES, "What it may be used for."), {
        minItems: 1,
        uniqueItems: true,
      }),
      days: Type.Integer({ description: "How long it is good.", minimum: 1, maximum: 365 }),
    },
    closed,
  ),
  account: Type.Object(
    {
      name: accountName,
      groups: groupNames,
      password: Type.Optional(password("Absent: the account is opened by tokens alone.")),
    },
    closed,
  ),
  accountChange: Type.Object(
    { groups: Type.Optional(groupNames), isDisabled: Type.Optional(Type.Boolean()) },
    closed,
  ),
  password: Type.Object(
    {
      current: Type.Optional(
        Type.String({ description: "Of one's own account.", maxLength: 1024 }),
      ),
      password: password("The new one."),
    },
    closed,
  ),
  member: Type.Object({ role: words(["viewer", "editor", "admin"], "What they may do.") }, closed),
};
