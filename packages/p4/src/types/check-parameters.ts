/** Parameters of all kinds (section 6.8). */
import type { Parameter } from "../ir/declaration.ts";
import { isValue } from "../ir/value.ts";
import { type Generic, inside } from "../names/scope.ts";
import type { Name, Parameter as Syntax } from "../syntax/ast.ts";
import { annotated } from "./annotate.ts";
import { coerced } from "./coerce.ts";
import { check, type Checker, declare, inScope, newId, tell } from "./context.ts";
import { isOpen, known, withAny } from "./relate.ts";
import { identity, show } from "./show.ts";
import type { Type, VariableType } from "./type.ts";
import { typeFor } from "./type-refs.ts";

/** Declares type parameters in the innermost scope. */
export function typeParameters(c: Checker, names: readonly Name[]): readonly VariableType[] {
  return names.map(({ text, span }) => {
    const type: VariableType = { kind: "variable", id: newId(c), name: text };
    declare(c, text, { kind: "type", type, parameters: [], span });
    return type;
  });
}

/** What is made of something generic with its type parameters bound; made once for each choice. */
export function specialization<From extends { readonly typeParameters: readonly Name[] }, Made>(
  c: Checker,
  { syntax, scope, made: before }: Generic<From, Made>,
  { list, make }: { readonly list: readonly Type[]; readonly make: () => Made },
): Made {
  const key = list.map(identity).join(", ");
  const earlier = before.get(key);
  if (earlier !== undefined) return earlier;
  const made = inScope(c, inside(scope), () => {
    for (const [index, { text, span }] of syntax.typeParameters.entries()) {
      const type = list[index];
      if (type !== undefined) declare(c, text, { kind: "type", type, parameters: [], span });
    }
    return make();
  });
  before.set(key, made);
  return made;
}

const OBJECTS: ReadonlySet<Type["kind"]> = new Set<Type["kind"]>([
  "extern",
  "parser",
  "control",
  "package",
  "table",
]);

/** Judges parameters, without declaring them. */
export function parametersOf(c: Checker, list: readonly Syntax[]): readonly Parameter[] {
  return list.map((syntax) => parameterOf(c, syntax));
}

/** Judges parameters of what is called while packets pass: no parsers, controls or packages; of actions no numbers without a width. */
export function runTimeParameters(
  c: Checker,
  list: readonly Syntax[],
  of: "action" | "other",
): readonly Parameter[] {
  const made = parametersOf(c, list);
  for (const { type, span } of made) {
    const { kind } = known(type);
    const isObject = kind === "parser" || kind === "control" || kind === "package";
    if (!isObject && !(of === "action" && kind === "integer")) continue;
    const what = of === "action" ? "a parameter of an action" : "a parameter";
    tell(c, { code: "P506", span }, { type: show(type), what });
  }
  return made;
}

function parameterOf(c: Checker, syntax: Syntax): Parameter {
  const { name, direction = "none", span } = syntax;
  const given = typeFor(c, syntax.type);
  const type = given.kind === "inferred" ? given : withAny(given);
  const annotations = annotated(c, syntax.annotations);
  tellType(c, { type, direction, name, at: syntax });
  const value = syntax.defaultValue;
  const what = `the default value of ${name.text}`;
  const made =
    value === undefined ? undefined : coerced(c, check(c, value, type), { to: type, what });
  if (made !== undefined && made.type.kind !== "nothing" && !isValue(made))
    tell(c, { code: "P507", span: made.span }, { what });
  const parameter: Parameter = {
    kind: "parameter",
    id: newId(c),
    name: name.text,
    annotations,
    span,
    type,
    direction,
    isOptional: annotations.some((each) => each.name === "optional"),
  };
  return made === undefined ? parameter : { ...parameter, defaultValue: made };
}

type Typed = {
  readonly type: Type;
  readonly direction: Parameter["direction"];
  readonly name: Name;
  readonly at: Syntax;
};

function tellType(c: Checker, { type, direction, name, at }: Typed): void {
  const { kind } = known(type);
  if (direction !== "none" && kind === "integer")
    tell(c, { code: "P640", span: at.span }, { name: name.text, direction, type: show(type) });
  if (direction !== "none" && OBJECTS.has(kind))
    tell(c, { code: "P640", span: at.span }, { name: name.text, direction, type: show(type) });
  if (kind === "void" || kind === "match_kind" || kind === "set" || isOpen(type))
    tell(c, { code: "P506", span: at.type.span }, { type: show(type), what: "a parameter" });
}

/**
 * Declares parameters in the innermost scope. Those that somebody else asked for, such as an architecture, are `given`: they stand there
 * whether they are used or not. An `out` one that nothing sets is told as that.
 */
export function declareParameters(
  c: Checker,
  list: readonly Parameter[],
  by: "chosen" | "given",
): void {
  for (const variable of list) {
    if (by === "given" || variable.direction === "out") c.uses.used.add(variable.span);
    declare(c, variable.name, { kind: "variable", variable, span: variable.span });
  }
}
