/** Instances: constructors' calls, declarations of instances, implementations of abstract methods (sections 11.3 and 8.20). */
import type { ExternMethod, FunctionDeclaration, Instance } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import { isKnown, nothing } from "../ir/value.ts";
import type { NamedType } from "../names/scope.ts";
import type { Span } from "../source/file.ts";
import type { Argument as ArgumentSyntax, Expression, TypeRef } from "../syntax/ast.ts";
import type { Instantiation } from "../syntax/ast-program.ts";
import { annotated } from "./annotate.ts";
import { passed, type Passed, type Signature, type Use } from "./check-arguments.ts";
import { functionOf } from "./check-functions.ts";
import { type Checker, declare, entityOf, isNothing, newId, scoped, tell } from "./context.ts";
import { fits } from "./match-arguments.ts";
import { known, substituted, unify } from "./relate.ts";
import { show } from "./show.ts";
import type { ExternType, Type } from "./type.ts";
import { namedType, typeFor } from "./type-refs.ts";

type Construction = { readonly type: TypeRef; readonly use: Use };

/** A constructor's call as an expression: an instance without a name. */
export function constructed(c: Checker, given: Construction): Expr {
  const instance = instanceOf(c, given);
  if (instance === undefined) return nothing(given.use.span);
  return { kind: "new", instance, type: instance.type, span: given.use.span };
}

/** The instance that a constructor's call makes; undefined after an error. */
function instanceOf(c: Checker, { type: ref, use }: Construction): Instance | undefined {
  const base = ref.kind === "specialized type" ? ref.base : ref;
  if (base.kind !== "named type") {
    tell(c, { code: "P637", span: ref.span }, { type: show(typeFor(c, ref)) });
    return undefined;
  }
  const named = namedType(c, base);
  if (named === undefined) return undefined;
  const typeArguments =
    ref.kind === "specialized type"
      ? ref.arguments.map((each) => typeFor(c, each))
      : use.typeArguments;
  const signature = constructorOf(c, { named, list: use.list, span: ref.span });
  if (signature === undefined) return undefined;
  const made = passed(c, appliedConstructor(signature, named), { ...use, typeArguments });
  if (made === undefined) return undefined;
  tellPlace(c, made.result, ref.span);
  tellUnknown(c, made);
  return {
    kind: "instance",
    id: newId(c),
    name: "",
    annotations: [],
    span: use.span,
    type: made.result,
    ...withBlock(blockOf(c, named, made.typeArguments)),
    arguments: made.arguments,
    methods: [],
    instances: [],
  };
}

const withBlock = (block: Instance["block"]): Pick<Instance, "block"> =>
  block === undefined ? {} : { block };

function blockOf(
  c: Checker,
  { block, generic }: NamedType,
  list: readonly Type[],
): Instance["block"] {
  return generic === undefined ? block : c.rules.block(c, generic, list);
}

/** A constructor of an extern whose type arguments a typedef gives already. */
function appliedConstructor(
  signature: Signature,
  { type, parameters: open }: NamedType,
): Signature {
  if (type.kind !== "extern" || open.length > 0) return signature;
  const parameters = signature.parameters.map((each) => ({
    ...each,
    type: substituted(each.type, type.typeParameters, type.arguments),
  }));
  return { ...signature, parameters };
}

type Called = {
  readonly named: NamedType;
  readonly list: readonly ArgumentSyntax[];
  readonly span: Span;
};

/** The constructor that arguments fit; undefined, and an error, when there is none. */
function constructorOf(c: Checker, { named, list, span }: Called): Signature | undefined {
  const signature = constructorFor(named, list);
  if (signature === undefined && !isNothing(named.type))
    tell(c, { code: "P637", span }, { type: show(named.type) });
  return signature;
}

function constructorFor(
  { type, parameters: typeParameters, block }: NamedType,
  list: readonly ArgumentSyntax[],
): Signature | undefined {
  if (type.kind === "extern") {
    const fitting = type.constructors.find(({ parameters }) => fits(parameters, list));
    const made = fitting ?? type.constructors[0];
    if (made === undefined) return undefined;
    return { name: type.name, typeParameters, parameters: made.parameters, result: type };
  }
  if (type.kind === "package")
    return { name: type.name, typeParameters, parameters: type.parameters, result: type };
  if (block === undefined) return undefined;
  const { constructorParameters: parameters } = block;
  return { name: block.name, typeParameters, parameters, result: type };
}

const BLOCKS: { readonly [place: string]: string } = { state: "parser", apply: "control" };

const FORBIDDEN: { readonly [place: string]: readonly string[] } = {
  top: [],
  parser: ["control", "package"],
  control: ["parser", "package"],
};

/** Parsers are not instantiated in controls, nor controls in parsers, nor anything in actions and functions (section 11.3.1). */
function tellPlace(c: Checker, type: Type, span: Span): void {
  const { kind } = known(type);
  const place = BLOCKS[c.place.kind] ?? c.place.kind;
  const forbidden = FORBIDDEN[place];
  if (forbidden !== undefined && !forbidden.includes(kind)) return;
  const where = place === "parser" || place === "control" ? `a ${place}` : "an action or function";
  tell(c, { code: "P638", span }, { what: `${kind.startsWith("e") ? "an" : "a"} ${kind}`, where });
}

/** What is known when the instance is made; externs' functions may work it out. */
const isMadeOnce = (value: Expr): boolean =>
  isKnown(value) ||
  (value.kind === "call" &&
    value.callee.kind === "extern function" &&
    value.arguments.every((each) => each.value === undefined || isMadeOnce(each.value)));

function tellUnknown(c: Checker, { arguments: list }: Passed): void {
  for (const { value, parameter } of list) {
    if (value === undefined || isNothing(value.type) || isMadeOnce(value)) continue;
    tell(c, { code: "P507", span: value.span }, { what: `the argument of ${parameter.name}` });
  }
}

/** `C.apply(...)` on a type: an instance of its own (section 14.3); undefined when `of` names no parser or control. */
export function directApply(
  c: Checker,
  { of, use }: { readonly of: Expression; readonly use: Use },
): Expr | undefined {
  const ref = typeRefOf(of);
  if (ref === undefined) return undefined;
  const { name, isGlobal } = ref.kind === "specialized type" ? ref.base : ref;
  const entity = entityOf(c, name, isGlobal);
  if (entity?.kind !== "type" || !["parser", "control"].includes(entity.type.kind))
    return undefined;
  const construction = { typeArguments: [], list: [], span: of.span, expected: undefined };
  const instance = instanceOf(c, { type: ref, use: construction });
  if (instance === undefined) return nothing(use.span);
  const made = { ...instance, name: name.text };
  c.implicit.push(made);
  return { kind: "new", instance: made, type: made.type, span: of.span };
}

function typeRefOf(
  of: Expression,
): Extract<TypeRef, { kind: "named type" | "specialized type" }> | undefined {
  if (of.kind === "name")
    return { kind: "named type", isGlobal: of.isGlobal, name: of.name, span: of.span };
  if (of.kind !== "type") return undefined;
  return of.type.kind === "named type" || of.type.kind === "specialized type" ? of.type : undefined;
}

/** Judges the declaration of an instance and declares it; undefined after an error. */
export function instantiation(c: Checker, syntax: Instantiation): Instance | undefined {
  const { name, type, span, annotations } = syntax;
  const use: Use = { typeArguments: [], list: syntax.arguments, span, expected: undefined };
  const bare = instanceOf(c, { type, use });
  if (bare === undefined) {
    declare(c, name.text, { kind: "constant", value: nothing(span), span: name.span });
    return undefined;
  }
  const implemented = initialized(c, syntax, bare.type);
  const instance = {
    ...bare,
    ...implemented,
    name: name.text,
    annotations: annotated(c, annotations),
    span,
  };
  declare(c, name.text, { kind: "instance", instance, span: name.span });
  if (name.text === "main" && c.place.kind === "top" && bare.type.kind !== "package")
    tell(c, { code: "P642", span: name.span }, { type: show(bare.type) });
  return instance;
}

type Implemented = Pick<Instance, "methods" | "instances">;

function initialized(c: Checker, { initializer, name }: Instantiation, type: Type): Implemented {
  const abstract = type.kind === "extern" ? type.methods.filter((each) => each.isAbstract) : [];
  if (initializer !== undefined && type.kind !== "extern")
    tell(c, { code: "P643", span: name.span }, { type: show(type) });
  const methods: FunctionDeclaration[] = [];
  const instances: Instance[] = [];
  scoped(c, () => {
    for (const each of initializer ?? []) {
      if (each.kind === "function") methods.push(functionOf(c, each, type));
      else {
        const made = instantiation(c, each);
        if (made !== undefined) instances.push(made);
      }
    }
  });
  if (type.kind === "extern") tellImplementations(c, { type, abstract, methods, name });
  return { methods, instances };
}

type Judged = {
  readonly type: ExternType;
  readonly abstract: readonly ExternMethod[];
  readonly methods: readonly FunctionDeclaration[];
  readonly name: Instantiation["name"];
};

function tellImplementations(c: Checker, { type, abstract, methods, name }: Judged): void {
  for (const method of methods) {
    const declared = abstract.filter((each) => each.name === method.name);
    if (declared.length === 0)
      tell(c, { code: "P644", span: method.span }, { name: method.name, type: show(type) });
    else if (!declared.some((each) => implementsMethod(type, each, method)))
      tell(c, { code: "P645", span: method.span }, { name: method.name, type: show(type) });
  }
  const missing = abstract.find(
    (each) =>
      !each.annotations.some((annotation) => annotation.name === "optional") &&
      methods.every((method) => method.name !== each.name),
  );
  if (missing !== undefined)
    tell(c, { code: "P646", span: name.span }, { name: missing.name, type: show(type) });
}

function implementsMethod(
  type: ExternType,
  declared: ExternMethod,
  made: FunctionDeclaration,
): boolean {
  const put = (each: Type): Type => substituted(each, type.typeParameters, type.arguments);
  return (
    declared.parameters.length === made.parameters.length &&
    unify(put(declared.result), made.result) &&
    declared.parameters.every((each, index) => {
      const other = made.parameters[index];
      return (
        other !== undefined &&
        other.direction === each.direction &&
        unify(put(each.type), other.type)
      );
    })
  );
}
