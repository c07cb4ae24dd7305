/**
 * Expressions of the typed program. Each has its type; names are declarations; implicit casts, default arguments and `...` are written
 * out; what is known when the program is compiled is a value: an `integer`, `bool`, `string`, `error`, `enum` or `match_kind`, or a
 * `struct`, `tuple`, `list` or `stack` of values.
 */
import type { Span } from "../source/file.ts";
import type { Type } from "../types/type.ts";
import type {
  Action,
  ExternMethod,
  FunctionDeclaration,
  Instance,
  ExternFunction,
  Parameter,
  Table,
  Variable,
} from "./declaration.ts";

type Node<Kind extends string> = { readonly kind: Kind; readonly type: Type; readonly span: Span };

/** A number of type `bit`, `int`, `integer`, newtype or serialisable enum; in range of its type: an `int<8>` is -128 to 127. */
export type IntegerValue = Node<"integer"> & { readonly value: bigint };

/** A member of an `enum` without a type, of `error` or of `match_kind`. */
type MemberValue = Node<"enum" | "error" | "match_kind"> & { readonly member: string };

/** A struct, header, stack, tuple or list by its parts in the order of its type. A header is valid. */
type Aggregate = Node<"aggregate"> & { readonly elements: readonly Expr[] };

/** `{#}`: an invalid header, or a header union without a valid header. */
type Invalid = Node<"invalid">;

/** A variable, parameter or constructor parameter. */
type VariableExpr = Node<"variable"> & { readonly variable: Variable | Parameter };

/** An instance of an extern, parser, control or package by its name. */
type InstanceExpr = Node<"instance"> & { readonly instance: Instance };

/** `this`, in the implementation of an abstract method. */
type This = Node<"this">;

/** A constructor's call where a value is expected, such as an argument of a package or a property of a table. */
type NewExpr = Node<"new"> & { readonly instance: Instance };

/** A table as a value. */
type TableExpr = Node<"table"> & { readonly table: Table };

/** A field of a struct, header or header union; `index` is its place among the fields. */
type FieldExpr = Node<"field"> & {
  readonly of: Expr;
  readonly field: string;
  readonly index: number;
};

/** An element of a stack, tuple or list; a tuple's index is a value. */
type ElementExpr = Node<"element"> & { readonly of: Expr; readonly index: Expr };

/** `next`, `last`, `lastIndex` and `size` of a stack; `size` is a value and thus an integer. */
export type StackExpr = Node<"next" | "last" | "lastIndex"> & { readonly of: Expr };

/** `of[high:low]`: bits. */
export type SliceExpr = Node<"slice"> & {
  readonly of: Expr;
  readonly high: number;
  readonly low: number;
};

/** `of[low+:width]`: bits, `low` may be anything. */
type PartSelectExpr = Node<"part select"> & {
  readonly of: Expr;
  readonly low: Expr;
  readonly width: number;
};

/** Both operands have the node's type, which is `bit`, `int` or `bool`. `+` before an operand is gone. */
type UnaryExpr = Node<"unary"> & {
  readonly operator: "!" | "~" | "-";
  readonly operand: Expr;
};

/** Operators of two operands. */
export type Operator =
  | ("+" | "-" | "*" | "/" | "%" | "|+|" | "|-|" | "&" | "|" | "^" | "<<" | ">>" | "++")
  | ("==" | "!=" | "<" | "<=" | ">" | ">=" | "&&" | "||");

/** Operands of arithmetic and comparisons have one type; those of `++` any width; a shift's right one any `bit` or a value. */
export type BinaryExpr = Node<"binary"> & {
  readonly operator: Operator;
  readonly left: Expr;
  readonly right: Expr;
};

/** `condition ? yes : no`. */
type ConditionalExpr = Node<"conditional"> & {
  readonly condition: Expr;
  readonly yes: Expr;
  readonly no: Expr;
};

/** From the operand's type to the node's (section 8.12). */
type CastExpr = Node<"cast"> & { readonly operand: Expr };

/** `t.apply().hit` and `.miss`. */
type ApplyOutcome = Node<"hit" | "miss"> & { readonly apply: CallExpr };

/** One argument: without a value it is `_` for `out`, or of an optional parameter and not given. */
export type Argument = { readonly parameter: Parameter; readonly value?: Expr };

/** What is called. */
export type Callee =
  | { readonly kind: "function"; readonly function: FunctionDeclaration }
  | { readonly kind: "extern function"; readonly function: ExternFunction }
  /** `of` is an `instance`, `variable` or `this` whose type is an extern. */
  | { readonly kind: "method"; readonly of: Expr; readonly method: ExternMethod }
  | { readonly kind: "action"; readonly action: Action }
  | { readonly kind: "table"; readonly table: Table }
  /** A parser's or control's `apply`; `of` as of a method. */
  | { readonly kind: "apply"; readonly of: Expr }
  | { readonly kind: "header"; readonly method: HeaderMethod; readonly of: Expr }
  /** The argument is a value. */
  | { readonly kind: "stack"; readonly method: "push_front" | "pop_front"; readonly of: Expr };

/** Methods of headers and header unions; sizes of types are values and thus integers, those of values that hold a varbit are not. */
export type HeaderMethod =
  | ("isValid" | "setValid" | "setInvalid")
  | ("minSizeInBits" | "minSizeInBytes" | "maxSizeInBits" | "maxSizeInBytes");

/**
 * A call. There is one argument for each parameter, in the order of the parameters; `order` says in which they are evaluated when they
 * are named and stand otherwise. `typeArguments` are those of the function or method.
 */
export type CallExpr = Node<"call"> & {
  readonly callee: Callee;
  readonly typeArguments: readonly Type[];
  readonly arguments: readonly Argument[];
  readonly order: readonly number[];
};

/** An expression. */
export type Expr =
  | IntegerValue
  | MemberValue
  | (Node<"bool"> & { readonly value: boolean })
  /** Escapes are resolved. */
  | (Node<"string"> & { readonly value: string })
  | Aggregate
  | Invalid
  | VariableExpr
  | InstanceExpr
  | This
  | NewExpr
  | TableExpr
  | FieldExpr
  | ElementExpr
  | StackExpr
  | SliceExpr
  | PartSelectExpr
  | UnaryExpr
  | BinaryExpr
  | ConditionalExpr
  | CastExpr
  | ApplyOutcome
  | CallExpr;
