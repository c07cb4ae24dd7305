/** Tables: keys, actions, the default action and other properties (section 14.2). */
import type {
  Action,
  BoundAction,
  Table,
  TableAction,
  TableKey,
  TableProperty,
} from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import { annotationText } from "../ir/annotation.ts";
import { isKnown } from "../ir/value.ts";
import { find, topOf } from "../names/scope.ts";
import { printExpression } from "../print/expressions.ts";
import type { Expression } from "../syntax/ast.ts";
import type {
  ActionRef,
  KeyElement,
  Table as Syntax,
  TableProperty as PropertySyntax,
} from "../syntax/ast-program.ts";
import { annotated } from "./annotate.ts";
import { noMember } from "./check-access.ts";
import { boundAction, tableAction } from "./check-table-actions.ts";
import { type Delta, entriesOf } from "./check-entries.ts";
import { check, type Checker, isNothing, newId, tell, typeOf } from "./context.ts";
import { isBits, show, underlying } from "./show.ts";

type Property = Extract<PropertySyntax, { kind: "property" }>;

const propertyOfKind = <K extends PropertySyntax["kind"]>(
  properties: readonly PropertySyntax[],
  kind: K,
): Extract<PropertySyntax, { kind: K }> | undefined =>
  properties.find((each): each is Extract<PropertySyntax, { kind: K }> => each.kind === kind);

function actionsOf(c: Checker, properties: readonly PropertySyntax[]): readonly TableAction[] {
  const listed = propertyOfKind(properties, "actions")?.actions ?? [];
  const actions = listed.flatMap((each) => {
    const made = tableAction(c, each);
    return made === undefined ? [] : [made];
  });
  tellTwice(c, actions);
  return actions;
}

/** Judges a table. */
export function tableOf(c: Checker, syntax: Syntax): Table {
  const { name, properties, span } = syntax;
  const keys = (propertyOfKind(properties, "key")?.elements ?? []).map((each) => keyOf(c, each));
  const actions = actionsOf(c, properties);
  const rest = properties.flatMap((each) => (each.kind === "property" ? [each] : []));
  const given = rest.find((each) => each.name.text === "default_action");
  const settings = settingsOf(c, rest);
  const defaultAction = defaultOf(c, { given, actions });
  const entries = propertyOfKind(properties, "entries");
  const isLargest = settings.largestPriorityWins;
  const delta: Delta = { isLargest, delta: settings.delta };
  return {
    kind: "table",
    id: newId(c),
    name: name.text,
    annotations: annotated(c, syntax.annotations),
    span,
    keys,
    actions,
    ...(defaultAction !== undefined && { defaultAction }),
    entries: entries === undefined ? [] : entriesOf(c, { entries, keys, actions, delta }),
    areEntriesConst: entries?.isConst ?? false,
    largestPriorityWins: isLargest,
    ...(settings.capacity !== undefined && { size: settings.capacity }),
    properties: rest
      .filter((each) => !SETTINGS.has(each.name.text))
      .map((each) => propertyOf(c, each)),
  };
}

const SETTINGS: ReadonlySet<string> = new Set([
  "size",
  "default_action",
  "largest_priority_wins",
  "priority_delta",
]);

/** Types that are matched: numbers, truth values, enums, errors. */
const SCALARS: ReadonlySet<string> = new Set(["bool", "enum", "error", "varbit", "nothing"]);

function keyOf(
  c: Checker,
  { expression: syntax, matchKind, annotations: list, span }: KeyElement,
): TableKey {
  const expr = check(c, syntax);
  const under = underlying(expr.type);
  if (!isBits(under) && !SCALARS.has(under.kind))
    tell(
      c,
      { code: "P506", span: expr.span },
      { type: show(expr.type), what: "the key of a table" },
    );
  const { matchKinds } = c.draft;
  if (!matchKinds.includes(matchKind.text))
    noMember(c, matchKind, { of: "match_kind", names: matchKinds });
  const annotations = annotated(c, list);
  if (!isNamed(syntax) && !annotations.some((each) => each.name === "name"))
    tell(c, { code: "P656", span: expr.span }, {});
  const keyName = annotationText(annotations, "name") ?? keyText(syntax);
  return { expression: expr, matchKind: matchKind.text, keyName, annotations, span };
}

/** Whether a key's text is a name: a variable, parts of one, `isValid()`, and masks of them. */
function isNamed(syntax: Expression): boolean {
  switch (syntax.kind) {
    case "name":
    case "integer":
      return true;
    case "member":
    case "index":
    case "slice":
    case "part select":
      return isNamed(syntax.of);
    case "cast":
      return isNamed(syntax.operand);
    case "call":
      return syntax.arguments.length === 0 && isNamed(syntax.callee);
    case "binary":
      return syntax.operator === "&" && isNamed(syntax.left) && isNamed(syntax.right);
    case "boolean":
    case "conditional":
    case "invalid header":
    case "list":
    case "rest":
    case "string":
    case "struct value":
    case "this":
    case "type":
    case "unary":
      return false;
  }
}

/** How P4Runtime names a key that has no `@name`: as it is written, without a dot in front; `isValid()` is kept. */
const keyText = (syntax: Expression): string => printExpression(syntax).replace(/^\./, "");

function tellTwice(c: Checker, actions: readonly TableAction[]): void {
  const seen = new Set<Action>();
  for (const { action, span } of actions) {
    if (seen.has(action)) tell(c, { code: "P660", span }, { name: action.name });
    seen.add(action);
  }
}

/** Without a default action it is NoAction, when the program includes it (section 14.2.1.3). */
function noAction(c: Checker, actions: readonly TableAction[]): Table["defaultAction"] {
  const listed = actions.find(({ action }) => action.name === "NoAction")?.action;
  const entity = find(topOf(c.scope), "NoAction");
  const action = listed ?? (entity?.kind === "action" ? entity.action : undefined);
  if (action === undefined || action.parameters.length > 0) return undefined;
  return { action, arguments: [], isConst: false };
}

function defaultOf(
  c: Checker,
  {
    given,
    actions,
  }: { readonly given: Property | undefined; readonly actions: readonly TableAction[] },
): Table["defaultAction"] {
  if (given === undefined) return noAction(c, actions);
  const { value: syntax, isConst } = given;
  const ref = refOf(syntax);
  if (ref === undefined) {
    tell(c, { code: "P661", span: syntax.span }, {});
    return undefined;
  }
  const bound: BoundAction | undefined = boundAction(c, {
    ref,
    actions,
    role: "the default action",
  });
  return bound === undefined ? undefined : { ...bound, isConst };
}

/** An expression that names an action, with or without arguments. */
function refOf(syntax: Expression): ActionRef | undefined {
  const { span } = syntax;
  if (syntax.kind === "name") return { isGlobal: syntax.isGlobal, name: syntax.name, span };
  if (syntax.kind !== "call" || syntax.callee.kind !== "name") return undefined;
  const { isGlobal, name } = syntax.callee;
  return { isGlobal, name, arguments: syntax.arguments, span };
}

type Settings = {
  readonly largestPriorityWins: boolean;
  readonly delta: bigint;
  readonly capacity: number | undefined;
};

function settingsOf(c: Checker, rest: readonly Property[]): Settings {
  const valueOf = (name: string): Expr | undefined => {
    const property = rest.find((each) => each.name.text === name);
    return property === undefined ? undefined : check(c, property.value);
  };
  const wins = valueOf("largest_priority_wins");
  const delta = valueOf("priority_delta");
  const capacity = valueOf("size");
  tellSetting(c, wins, "bool");
  tellSetting(c, delta, "integer");
  tellSetting(c, capacity, "integer");
  return {
    largestPriorityWins: wins?.kind === "bool" ? wins.value : true,
    delta: delta?.kind === "integer" && delta.value > 0n ? delta.value : 1n,
    capacity: capacity?.kind === "integer" ? Number(capacity.value) : undefined,
  };
}

function tellSetting(c: Checker, expr: Expr | undefined, kind: "bool" | "integer"): void {
  if (expr === undefined || isNothing(expr.type) || expr.kind === kind) return;
  const under = underlying(expr.type);
  const isRight =
    kind === "bool" ? under.kind === "bool" : under.kind === "integer" || isBits(under);
  const expected = kind === "bool" ? "true or false" : "a number";
  if (!isRight)
    tell(
      c,
      { code: "P601", span: expr.span },
      { what: "this property", expected, found: show(expr.type) },
    );
  else if (!isKnown(expr)) tell(c, { code: "P507", span: expr.span }, { what: "this property" });
}

function propertyOf(
  c: Checker,
  { name, isConst, value: syntax, annotations, span }: Property,
): TableProperty {
  const value = check(c, syntax);
  if (!isNothing(typeOf(value)) && !isKnown(value))
    tell(c, { code: "P507", span: value.span }, { what: `property ${name.text}` });
  return { name: name.text, isConst, value, annotations: annotated(c, annotations), span };
}
