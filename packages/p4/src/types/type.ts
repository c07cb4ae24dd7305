/**
 * The types of P4-16 (specification 1.2.5, section 7), resolved: names of `typedef` are gone, widths are numbers. Plain data. Types with
 * a declaration are the same when their ids and arguments are; all others when they are built alike.
 */
import type { Annotation } from "../ir/annotation.ts";
import type { Constructor, ExternMethod, Parameter } from "../ir/declaration.ts";

/** One field of a struct, header, header union or struct expression. */
export type Field = {
  readonly name: string;
  readonly type: Type;
  readonly annotations: readonly Annotation[];
};

type Declared = {
  /** Unique among all declarations of a program. */
  readonly id: number;
  /** As declared; a `@name` is among the annotations. */
  readonly name: string;
  readonly annotations: readonly Annotation[];
};

/** `bit<W>`, `int<W>`, and `varbit<W>` with its greatest width; in bits. */
export type BitsType = { readonly kind: "bit" | "int" | "varbit"; readonly width: number };

/** Types without parts. `integer` is `int` without a width; `nothing` comes from an error that was told and silences what follows. */
type PlainType = {
  readonly kind:
    | ("integer" | "bool" | "string" | "error" | "match_kind" | "void")
    /** That of `{#}` before it is known which header it is. */
    | "invalid"
    /** That of `...` before it is known what it stands for. */
    | "rest"
    | "nothing";
};

/** A struct, header or header union, with its type arguments put into its fields. */
export type StructType = Declared & {
  readonly kind: "struct" | "header" | "header_union";
  readonly arguments: readonly Type[];
  readonly fields: readonly Field[];
};

/** How many there are. */
export type Count = number;

/** A header stack, or an array of anything. */
export type StackType = { readonly kind: "stack"; readonly element: Type; readonly size: Count };

/** `tuple<A, B>`; also the type of `{a, b}` before it is known what it makes. */
type TupleType = { readonly kind: "tuple"; readonly elements: readonly Type[] };

/** That of `{x = a, y = b}` before it is known what it makes. */
type RecordType = { readonly kind: "record"; readonly fields: readonly Field[] };

/** `list<T>`; a `set` is what keysets are of. */
type CollectionType = { readonly kind: "list" | "set"; readonly element: Type };

/** An enum without a type. */
export type EnumType = Declared & { readonly kind: "enum"; readonly members: readonly string[] };

/** `enum bit<8> E { A = 1 }`: serialisable. `underlying` is `bit` or `int`, or a newtype of them. */
export type SerializableEnumType = Declared & {
  readonly kind: "serializable enum";
  readonly underlying: Type;
  readonly members: readonly { readonly name: string; readonly value: bigint }[];
};

/** `type T N`. */
export type NewType = Declared & { readonly kind: "newtype"; readonly target: Type };

/** An extern object's. Methods are as declared: `typeParameters` stand in them for `arguments`. */
export type ExternType = Declared & {
  readonly kind: "extern";
  readonly arguments: readonly Type[];
  readonly typeParameters: readonly VariableType[];
  readonly constructors: readonly Constructor[];
  readonly methods: readonly ExternMethod[];
};

/** A parser's or control's: of a declared type as of one with a body. Type arguments are put into the parameters. */
export type BlockType = Declared & {
  readonly kind: "parser" | "control";
  readonly arguments: readonly Type[];
  readonly parameters: readonly Parameter[];
};

/** A package's. */
export type PackageType = Declared & {
  readonly kind: "package";
  readonly arguments: readonly Type[];
  readonly parameters: readonly Parameter[];
};

/** What `t.apply()` gives: fields `hit`, `miss` and `action_run`. */
type ApplyResultType = { readonly kind: "apply result"; readonly table: number };

/** That of `t.apply().action_run`. */
type ActionRunType = { readonly kind: "action run"; readonly table: number };

/** A table's own, for a property or argument that takes one. */
type TableType = { readonly kind: "table"; readonly id: number; readonly name: string };

/** A type parameter. In the typed program it is only found in declarations without a body. */
export type VariableType = {
  readonly kind: "variable";
  readonly id: number;
  readonly name: string;
};

/** A type that is still to be inferred; never found in a typed program. */
export type InferredType = {
  readonly kind: "inferred";
  readonly name: string;
  bound: Type | undefined;
};

/** A type. */
export type Type =
  | BitsType
  | PlainType
  | StructType
  | StackType
  | TupleType
  | RecordType
  | CollectionType
  | EnumType
  | SerializableEnumType
  | NewType
  | ExternType
  | BlockType
  | PackageType
  | ApplyResultType
  | ActionRunType
  | TableType
  | VariableType
  | InferredType;
