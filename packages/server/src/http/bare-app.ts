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
import { badField } from "./problem.ts";
import { send } from "./reply.ts";

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

/** The application without routes. */
export const bareApp = (tls: Certificate | null): App =>
  fastify({
    bodyLimit: MOST_BODY_BYTES,
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
