/** What the routes of every kind of object share. */
import type { TObject } from "typebox";
import type { Wish } from "./change.ts";
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

/** What headers say about a change. */
export const wishOf = (
  who: Pick<Wish, "principal" | "source">,
  headers: { readonly "if-match"?: string; readonly "idempotency-key"?: string },
): Pick<Wish, "principal" | "source" | "expected" | "idempotencyKey"> => ({
  ...who,
  expected:
    headers["if-match"] === undefined ? null : Number(headers["if-match"].replaceAll('"', "")),
  idempotencyKey: headers["idempotency-key"] ?? null,
});
