/** What the routes of every kind of object share. */
import type { FastifyRequest } from "fastify";
import type { TObject } from "typebox";
import type { Wish } from "./change.ts";
import { principalOf } from "./reply.ts";
import type { Place, Resource } from "./resources.ts";

/** A kind, and the shapes of what its paths and its manifests hold. */
export type Served = {
  readonly resource: Resource;
  /** Path of the list. */
  readonly base: string;
  /** Path of one. */
  readonly item: string;
  readonly listParams: TObject;
  readonly params: TObject;
};

/** What a path's parameters say, which its schema has checked. */
export function placeIn(params: unknown): Place {
  const texts = new Map(Object.entries(Object(params)));
  const project = texts.get("project");
  return {
    name: String(texts.get("name") ?? project),
    ...(typeof project === "string" ? { project } : {}),
  };
}

/** `policies` as part of an operation's name. */
export const titled = (word: string): string =>
  `${word.charAt(0).toUpperCase()}${word.slice(1).replaceAll(/ (\w)/g, (_, letter: string) => letter.toUpperCase())}`;

/** A request for a change. */
type ChangeRequest = Pick<FastifyRequest, "principal" | "ip"> & {
  readonly headers: { readonly "if-match"?: string; readonly "idempotency-key"?: string };
  readonly query: { readonly dryRun: boolean; readonly force?: boolean };
};

/** A change as its request wishes it: who and from where, and what headers and query say. */
export const wishOf = (
  { headers, query, ip, principal }: ChangeRequest,
  what: Pick<Wish, "resource" | "place" | "manifest" | "action">,
): Wish => ({
  ...what,
  principal: principalOf({ principal }),
  source: ip,
  dryRun: query.dryRun,
  force: query.force ?? false,
  expected:
    headers["if-match"] === undefined ? null : Number(headers["if-match"].replaceAll('"', "")),
  idempotencyKey: headers["idempotency-key"] ?? null,
});
