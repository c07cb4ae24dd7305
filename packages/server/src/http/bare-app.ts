/** The bare HTTP application: its limits, and the types that its routes share. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from "fastify";
import type { Principal, Scope } from "./context.ts";
import { isDeep, MOST_LEVELS } from "./json-depth.ts";
import { badField } from "./problem.ts";
import { InvalidRequest, send } from "./reply.ts";

declare module "fastify" {
  interface FastifyRequest {
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** What the credential must be for; `public`: anybody may ask; null: whatever it is for. */
    scope?: Scope | "public" | null;
    /** Signing in is guessed at, so it is asked seldom. */
    isSignIn?: boolean;
  }
}

/** Certificate and key in PEM form. */
export type Certificate = { readonly cert: string; readonly key: string };

/** Larger objects than etcd takes are no use. */
const MOST_BODY_BYTES = 1_048_576;
/** From the first byte of a request to its last. */
const REQUEST_MS = 30_000;

/** A Fastify application whose routes are typed by their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

const TOO_DEEP = badField("body", `expected at most ${MOST_LEVELS} levels of lists and objects`);

/** The application without routes. */
export function bareApp(tls: Certificate | null): App {
  const app = emptyApp(tls);
  const parse = app.getDefaultJsonParser("error", "error");
  // Also a deletion by a client that names the type of no body at all.
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    const text = String(body);
    if (text === "") done(null);
    else if (isDeep(text)) done(new InvalidRequest(TOO_DEEP));
    else void parse(request, text, done);
  });
  return app;
}

const emptyApp = (tls: Certificate | null): App =>
  fastify({
    bodyLimit: MOST_BODY_BYTES,
    exposeHeadRoutes: false,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: true,
    genReqId: () => randomUUID(),
    logger: false,
    routerOptions: { maxParamLength: 512 },
    serverFactory: (handler) =>
      tls === null
        ? createServer({ requestTimeout: REQUEST_MS }, handler)
        : createTlsServer({ ...tls, requestTimeout: REQUEST_MS }, handler),
    frameworkErrors: (error, request, reply) => {
      void send(request, reply, badField("path", error.message));
    },
  }).withTypeProvider<TypeBoxTypeProvider>();

/** Where it listens, such as https://127.0.0.1:9850; Fastify does not know of TLS by a server that it did not make. */
export async function listen(
  app: App,
  tls: Certificate | null,
  place: { readonly host: string; readonly port: number },
): Promise<string> {
  const address = await app.listen(place);
  return tls === null ? address : address.replace(/^http:/, "https:");
}
