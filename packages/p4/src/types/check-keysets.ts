/** What keys are matched against, in select cases and entries (sections 13.6 and 14.2.1.4). */
import type { Keyset, ValueSet } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import { isValue } from "../ir/value.ts";
import type { Expression, Keyset as Syntax } from "../syntax/ast.ts";
import { coerced } from "./coerce.ts";
import { check, type Checker, entityOf, isNothing, tell } from "./context.ts";
import { known, unify } from "./relate.ts";
import { isBits, show, underlying } from "./show.ts";
import type { Type } from "./type.ts";

const ANY: Keyset = { kind: "any" };

/** The value set that a keyset names; undefined when it names none. */
function valueSetOf(c: Checker, syntax: Syntax): ValueSet | undefined {
  if (syntax.kind !== "name") return undefined;
  const entity = entityOf(c, syntax.name, syntax.isGlobal);
  return entity?.kind === "value set" ? entity.set : undefined;
}

/** Judges a keyset for keys of some types; one value set may be for all of them together. */
export function keysets(
  c: Checker,
  syntax: Syntax,
  types: readonly Type[],
): readonly Keyset[] | ValueSet {
  const set = valueSetOf(c, syntax);
  if (set !== undefined) {
    tellValueSet(c, { set, types, syntax });
    return set;
  }
  if (syntax.kind === "default" || syntax.kind === "any") return types.map(() => ANY);
  const parts = partsOf(syntax, types);
  if (parts.length !== types.length) {
    const fields = { type: "the key", expected: String(types.length), found: String(parts.length) };
    tell(c, { code: "P620", span: syntax.span }, fields);
    return types.map(() => ANY);
  }
  return types.map((type, index) => {
    const part = parts[index];
    return part === undefined ? ANY : keyset(c, part, type);
  });
}

function partsOf(syntax: Syntax, types: readonly Type[]): readonly Syntax[] {
  const [first] = types;
  const isOfParts = first !== undefined && ["tuple", "struct"].includes(known(first).kind);
  if (types.length === 1 && isOfParts) return [syntax];
  if (syntax.kind === "keyset tuple") return syntax.elements;
  if (syntax.kind === "list" && types.length > 1) return syntax.elements;
  return [syntax];
}

function tellValueSet(
  c: Checker,
  {
    set,
    types,
    syntax,
  }: { readonly set: ValueSet; readonly types: readonly Type[]; readonly syntax: Syntax },
): void {
  const type = known(set.type);
  const fields = type.kind === "struct" ? type.fields.map((each) => each.type) : undefined;
  const members = type.kind === "tuple" ? type.elements : fields;
  const [only] = types;
  const isWhole = types.length === 1 && only !== undefined && unify(type, only);
  const isByMember =
    members?.length === types.length &&
    types.every((each, index) => unify(members[index] ?? each, each));
  if (isWhole || isByMember) return;
  const expected = types.map(show).join(", ");
  tell(
    c,
    { code: "P601", span: syntax.span },
    { what: `value set ${set.name}`, expected, found: show(type) },
  );
}

/** Judges what one key is matched against. */
function keyset(c: Checker, syntax: Syntax, type: Type): Keyset {
  switch (syntax.kind) {
    case "default":
    case "any":
      return ANY;
    case "mask": {
      const to = bitsFor(c, type, syntax);
      return { kind: "mask", value: part(c, syntax.value, to), mask: part(c, syntax.mask, to) };
    }
    case "range": {
      const to = bitsFor(c, type, syntax);
      return { kind: "range", first: part(c, syntax.first, to), last: part(c, syntax.last, to) };
    }
    case "keyset tuple":
      return tupleValue(c, syntax, type);
    case "binary":
    case "boolean":
    case "call":
    case "cast":
    case "conditional":
    case "index":
    case "integer":
    case "invalid header":
    case "list":
    case "member":
    case "name":
    case "part select":
    case "rest":
    case "slice":
    case "string":
    case "struct value":
    case "this":
    case "type":
    case "unary": {
      const set = valueSetOf(c, syntax);
      if (set === undefined) return { kind: "value", value: part(c, syntax, type) };
      tellValueSet(c, { set, types: [type], syntax });
      return { kind: "value set", set };
    }
  }
}

/** Values in parentheses for one key that is a tuple or struct. */
function tupleValue(
  c: Checker,
  { elements: given, span }: Extract<Syntax, { kind: "keyset tuple" }>,
  type: Type,
): Keyset {
  const elements = given.flatMap((each) => (isExpression(each) ? [each] : []));
  if (elements.length === given.length)
    return { kind: "value", value: part(c, { kind: "list", elements, span }, type) };
  const fields = { type: show(type), expected: "1", found: String(given.length) };
  tell(c, { code: "P620", span }, fields);
  return ANY;
}

const isExpression = (syntax: Syntax): syntax is Expression =>
  !["mask", "range", "default", "any", "keyset tuple"].includes(syntax.kind);

const part = (c: Checker, syntax: Expression, type: Type): Expr =>
  coerced(c, check(c, syntax, type), { to: type, what: "the key's value" });

/** Masks and ranges are of numbers; of a serialisable enum or newtype they are of what is under it. */
function bitsFor(c: Checker, type: Type, syntax: Syntax): Type {
  const under = known(type).kind === "newtype" ? type : underlying(type);
  const isNumber = isBits(underlying(type)) || under.kind === "integer" || isNothing(type);
  if (isNumber) return under;
  const what =
    syntax.kind === "range" ? "what a range is matched with" : "what a mask is matched with";
  tell(c, { code: "P601", span: syntax.span }, { what, expected: "a number", found: show(type) });
  return { kind: "nothing" };
}

/** The expressions of a keyset. */
const expressionsOf = (set: Keyset): readonly Expr[] => {
  switch (set.kind) {
    case "value":
      return [set.value];
    case "mask":
      return [set.value, set.mask];
    case "range":
      return [set.first, set.last];
    case "any":
    case "value set":
      return [];
  }
};

/** Tells what is not known in the keysets of an entry. */
export function tellUnknown(c: Checker, list: readonly Keyset[]): void {
  for (const expr of list.flatMap(expressionsOf)) {
    if (!isNothing(expr.type) && !isValue(expr))
      tell(c, { code: "P507", span: expr.span }, { what: "the key of an entry" });
  }
}
