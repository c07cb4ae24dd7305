/** Declarations of types (section 7). */
import type { Constructor, ExternMethod, Parameter } from "../ir/declaration.ts";
import { coerced } from "./coerce.ts";
import type { Name, TypeRef } from "../syntax/ast.ts";
import type {
  BlockType as BlockSyntax,
  Enum,
  Extern,
  Struct,
  StructField,
  Typedef,
} from "../syntax/ast-program.ts";
import type { Annotation } from "../ir/annotation.ts";
import { annotated, deprecation } from "./annotate.ts";
import { noMember } from "./check-access.ts";
import { parametersOf, runTimeParameters, typeParameters } from "./check-parameters.ts";
import { check, type Checker, declare, isNothing, newId, scoped, tell } from "./context.ts";
import { fieldProblem } from "./fields.ts";
import { isOpen, known, same } from "./relate.ts";
import { isBits, show, underlying } from "./show.ts";
import type {
  EnumType,
  ExternType,
  Field,
  NewType,
  SerializableEnumType,
  StructType,
  Type,
  VariableType,
} from "./type.ts";
import { typeFor } from "./type-refs.ts";

type Named = { readonly name: Name; readonly annotations: Struct["annotations"] };

function enter(
  c: Checker,
  { name, annotations }: Named,
  made: { type: Type; parameters: readonly VariableType[] },
): void {
  declare(c, name.text, { kind: "type", ...made, span: name.span, ...deprecation(annotations) });
}

/** Judges a struct, header or header union, and declares it. */
export function structType(c: Checker, syntax: Struct): StructType {
  const { kind, name } = syntax;
  const made = scoped(c, () => {
    const parameters = typeParameters(c, syntax.typeParameters);
    const fields = syntax.fields.map((each) => fieldOf(c, each, kind));
    const annotations = annotated(c, syntax.annotations);
    const type: StructType = {
      kind,
      id: newId(c),
      name: name.text,
      annotations,
      arguments: parameters,
      fields,
    };
    return { type, parameters };
  });
  enter(c, syntax, made);
  c.draft.types.push(made.type);
  return made.type;
}

function fieldOf(
  c: Checker,
  { type: ref, name, annotations }: StructField,
  kind: Struct["kind"],
): Field {
  const type = typeFor(c, ref);
  if (isOpen(type) || fieldProblem(kind, type)) {
    const what = `a field of a ${kind.replace("_", " ")}`;
    tell(c, { code: "P506", span: ref.span }, { type: show(type), what });
  }
  const made = annotated(c, annotations);
  tellMatch(c, made);
  return { name: name.text, type, annotations: made };
}

/** `@match` of a value set's field names a match kind (section 13.11). */
function tellMatch(c: Checker, list: readonly Annotation[]): void {
  for (const { name, tokens, span } of list) {
    if (name !== "match" || tokens.length === 0) continue;
    const text = tokens.join("");
    const names = c.draft.matchKinds;
    if (!names.includes(text)) noMember(c, { text, span }, { of: "match_kind", names });
  }
}

/** Judges an enum and declares it. */
export function enumType(c: Checker, syntax: Enum): EnumType | SerializableEnumType {
  const { name, underlying: ref } = syntax;
  const head = { id: newId(c), name: name.text, annotations: annotated(c, syntax.annotations) };
  const type =
    ref === undefined
      ? { kind: "enum" as const, ...head, members: syntax.members.map((each) => each.name.text) }
      : serializable(c, syntax, { ref, head });
  enter(c, syntax, { type, parameters: [] });
  c.draft.types.push(type);
  return type;
}

type Head = Pick<SerializableEnumType, "id" | "name" | "annotations">;

function serializable(
  c: Checker,
  { members: list }: Enum,
  { ref, head }: { readonly ref: TypeRef; readonly head: Head },
): SerializableEnumType {
  const given = typeFor(c, ref);
  const isRight = isNothing(given) || isBits(known(given));
  if (!isRight)
    tell(c, { code: "P506", span: ref.span }, { type: show(given), what: "the type of an enum" });
  const under: Type = isRight ? given : { kind: "nothing" };
  const members: { name: string; value: bigint }[] = [];
  const type = { kind: "serializable enum", ...head, underlying: under, members } as const;
  scoped(c, () => {
    declare(c, head.name, { kind: "type", type, parameters: [], span: ref.span });
    for (const { name, value: syntax } of list) {
      if (syntax === undefined) continue;
      const what = `the value of ${name.text}`;
      const value = coerced(c, check(c, syntax, under), { to: under, what });
      if (value.kind === "integer") members.push({ name: name.text, value: value.value });
      else if (isNothing(value.type)) members.push({ name: name.text, value: 0n });
      else tell(c, { code: "P507", span: value.span }, { what });
    }
  });
  return type;
}

/** Judges a typedef or newtype and declares it. */
export function typedef(c: Checker, syntax: Typedef): void {
  const annotations = annotated(c, syntax.annotations);
  const { target, name } = syntax;
  const type = targetOf(c, target);
  if (isOpen(type))
    tell(c, { code: "P506", span: target.span }, { type: show(type), what: `a ${syntax.kind}` });
  if (syntax.kind === "typedef") {
    enter(c, syntax, { type, parameters: [] });
    return;
  }
  const isRight = isBits(underlying(type)) || RENAMED.has(underlying(type).kind);
  if (!isRight)
    tell(c, { code: "P506", span: target.span }, { type: show(type), what: "what a type renames" });
  const made: NewType = {
    kind: "newtype",
    id: newId(c),
    name: name.text,
    annotations,
    target: type,
  };
  enter(c, syntax, { type: made, parameters: [] });
  c.draft.types.push(made);
}

const RENAMED: ReadonlySet<string> = new Set([
  "bool",
  "varbit",
  "enum",
  "error",
  "nothing",
  "variable",
  "integer",
]);

function targetOf(c: Checker, target: Typedef["target"]): Type {
  switch (target.kind) {
    case "struct":
    case "header":
    case "header_union":
      return structType(c, target);
    case "enum":
      return enumType(c, target);
    case "any type":
    case "base type":
    case "list type":
    case "named type":
    case "sized type":
    case "specialized type":
    case "stack type":
    case "tuple type":
      return typeFor(c, target);
  }
}

function tellDefaults(c: Checker, list: readonly Parameter[], kind: string): void {
  for (const { defaultValue, name } of list)
    if (defaultValue !== undefined)
      tell(c, { code: "P654", span: defaultValue.span }, { name, kind });
}

/** Judges the type of parsers, controls or packages, and declares it. */
export function blockType(c: Checker, syntax: BlockSyntax): void {
  const { name } = syntax;
  const kind = (
    { "parser type": "parser", "control type": "control", package: "package" } as const
  )[syntax.kind];
  const made = scoped(c, () => {
    const variables = typeParameters(c, syntax.typeParameters);
    const parameters =
      kind === "package"
        ? parametersOf(c, syntax.parameters)
        : runTimeParameters(c, syntax.parameters, "other");
    if (kind !== "package") tellDefaults(c, parameters, kind);
    const annotations = annotated(c, syntax.annotations);
    const type = {
      kind,
      id: newId(c),
      name: name.text,
      annotations,
      arguments: variables,
      parameters,
    } as const;
    return { type, parameters: variables };
  });
  enter(c, syntax, made);
  c.draft.blockTypes.push(made.type);
}

/** Judges an extern object's interface and declares it; its methods may name it. */
export function externType(c: Checker, syntax: Extern): void {
  const { name } = syntax;
  const constructors: Constructor[] = [];
  const methods: ExternMethod[] = [];
  const made = scoped(c, () => {
    const variables = typeParameters(c, syntax.typeParameters);
    const annotations = annotated(c, syntax.annotations);
    const head = { kind: "extern", id: newId(c), name: name.text, annotations } as const;
    const type: ExternType = {
      ...head,
      arguments: variables,
      typeParameters: variables,
      constructors,
      methods,
    };
    declare(c, name.text, { kind: "type", type, parameters: variables, span: name.span });
    for (const each of syntax.methods) method(c, each, { constructors, methods });
    return { type, parameters: variables };
  });
  tellTwice(c, methods);
  tellTwice(c, constructors);
  enter(c, syntax, made);
  c.draft.externs.push(made.type);
}

type Into = { readonly constructors: Constructor[]; readonly methods: ExternMethod[] };

function method(
  c: Checker,
  syntax: Extern["methods"][number],
  { constructors, methods }: Into,
): void {
  scoped(c, () => {
    const { name, span, isAbstract, result: ref } = syntax;
    const variables = typeParameters(c, syntax.typeParameters);
    const judged = ref === undefined ? parametersOf : runTimeParameters;
    const parameters = judged(c, syntax.parameters, "other");
    const head = {
      id: newId(c),
      name: name.text,
      annotations: annotated(c, syntax.annotations),
      span,
      parameters,
    };
    if (ref === undefined) constructors.push({ kind: "constructor", ...head });
    else
      methods.push({
        kind: "method",
        ...head,
        typeParameters: variables,
        result: typeFor(c, ref),
        isAbstract,
      });
  });
}

/** Functions of one name differ in the number or names of their parameters (section 6.9). */
export function tellTwice(
  c: Checker,
  list: readonly Pick<ExternMethod, "name" | "parameters" | "span">[],
): void {
  for (const [index, each] of list.entries()) {
    const names = each.parameters.map(({ name }) => name).join(",");
    const twin = list
      .slice(0, index)
      .find(
        (other) => other.name === each.name && sameShape(other.parameters, each.parameters, names),
      );
    if (twin === undefined) continue;
    const related = [{ message: "declared here first", span: twin.span }];
    tell(
      c,
      { code: "P647", span: each.span, related },
      { name: each.name, count: String(each.parameters.length) },
    );
  }
}

const sameShape = (
  left: ExternMethod["parameters"],
  right: ExternMethod["parameters"],
  names: string,
): boolean =>
  left.length === right.length &&
  (left.map(({ name }) => name).join(",") === names ||
    left.every(({ type }, index) => {
      const other = right[index];
      return other !== undefined && same(type, other.type);
    }));
