/** Which declared names are used, and which hide others: noted while names are looked up, told when the program is known to be right. */
import type { Span } from "../source/file.ts";
import { type Entity, find, type Scope } from "./scope.ts";

/** A declaration that may be left out when nothing uses it. `span` is that of the entity. */
type Declared = {
  /** Such as "action". */
  readonly what: string;
  readonly name: string;
  readonly span: Span;
  readonly isTop: boolean;
};

/** A declaration with the name of one around it. */
type Hiding = Declared & { readonly hidden: { readonly what: string; readonly span: Span } };

/**
 * What was noted so far. Places stand for declarations, as what is generic is judged several times: each time its declarations have the
 * same places.
 */
export type Uses = {
  readonly declared: Map<Span, Declared>;
  readonly used: Set<Span>;
  readonly hiding: Map<Span, Hiding>;
};

/** Nothing noted yet. */
export const noUses = (): Uses => ({ declared: new Map(), used: new Set(), hiding: new Map() });

/** What an entity is; undefined for types without a body, which are not told. */
function whatIs(entity: Entity): string | undefined {
  switch (entity.kind) {
    case "type":
      return entity.block?.kind;
    case "variable":
      return entity.variable.kind;
    case "functions":
      return entity.list.at(-1)?.kind === "function" ? "function" : undefined;
    case "action":
    case "constant":
    case "instance":
    case "table":
    case "value set":
      return entity.kind;
  }
}

/** The places of what an entity declares: of functions with one name there are several. */
const placesOf = (entity: Entity): readonly Span[] =>
  entity.kind === "functions" ? entity.list.map(({ span }) => span) : [entity.span];

/** Notes a declaration, which is about to be entered into a scope. */
export function noteDeclared(
  uses: Uses,
  scope: Scope,
  named: { name: string; entity: Entity },
): void {
  const { name, entity } = named;
  const what = whatIs(entity);
  const span = placesOf(entity).at(-1);
  if (what === undefined || span === undefined) return;
  const declared = { what, name, span, isTop: scope.around === undefined };
  uses.declared.set(span, declared);
  const outer = scope.around === undefined ? undefined : find(scope.around, name);
  const hidden = outer === undefined ? undefined : whatIs(outer);
  if (outer !== undefined && hidden !== undefined && outer.kind !== "type")
    uses.hiding.set(span, { ...declared, hidden: { what: hidden, span: outer.span } });
}

/** Notes that a name was used. */
export function noteUsed(uses: Uses, entity: Entity): void {
  for (const span of placesOf(entity)) uses.used.add(span);
}
