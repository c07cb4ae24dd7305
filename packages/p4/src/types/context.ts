/** What the checker goes along with: scopes, where it is, what was found wrong, and what was made so far. */
import type { Expr } from "../ir/expression.ts";
import type {
  Action,
  ControlDeclaration,
  ExternFunction,
  FunctionDeclaration,
  Instance,
  ParserDeclaration,
  ValueSet,
} from "../ir/declaration.ts";
import { nothing } from "../ir/value.ts";
import {
  type Entity,
  find,
  type GenericBlock,
  inside,
  namesIn,
  type Scope,
  topOf,
} from "../names/scope.ts";
import { similar } from "../names/similar.ts";
import { noteDeclared, noteUsed, type Uses } from "../names/uses.ts";
import type { Code, Fields } from "../source/catalogue.ts";
import type { Related } from "../source/diagnostic.ts";
import type { Span } from "../source/file.ts";
import type { Expression, Name } from "../syntax/ast.ts";
import type { Statement as StatementSyntax } from "../syntax/ast-program.ts";
import type { Statement } from "../ir/statement.ts";
import type { Findings } from "../validate/report.ts";
import { known } from "./relate.ts";
import type { BlockType, ExternType, PackageType, Type } from "./type.ts";
import type { Program } from "../ir/declaration.ts";

/** Where the checker is: what may stand there differs. */
export type Place = {
  readonly kind: "top" | "parser" | "state" | "control" | "apply" | "action" | "function";
  /** What `return` gives. */
  readonly result: Type;
  /** The name of the action that is being judged: in it, it means the action itself, which may not be called (section 6.9). */
  readonly name?: string;
  /** What `this` is, in the implementation of an abstract method. */
  readonly self?: Type;
};

/** What was made so far. */
type Draft = {
  readonly types: Program["types"][number][];
  readonly externs: ExternType[];
  readonly blockTypes: (BlockType | PackageType)[];
  readonly errors: string[];
  readonly matchKinds: string[];
  readonly functions: FunctionDeclaration[];
  readonly externFunctions: ExternFunction[];
  readonly actions: Action[];
  readonly parsers: ParserDeclaration[];
  readonly controls: ControlDeclaration[];
  readonly valueSets: ValueSet[];
  readonly instances: Instance[];
};

/** The rules that need each other; `check.ts` puts them together. */
type Rules = {
  readonly expression: (c: Checker, syntax: Expression, expected?: Type) => Expr;
  readonly statement: (c: Checker, syntax: StatementSyntax) => readonly Statement[];
  /** A generic parser or control with its type parameters bound. */
  readonly block: (
    c: Checker,
    generic: GenericBlock,
    list: readonly Type[],
  ) => ParserDeclaration | ControlDeclaration;
};

/** The state of a run. */
export type Checker = {
  readonly rules: Rules;
  readonly found: Findings;
  readonly uses: Uses;
  readonly draft: Draft;
  scope: Scope;
  place: Place;
  nextId: number;
  /** How many overloads are being tried inside each other. */
  trials: number;
  /** Instances that `C.apply()` made in the block that is being checked. */
  implicit: Instance[];
};

/** The type of an expression, as far as it is inferred. */
export const typeOf = (expr: Expr): Type => known(expr.type);

/** Whether an error was told about what has this type. */
export const isNothing = (type: Type): boolean => known(type).kind === "nothing";

/** Judges an expression; `expected` helps where the expression alone says too little, and need not be its type. */
export const check = (c: Checker, syntax: Expression, expected?: Type): Expr =>
  c.rules.expression(c, syntax, expected);

/** Tells something. */
export function tell<C extends Code>(
  c: Checker,
  at: { readonly code: C; readonly span: Span; readonly related?: readonly Related[] },
  fields: Fields<C>,
): void {
  c.found.add(at.code, at, fields);
}

/** Tells an error about an expression, and gives what silences all that follows from it. */
export function wrong<C extends Code>(
  c: Checker,
  at: { readonly code: C; readonly span: Span; readonly related?: readonly Related[] },
  fields: Fields<C>,
): Expr {
  tell(c, at, fields);
  return nothing(at.span);
}

/** A new id. */
export function newId(c: Checker): number {
  c.nextId += 1;
  return c.nextId;
}

/** Judges something in a scope of its own. */
export function scoped<T>(c: Checker, judge: () => T): T {
  const { scope } = c;
  c.scope = inside(scope);
  const result = judge();
  c.scope = scope;
  return result;
}

/** Judges something at another place. */
export function placed<T>(c: Checker, place: Place, judge: () => T): T {
  const { place: before } = c;
  c.place = place;
  const result = judge();
  c.place = before;
  return result;
}

/** Judges something in another scope. */
export function inScope<T>(c: Checker, scope: Scope, judge: () => T): T {
  const { scope: before } = c;
  c.scope = scope;
  const result = judge();
  c.scope = before;
  return result;
}

/** Enters a name into the innermost scope. */
export function declare(c: Checker, name: string, entity: Entity): void {
  noteDeclared(c.uses, c.scope, { name, entity });
  c.scope.names.set(name, entity);
}

/** Tells a name that nobody declared, with the one that was meant when there is a similar one. */
export function tellUndeclared(c: Checker, { text, span }: Name, names: readonly string[]): void {
  const meant = similar(text, names);
  if (meant === undefined) tell(c, { code: "P501", span }, { name: text });
  else tell(c, { code: "P502", span }, { name: text, meant });
}

/** What a name stands for; nothing is told of it. */
export function entityOf(c: Checker, { text }: Name, isGlobal: boolean): Entity | undefined {
  const entity = find(isGlobal ? topOf(c.scope) : c.scope, text);
  if (entity !== undefined) noteUsed(c.uses, entity);
  return entity;
}

/** What a name stands for; without one an error is told. */
export function lookUp(c: Checker, name: Name, isGlobal: boolean): Entity | undefined {
  const entity = entityOf(c, name, isGlobal);
  if (entity === undefined) tellUndeclared(c, name, namesIn(c.scope));
  else if (entity.deprecated !== undefined)
    tell(c, { code: "P503", span: name.span }, { name: name.text, text: entity.deprecated });
  return entity;
}

/** What an entity is, for messages. */
export const entityKind = (entity: Entity): string =>
  entity.kind === "functions"
    ? "a function"
    : `${/^[aeiou]/.test(entity.kind) ? "an" : "a"} ${entity.kind}`;
