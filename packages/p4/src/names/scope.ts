/** Scopes: what a name stands for where it is used (section 6.9). */
import type {
  Action,
  ControlDeclaration,
  ExternFunction,
  FunctionDeclaration,
  Instance,
  Parameter,
  ParserDeclaration,
  Table,
  ValueSet,
  Variable,
} from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import type { Span } from "../source/file.ts";
import type {
  ControlDeclaration as ControlSyntax,
  FunctionDeclaration as FunctionSyntax,
  ParserDeclaration as ParserSyntax,
} from "../syntax/ast-program.ts";
import type { Type, VariableType } from "../types/type.ts";

/** What has type parameters: its syntax, the scope it stands in, and what was made of it. */
export type Generic<Syntax, Made> = {
  readonly syntax: Syntax;
  readonly scope: Scope;
  /** By the types' identity (`identity` of `show.ts`). */
  readonly made: Map<string, Made>;
};

/** A function that may be called by its name; with type parameters its body is judged anew for each choice of arguments. */
export type NamedFunction =
  | ExternFunction
  | (FunctionDeclaration & { readonly generic?: Generic<FunctionSyntax, FunctionDeclaration> });

/** A parser or control with type parameters. */
export type GenericBlock = Generic<
  ParserSyntax | ControlSyntax,
  ParserDeclaration | ControlDeclaration
>;

/** A type by its name; `parameters` stand in it for type arguments. A parser or control with a body has its declaration. */
export type NamedType = {
  readonly kind: "type";
  readonly type: Type;
  readonly parameters: readonly VariableType[];
  readonly block?: ParserDeclaration | ControlDeclaration;
  /** With type parameters its body is judged anew for each choice of arguments. */
  readonly generic?: GenericBlock;
};

/** What a name stands for. */
export type Entity = (
  | NamedType
  | { readonly kind: "variable"; readonly variable: Variable | Parameter }
  | { readonly kind: "constant"; readonly value: Expr }
  | { readonly kind: "instance"; readonly instance: Instance }
  | { readonly kind: "action"; readonly action: Action }
  | { readonly kind: "table"; readonly table: Table }
  | { readonly kind: "value set"; readonly set: ValueSet }
  | { readonly kind: "functions"; readonly list: NamedFunction[] }
) & { readonly span: Span; readonly deprecated?: string };

/** Names, and the scope around. */
export type Scope = { readonly around?: Scope; readonly names: Map<string, Entity> };

/** A scope inside of another. */
export const inside = (around: Scope): Scope => ({ around, names: new Map() });

/** What a name stands for; undefined when nobody declared it. */
export function find(scope: Scope, name: string): Entity | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.around) {
    const entity = at.names.get(name);
    if (entity !== undefined) return entity;
  }
  return undefined;
}

/** The scope of the top level. */
export function topOf(scope: Scope): Scope {
  let at = scope;
  while (at.around !== undefined) at = at.around;
  return at;
}

/** All names that may be used in a scope. */
export function namesIn(scope: Scope): readonly string[] {
  const names: string[] = [];
  for (let at: Scope | undefined = scope; at !== undefined; at = at.around)
    names.push(...at.names.keys());
  return names;
}
