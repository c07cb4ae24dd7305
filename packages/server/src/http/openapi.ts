/** The OpenAPI document, made from the routes' schemas. */
import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import type { FastifyContextConfig } from "fastify";
import { Answer } from "./answers.ts";

const DESCRIPTION = `Seam's API. What somebody may do is what the cluster's RBAC lets them do: each call is made in their name.
Failures are problem details (RFC 9457). Lists come in pages: go on with \`cursor\` until \`next\` is null.`;

/** How the document is made. */
export const documentOptions = (): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: "3.1.0",
    info: {
      title: "Seam",
      version: "v1",
      description: DESCRIPTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "An API token." },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "seam_session",
          description: "A session; changes must carry its `csrf` as `x-csrf-token`.",
        },
      },
    },
  },
  transform: ({ schema, url, route }) => ({
    url,
    schema: { ...schema, ...securityOf(route.config?.scope) },
  }),
  refResolver: {
    buildLocalReference: (...[json, , , index]) =>
      typeof json["$id"] === "string" ? json["$id"] : `def-${index}`,
  },
});

type Described = {
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  /** Successful answers, by status. */
  readonly answers: { readonly [status: number]: unknown };
};

type RouteDocument = {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly response: { readonly [status: string]: unknown };
};

/** What the document says about a route, beside its requests' shapes. */
export const described = ({ operationId, summary, tag, answers }: Described): RouteDocument => ({
  operationId,
  summary,
  tags: [tag],
  response: { ...answers, "4xx": Answer.problem, "5xx": Answer.problem },
});

/** `described` for the routes of one tag. */
export const describedIn =
  (tag: string) =>
  (operationId: string, summary: string, answers: Described["answers"]): RouteDocument =>
    described({ operationId, summary, tag, answers });

type Security = {
  readonly security: readonly { readonly [scheme: string]: readonly string[] }[];
};

/** The security of a route, as its guard asks for it; one that says nothing is for whoever is known. */
function securityOf(scope: FastifyContextConfig["scope"] = null): Security {
  if (scope === "public") return { security: [] };
  return {
    security: [{ token: [] }, { session: [] }],
    ...(scope === null ? {} : { "x-seam-scope": scope }),
  };
}
