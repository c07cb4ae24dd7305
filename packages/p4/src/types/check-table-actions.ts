/** Actions as tables name them: in the list of actions, as default action, in entries (section 14.2.1.2). */
import type { Action, BoundAction, Parameter, TableAction } from "../ir/declaration.ts";
import type { Argument } from "../ir/expression.ts";
import { isKnown } from "../ir/value.ts";
import type { Span } from "../source/file.ts";
import type { Annotation, Argument as ArgumentSyntax } from "../syntax/ast.ts";
import type { ActionRef } from "../syntax/ast-program.ts";
import { annotated } from "./annotate.ts";
import { passed } from "./check-arguments.ts";
import { type Checker, entityKind, entityOf, isNothing, lookUp, tell } from "./context.ts";

/** The action that a reference names, looked up by `find`; undefined after an error. */
function actionNamed(
  c: Checker,
  { name, isGlobal }: ActionRef,
  find: typeof entityOf,
): Action | undefined {
  const entity = find(c, name, isGlobal);
  if (entity === undefined) return undefined;
  if (entity.kind === "action") return entity.action;
  const fields = { name: name.text, found: entityKind(entity), expected: "an action" };
  tell(c, { code: "P504", span: name.span }, fields);
  return undefined;
}

/** What was told of an action, such as that it is deprecated, was told where it is listed. */
const listedAction: typeof entityOf = (c, name, isGlobal) =>
  entityOf(c, name, isGlobal) ?? lookUp(c, name, isGlobal);

const isBoundHere = ({ direction }: Parameter): boolean => direction !== "none";

type Given = {
  readonly action: Action;
  readonly parameters: readonly Parameter[];
  readonly list: readonly ArgumentSyntax[];
  readonly span: Span;
};

function argumentsOf(
  c: Checker,
  { action, parameters, list, span }: Given,
): readonly Argument[] | undefined {
  const signature = {
    name: action.name,
    typeParameters: [],
    parameters,
    result: { kind: "void" },
  } as const;
  return passed(c, signature, { typeArguments: [], list, span, expected: undefined })?.arguments;
}

/** An action in the list of a table's actions: arguments are those of parameters with a direction. */
export function tableAction(
  c: Checker,
  {
    annotations,
    action: ref,
  }: { readonly annotations: readonly Annotation[]; readonly action: ActionRef },
): TableAction | undefined {
  const { span, arguments: list = [] } = ref;
  const action = actionNamed(c, ref, lookUp);
  if (action === undefined) return undefined;
  const parameters = action.parameters.filter(isBoundHere);
  const free = action.parameters.length - parameters.length;
  if (free > 0 && list.length > parameters.length) {
    const extra = list[parameters.length];
    tell(c, { code: "P662", span: extra?.span ?? span }, { name: action.name });
    return undefined;
  }
  const made = argumentsOf(c, { action, parameters, list, span });
  if (made === undefined) return undefined;
  return { action, arguments: made, annotations: annotated(c, annotations), span };
}

type Named = {
  /** What the action is for: annotations in the list of actions may forbid it. */
  readonly role: "the default action" | "entries";
  readonly ref: ActionRef;
  readonly actions: readonly TableAction[];
};

/** An action with all its arguments, as default action or in an entry: it is in the list of actions. */
export function boundAction(c: Checker, { ref, actions, role }: Named): BoundAction | undefined {
  const action = actionNamed(c, ref, listedAction);
  if (action === undefined) return undefined;
  const listed = actions.find((each) => each.action === action);
  if (listed === undefined) {
    tell(c, { code: "P663", span: ref.name.span }, { name: ref.name.text });
    return undefined;
  }
  tellRole(c, { listed, role, span: ref.span });
  const { arguments: list = [], span } = ref;
  const bound = action.parameters.filter(isBoundHere);
  const free = action.parameters.filter((each) => !isBoundHere(each));
  const isShort = bound.length > 0 && list.length <= free.length && !namesAny(list, bound);
  const parameters = isShort ? free : action.parameters;
  const made = argumentsOf(c, { action, parameters, list, span });
  if (made === undefined) return undefined;
  tellUnknown(c, made);
  if (!isShort) tellDifferent(c, { listed, made, span });
  return { action, arguments: isShort ? [...listed.arguments, ...made] : made };
}

type Role = { readonly listed: TableAction; readonly role: Named["role"]; readonly span: Span };

/** `@defaultonly` and `@tableonly` (section 14.2.1.2). */
function tellRole(c: Checker, { listed, role, span }: Role): void {
  const forbids = role === "entries" ? "defaultonly" : "tableonly";
  const { name } = listed.action;
  if (listed.annotations.some((each) => each.name === forbids))
    tell(c, { code: "P657", span }, { name, what: FOR[forbids] });
}

const FOR = { defaultonly: "the default action", tableonly: "entries" } as const;

const namesAny = (list: readonly ArgumentSyntax[], parameters: readonly Parameter[]): boolean =>
  list.some(({ name }) => parameters.some((each) => each.name === name?.text));

function tellUnknown(c: Checker, list: readonly Argument[]): void {
  for (const { parameter, value } of list) {
    if (isBoundHere(parameter) || value === undefined || isNothing(value.type) || isKnown(value))
      continue;
    tell(c, { code: "P507", span: value.span }, { what: `the argument of ${parameter.name}` });
  }
}

/** Arguments of parameters with a direction are those of the list of actions. */
function tellDifferent(
  c: Checker,
  {
    listed,
    made,
    span,
  }: { readonly listed: TableAction; readonly made: readonly Argument[]; readonly span: Span },
): void {
  const textOf = ({ value }: Argument): string =>
    value === undefined
      ? "_"
      : value.span.file.text.slice(value.span.start, value.span.end).replaceAll(/\s+/g, "");
  const differs = listed.arguments.some((each, index) => {
    const other = made[index];
    return other !== undefined && textOf(each) !== textOf(other);
  });
  if (differs) tell(c, { code: "P664", span }, { name: listed.action.name });
}
