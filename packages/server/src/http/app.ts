/** The HTTP application: who may ask how often, who asks, what is checked, and how everything is answered. */
import swagger from "@fastify/swagger";
import type { FastifyReply, FastifyRequest } from "fastify";
import { addAccountRoutes } from "./account-routes.ts";
import { COMPONENTS } from "./answers.ts";
import { type App, bareApp, type Certificate } from "./bare-app.ts";
import { auditOf, type Context } from "./context.ts";
import type { Answered } from "./http-meter.ts";
import { createIdentify } from "./identity.ts";
import { addMemberRoutes } from "./member-routes.ts";
import { addMetricRoutes } from "./metric-routes.ts";
import { addObjectRoutes } from "./object-routes.ts";
import { documentOptions } from "./openapi.ts";
import { addPodRoutes } from "./pod-routes.ts";
import { badField, type Problem, PROBLEMS } from "./problem.ts";
import { createRateLimiter, type RateLimit } from "./rate-limit.ts";
import { addReachRoutes } from "./reach-routes.ts";
import { addRecordRoutes } from "./record-routes.ts";
import { InvalidRequest, send } from "./reply.ts";
import { addSessionRoutes } from "./session-routes.ts";
import { addStaticRoutes, type StaticFiles } from "./static-files.ts";
import { addStreamRoutes } from "./stream-routes.ts";
import { addTokenRoutes } from "./token-routes.ts";
import { addViewRoutes } from "./view-routes.ts";
import { createValidators } from "./validation.ts";

/** How often people may ask. */
export type Limits = {
  /** Each address. */
  readonly address: RateLimit;
  /** Each address, to sign in. */
  readonly signIn: RateLimit;
};

/** How the application is served. */
export type AppOptions = {
  readonly tls: Certificate | null;
  readonly limits: Limits;
  /** The dashboard; null: the API alone. */
  readonly files: StaticFiles | null;
  readonly onAnswered: (answered: Answered) => void;
};

/** The application; it does not listen yet. */
export async function createApp(context: Context, options: AppOptions): Promise<App> {
  const app = bareApp(options.tls);
  app.decorateRequest("principal", null);
  app.setValidatorCompiler(createValidators());
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  for (const [$id, schema] of Object.entries(COMPONENTS)) app.addSchema({ ...schema, $id });
  await app.register(swagger, documentOptions());
  addGuards(app, context, options.limits);
  answerFailures(app, context);
  app.addHook("onResponse", async (request, reply) =>
    options.onAnswered(answeredBy(request, reply)),
  );
  app.get("/openapi.json", { schema: { hide: true }, config: { scope: "public" } }, () =>
    app.swagger(),
  );
  addSessionRoutes(app, context);
  addTokenRoutes(app, context);
  addAccountRoutes(app, context);
  addObjectRoutes(app, context);
  addMemberRoutes(app, context);
  addPodRoutes(app, context);
  addMetricRoutes(app, context);
  addViewRoutes(app, context);
  addRecordRoutes(app, context);
  addReachRoutes(app, context);
  addStreamRoutes(app, context);
  if (options.files !== null) addStaticRoutes(app, options.files);
  await app.ready();
  return app;
}

const answeredBy = (request: FastifyRequest, reply: FastifyReply): Answered => ({
  requestId: request.id,
  method: request.method,
  route: request.routeOptions.url ?? "none",
  status: reply.statusCode,
  ms: Math.round(reply.elapsedTime * 1000) / 1000,
  user: request.principal?.person.user ?? null,
  ip: request.ip,
});

function addGuards(app: App, { store, isSecure }: Context, limits: Limits): void {
  const byAddress = createRateLimiter(limits.address);
  const identify = createIdentify(store);
  const bySignIn = createRateLimiter(limits.signIn);
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(securityHeaders(isSecure));
    // A route that says nothing is for nobody who is not known.
    const unsaid = request.is404 ? "public" : null;
    const { scope = unsaid, isSignIn = false } = request.routeOptions.config;
    const limiter = isSignIn ? bySignIn : byAddress;
    const waitMs = limiter(request.ip, performance.now());
    if (waitMs > 0) return send(request, reply, tooOften(waitMs));
    if (scope === "public") return;
    const who = await identify(request, scope);
    if (!who.ok) return send(request, reply, who.error);
    request.principal = who.value;
  });
}

const tooOften = (waitMs: number): Problem => ({
  code: "too-many-requests",
  detail: "too many requests from this address",
  retryAfterSeconds: Math.ceil(waitMs / 1000),
});

/** What a browser may do with an answer: nothing but hand it to the page that asked. */
const securityHeaders = (isSecure: boolean): { readonly [name: string]: string } => ({
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  ...(isSecure ? { "strict-transport-security": "max-age=31536000; includeSubDomains" } : {}),
});

function answerFailures(app: App, context: Context): void {
  app.setNotFoundHandler(async (request, reply) =>
    send(request, reply, {
      code: "not-found",
      detail: `there is no ${request.method} ${pathOf(request)}`,
      hint: "See GET /openapi.json.",
    }),
  );
  app.setErrorHandler(async (error, request, reply) => {
    const problem = problemOf(error);
    if (problem.code === "internal")
      context.log.error({ error: stackOf(error), requestId: request.id }, "a request failed");
    return send(request, reply, problem);
  });
  app.addHook("onSend", async (request, reply) => {
    if (reply.statusCode === PROBLEMS.forbidden[0]) await auditDenial(context, request);
  });
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

const pathOf = ({ url }: FastifyRequest): string => url.split("?")[0] ?? url;

/** A refusal is in the audit, by whichever guard it was made; it stays refused when the store is away. */
async function auditDenial({ store, log }: Context, request: FastifyRequest): Promise<void> {
  const { principal, method } = request;
  if (principal === null) return;
  const params: unknown = request.params;
  const entry = auditOf(principal, request.ip, {
    action: method.toLowerCase(),
    resource: pathOf(request).slice(0, 1024),
    project: projectIn(params),
    result: "denied",
    reason: "forbidden",
  });
  const kept = await store.audit.append(entry);
  if (!kept.ok) log.warn({ error: kept.error.message, entry }, "a denial is not in the audit");
}

function projectIn(params: unknown): string {
  if (typeof params !== "object" || params === null || !("project" in params)) return "";
  return typeof params.project === "string" ? params.project : "";
}

const BY_STATUS = new Map<number, Problem["code"]>([
  [413, "too-large"],
  [415, "unsupported-media-type"],
]);

/** What was thrown: a failed check, Fastify's own refusal of a request, or a fault of ours. */
function problemOf(error: unknown): Problem {
  if (error instanceof InvalidRequest) return error.problem;
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : 500;
  if (!(error instanceof Error) || typeof status !== "number" || status >= 500)
    return { code: "internal", detail: "the server failed; its log tells more by this instance" };
  return { ...badField("body", error.message), code: BY_STATUS.get(status) ?? "bad-request" };
}
