/**
 * The syntax tree of P4-16: what was written, unresolved and untyped. Immutable; every node has its span. Parentheses are not kept:
 * the printer puts them where precedence needs them. Names of kinds follow the grammar (specification 1.2.5, appendix H).
 */
import type { Span } from "../source/file.ts";

/** A name where one is declared or used. */
export type Name = { readonly text: string; readonly span: Span };

type Node<Kind extends string> = { readonly kind: Kind; readonly span: Span };

// Types.

/** A built-in type without a width; `bit` alone is `bit<1>`, `int` alone has no bounds. */
type BaseType = Node<"base type"> & {
  readonly name: "bool" | "error" | "match_kind" | "string" | "int" | "bit" | "void";
};

/** `bit<8>`, `int<(N + 1)>`, `varbit<320>`. */
type SizedType = Node<"sized type"> & {
  readonly base: "bit" | "int" | "varbit";
  readonly width: Expression;
};

/** A type by its name; with a dot in front the one of the top level. */
export type NamedType = Node<"named type"> & { readonly isGlobal: boolean; readonly name: Name };

/** `T<A, B>`. */
type SpecializedType = Node<"specialized type"> & {
  readonly base: NamedType;
  readonly arguments: readonly TypeRef[];
};

/** `H[4]`: a stack of headers, or an array. */
type StackType = Node<"stack type"> & {
  readonly element: TypeRef;
  readonly size: Expression;
};

/** `tuple<A, B>`. */
type TupleType = Node<"tuple type"> & { readonly arguments: readonly TypeRef[] };

/** `list<T>`. */
type ListType = Node<"list type"> & { readonly element: TypeRef };

/** `_` as an argument of a type: whatever fits. */
type AnyType = Node<"any type">;

/** A type where it is used. */
export type TypeRef =
  | BaseType
  | SizedType
  | NamedType
  | SpecializedType
  | StackType
  | TupleType
  | ListType
  | AnyType;

// Expressions.

/** A whole number; `width` and `isSigned` when it was written with them, such as 8w255 or 16s5. */
export type Integer = Node<"integer"> & {
  readonly value: bigint;
  readonly width?: number;
  readonly isSigned: boolean;
  readonly text: string;
};

/** A string; `text` is what stands between the quotes, escapes as written. */
type StringLiteral = Node<"string"> & { readonly text: string };

/** `true` or `false`. */
type BooleanLiteral = Node<"boolean"> & { readonly value: boolean };

/** `...`: all that is not given. */
type Rest = Node<"rest">;

/** `this`, in the initialiser of an instance. */
type This = Node<"this">;

/** `{#}`: an invalid header. */
type InvalidHeader = Node<"invalid header">;

/** A name of anything but a base type. */
type NameExpression = Node<"name"> & { readonly isGlobal: boolean; readonly name: Name };

/** A type where an expression stands: `error` in `error.NoMatch`, `C<T>` in `C<T>.apply()`. */
type TypeExpression = Node<"type"> & { readonly type: TypeRef };

/** `of.member`. */
type Member = Node<"member"> & { readonly of: Expression; readonly member: Name };

/** `of[index]`. */
type Index = Node<"index"> & { readonly of: Expression; readonly index: Expression };

/** `of[high:low]`. */
type Slice = Node<"slice"> & {
  readonly of: Expression;
  readonly high: Expression;
  readonly low: Expression;
};

/** `of[low+:width]`. */
type PartSelect = Node<"part select"> & {
  readonly of: Expression;
  readonly low: Expression;
  readonly width: Expression;
};

/** `{a, b}`. */
type ListExpression = Node<"list"> & { readonly elements: readonly Expression[] };

/** `name = value` among others. */
export type NamedValue = { readonly name: Name; readonly value: Expression };

/** `{x = 1, y = 2}`; `hasRest` with `...` at its end. */
type StructExpression = Node<"struct value"> & {
  readonly fields: readonly NamedValue[];
  readonly hasRest: boolean;
};

/** Operators before their operand. */
export type UnaryOperator = "!" | "~" | "-" | "+";

/** `-operand`. */
type Unary = Node<"unary"> & {
  readonly operator: UnaryOperator;
  readonly operand: Expression;
};

/** Operators between two operands. */
export type BinaryOperator =
  | ("||" | "&&" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "|" | "^" | "&" | "<<" | ">>")
  | ("++" | "+" | "-" | "|+|" | "|-|" | "*" | "/" | "%");

/** `left + right`. */
type Binary = Node<"binary"> & {
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
};

/** `condition ? yes : no`. */
type Conditional = Node<"conditional"> & {
  readonly condition: Expression;
  readonly yes: Expression;
  readonly no: Expression;
};

/** `(type) operand`. */
type Cast = Node<"cast"> & { readonly type: TypeRef; readonly operand: Expression };

/** One argument of a call; without a value it is `_`. */
export type Argument = {
  readonly name?: Name;
  readonly value?: Expression;
  readonly span: Span;
};

/** A call of a function, method, action or constructor. */
export type Call = Node<"call"> & {
  readonly callee: Expression;
  readonly typeArguments: readonly TypeRef[];
  readonly arguments: readonly Argument[];
};

/** Whatever has a value, or is called. */
export type Expression =
  | Integer
  | StringLiteral
  | BooleanLiteral
  | Rest
  | This
  | InvalidHeader
  | NameExpression
  | TypeExpression
  | Member
  | Index
  | Slice
  | PartSelect
  | ListExpression
  | StructExpression
  | Unary
  | Binary
  | Conditional
  | Cast
  | Call;

/** What a key is matched against in select cases and entries. */
export type Keyset =
  | Expression
  | (Node<"mask"> & { readonly value: Expression; readonly mask: Expression })
  | Range
  | Node<"default">
  | Node<"any">
  | (Node<"keyset tuple"> & { readonly elements: readonly Keyset[] });

/** `first .. last`, both included. */
export type Range = Node<"range"> & { readonly first: Expression; readonly last: Expression };

// Annotations, parameters.

/** `@name`, with tokens in parentheses, with expressions or named values in brackets, or as `@pragma` up to the line's end. */
export type Annotation = {
  readonly name: Name;
  readonly span: Span;
  readonly body:
    | { readonly kind: "none" }
    | { readonly kind: "tokens"; readonly tokens: readonly string[] }
    | { readonly kind: "pragma"; readonly tokens: readonly string[] }
    | { readonly kind: "expressions"; readonly expressions: readonly Expression[] }
    | { readonly kind: "named"; readonly values: readonly NamedValue[] };
};

/** A parameter; without a direction `direction` is absent. */
export type Parameter = {
  readonly annotations: readonly Annotation[];
  readonly direction?: "in" | "out" | "inout";
  readonly type: TypeRef;
  readonly name: Name;
  readonly defaultValue?: Expression;
  readonly span: Span;
};
