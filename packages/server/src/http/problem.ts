/** Failures as the API answers them: problem details (RFC 9457) with a code for programs, what to do, and each field that is wrong. */
import type { FieldError } from "@seam/api";
import type { SeamError } from "@seam/client";
import { child, children, isJson, type KubeError, textAt } from "@seam/kube";
import type { StoreError } from "@seam/store";

/** Every code, with its HTTP status and its title. */
export const PROBLEMS = {
  "bad-request": [400, "The request cannot be read"],
  unauthenticated: [401, "Nobody is signed in"],
  forbidden: [403, "Not allowed"],
  "not-found": [404, "Not found"],
  conflict: [409, "Somebody else was first"],
  "too-large": [413, "The body is too large"],
  "unsupported-media-type": [415, "The media type of the body is not understood"],
  invalid: [422, "The object is not valid"],
  "too-many-requests": [429, "Too many requests"],
  internal: [500, "A fault of the server"],
  "cluster-unavailable": [503, "The cluster cannot be asked"],
  "metrics-unavailable": [503, "Metrics cannot be asked"],
  "store-unavailable": [503, "The store cannot be asked"],
} as const satisfies { readonly [code: string]: readonly [number, string] };

/** What kind of failure it is. */
type ProblemCode = keyof typeof PROBLEMS;

/** One field that is wrong, such as `query.limit` or `body.spec.workloads[0].image`. */
type FieldProblem = { readonly field: string; readonly message: string };

/** A failure on its way to the caller. */
export type Problem = {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly hint?: string;
  readonly errors?: readonly FieldProblem[];
  readonly retryAfterSeconds?: number;
};

/** The document (RFC 9457 section 3) of a failure; `instance` is the number of the request, as in the server's log. */
export function problemDocument(problem: Problem, requestId: string): object {
  const { code, detail, hint, errors } = problem;
  const [status, title] = PROBLEMS[code];
  return {
    type: `urn:seam:problem:${code}`,
    title,
    status,
    detail,
    instance: `urn:seam:request:${requestId}`,
    code,
    ...(hint === undefined ? {} : { hint }),
    ...(errors === undefined ? {} : { errors }),
  };
}

/** One field of the request that cannot be taken. */
export const badField = (field: string, message: string): Problem => ({
  code: "bad-request",
  detail: `${field}: ${message}`,
  errors: [{ field, message }],
});

/** Fields of an object in the body. */
export const invalidFields = (errors: readonly FieldError[]): Problem => {
  const fields = errors.map(({ path, expected, example, found }) => ({
    field: path === "" ? "body" : `body.${path}`,
    message: `expected ${expected}, for example ${example}; found ${found}`,
  }));
  return { code: "invalid", detail: sentence(fields), errors: fields };
};

const sentence = (errors: readonly FieldProblem[]): string =>
  errors.map(({ field, message }) => `${field}: ${message}`).join("; ");

const RETRY_SECONDS = 2;

/** What the API server, or its absence, means to a caller. */
export function ofKube(error: KubeError): Problem {
  switch (error.kind) {
    case "transport":
      return unavailable("cluster-unavailable", error.message);
    case "usage":
      return {
        code: "not-found",
        detail: error.message,
        hint: "Put Seam into the cluster: seam install.",
      };
    case "api":
      return ofStatus(error);
  }
}

const unavailable = (
  code: "cluster-unavailable" | "store-unavailable",
  detail: string,
): Problem => ({ code, detail, retryAfterSeconds: RETRY_SECONDS });

/** Kubernetes answers 500 to a manifest whose fields have other types than those of the kind. */
const TYPED =
  /failed to create (?:manager for|typed patch) object|\.[\w.[\]]+: (?:field not declared|expected )/;

function ofStatus(error: KubeError): Problem {
  const { code: status, message } = error;
  if (/cannot impersonate resource/.test(message)) {
    const hint = "Give the server's own user the verb impersonate on users and groups.";
    return { ...unavailable("cluster-unavailable", message), hint };
  }
  if (TYPED.test(message))
    return { code: "invalid", detail: message, errors: typedFields(message) };
  const code = BY_STATUS[status];
  if (code === undefined) return unavailable("cluster-unavailable", message);
  const errors = causesOf(error);
  return { code, detail: message, ...(errors.length === 0 ? {} : { errors }) };
}

const BY_STATUS: { readonly [status: number]: ProblemCode } = {
  400: "bad-request",
  403: "forbidden",
  404: "not-found",
  409: "conflict",
  410: "bad-request",
  413: "too-large",
  415: "unsupported-media-type",
  422: "invalid",
};

/** The fields in `details.causes` of a `Status`. */
function causesOf({ details }: KubeError): readonly FieldProblem[] {
  const causes = isJson(details) ? children(child({ details }, "details"), "causes") : [];
  return causes.flatMap((cause) => {
    const field = textAt(cause, "field");
    const message = textAt(cause, "message");
    return field === null || message === null
      ? []
      : [{ field: `body.${field.replace(/^\./, "")}`, message }];
  });
}

const typedFields = (message: string): readonly FieldProblem[] =>
  [...message.matchAll(/\.([\w.[\]=",-]+): ([^\n]+)/g)].map(([, field = "", said = ""]) => ({
    field: `body.${field}`,
    message: said,
  }));

/** What the store, or its absence, means to a caller. */
export function ofStore({ code, message }: StoreError): Problem {
  switch (code) {
    case "unavailable":
    case "refused":
      return unavailable("store-unavailable", message);
    case "conflict":
      return { code: "conflict", detail: message };
    case "invalid":
      return { code: "bad-request", detail: message, errors: fieldIn(message) };
    case "not-found":
    case "gone":
      return { code: "not-found", detail: message };
    case "failed":
      return { code: "internal", detail: message };
  }
}

function fieldIn(message: string): readonly FieldProblem[] {
  const [field = "", ...rest] = message.split(": ");
  return [{ field, message: rest.join(": ") }];
}

/** What a failed plan means to a caller. */
export function ofSeam({ code, message, hint, details }: SeamError): Problem {
  const more = { hint, ...(details.length === 0 ? {} : { errors: details.map(bodyProblem) }) };
  return { code: BY_CODE[code], detail: message, ...more };
}

const bodyProblem = (message: string): FieldProblem => ({ field: "body", message });

const BY_CODE: { readonly [code in SeamError["code"]]: ProblemCode } = {
  BadConfig: "cluster-unavailable",
  BadInput: "invalid",
  Conflict: "conflict",
  Denied: "forbidden",
  Failed: "invalid",
  NotFound: "not-found",
  NotInstalled: "not-found",
  Refused: "invalid",
  Timeout: "cluster-unavailable",
  Unreachable: "cluster-unavailable",
};
