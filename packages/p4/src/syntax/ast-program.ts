/** The syntax tree of P4-16, second part: statements, declarations, programs. */
import type { Span } from "../source/file.ts";
import type {
  Annotation,
  Argument,
  Call,
  Expression,
  Keyset,
  Name,
  Parameter,
  Range,
  TypeRef,
} from "./ast.ts";

type Node<Kind extends string> = { readonly kind: Kind; readonly span: Span };

type Annotated = { readonly annotations: readonly Annotation[] };

type Declared<Kind extends string> = Node<Kind> & Annotated & { readonly name: Name };

// Statements.

/** `=` and the operators that assign. */
export type AssignmentOperator =
  | ("=" | "*=" | "/=" | "%=" | "+=" | "-=" | "|+|=" | "|-|=")
  | ("<<=" | ">>=" | "&=" | "|=" | "^=");

/** `target = value;`. */
export type Assignment = Node<"assignment"> & {
  readonly target: Expression;
  readonly operator: AssignmentOperator;
  readonly value: Expression;
};

/** A call as a statement, also that of a type's `apply`. */
export type CallStatement = Node<"call statement"> & { readonly call: Call };

/** Statements in braces. */
export type Block = Node<"block"> & Annotated & { readonly statements: readonly Statement[] };

/** `if`, with or without `else`. */
export type If = Node<"if"> & {
  readonly condition: Expression;
  readonly yes: Statement;
  readonly no?: Statement;
};

/** One label of a switch, with its block unless it falls through; without a label it is `default`. */
export type SwitchCase = {
  readonly label?: Expression;
  readonly body?: Block;
  readonly span: Span;
};

/** `switch`, over the action that a table ran or over a value. */
export type Switch = Node<"switch"> & {
  readonly subject: Expression;
  readonly cases: readonly SwitchCase[];
};

/** `for (init; condition; update) body`. */
type For = Node<"for"> &
  Annotated & {
    readonly init: readonly (Variable | Assignment | CallStatement)[];
    readonly condition: Expression;
    readonly update: readonly (Assignment | CallStatement)[];
    readonly body: Statement;
  };

/** `for (type name in collection) body`. */
export type ForIn = Node<"for in"> &
  Annotated & {
    readonly variable: Variable;
    readonly collection: Expression | Range;
    readonly body: Statement;
  };

/** `return`, with or without a value. */
type Return = Node<"return"> & { readonly value?: Expression };

/** What is executed in order. */
export type Statement =
  | Assignment
  | CallStatement
  | Block
  | If
  | Switch
  | For
  | ForIn
  | Return
  | Node<"exit">
  | Node<"break">
  | Node<"continue">
  | Node<"empty">
  | Variable
  | Constant;

// Declarations.

/** `type name = value;`. */
export type Variable = Declared<"variable"> & {
  readonly type: TypeRef;
  readonly value?: Expression;
};

/** `const type name = value;`. */
export type Constant = Declared<"constant"> & {
  readonly type: TypeRef;
  readonly value: Expression;
};

/** `Type(arguments) name;`, with the implementations of abstract methods when it has an initialiser. */
export type Instantiation = Declared<"instantiation"> & {
  readonly type: TypeRef;
  readonly arguments: readonly Argument[];
  readonly initializer?: readonly (FunctionDeclaration | Instantiation)[];
};

type Generic = { readonly typeParameters: readonly Name[] };
type Parameterized = Generic & { readonly parameters: readonly Parameter[] };

/** A method of an extern; a constructor has no result. */
export type Method = Declared<"method"> &
  Parameterized & { readonly isAbstract: boolean; readonly result?: TypeRef };

/** An extern object's interface. */
export type Extern = Declared<"extern"> & Generic & { readonly methods: readonly Method[] };

/** An extern function's interface. */
export type ExternFunction = Declared<"extern function"> &
  Parameterized & { readonly result: TypeRef };

/** A function with its body. */
export type FunctionDeclaration = Declared<"function"> &
  Parameterized & { readonly result: TypeRef; readonly body: Block };

/** An action. */
export type Action = Declared<"action"> & {
  readonly parameters: readonly Parameter[];
  readonly body: Block;
};

/** The interface of a parser, control or package. */
export type BlockType = Declared<"parser type" | "control type" | "package"> & Parameterized;

/** One case of a select. */
export type SelectCase = { readonly keyset: Keyset; readonly state: Name; readonly span: Span };

/** Where a state goes. */
export type Transition =
  | (Node<"goto"> & { readonly state: Name })
  | (Node<"select"> & {
      readonly keys: readonly Expression[];
      readonly cases: readonly SelectCase[];
    });

/** A state of a parser; without a transition it goes to `reject`. */
export type State = Declared<"state"> & {
  readonly statements: readonly Statement[];
  readonly transition?: Transition;
};

/** A set of values that the control plane fills. */
export type ValueSet = Declared<"value set"> & {
  readonly type: TypeRef;
  readonly capacity: Expression;
};

/** A parser with its states; type parameters are beyond the grammar, but p4c takes them. */
export type ParserDeclaration = Declared<"parser"> &
  Generic & {
    readonly parameters: readonly Parameter[];
    readonly constructorParameters?: readonly Parameter[];
    readonly locals: readonly (Constant | Instantiation | Variable | ValueSet)[];
    readonly states: readonly State[];
  };

/** A control with its apply block. */
export type ControlDeclaration = Declared<"control"> &
  Generic & {
    readonly parameters: readonly Parameter[];
    readonly constructorParameters?: readonly Parameter[];
    readonly locals: readonly (Constant | Action | Table | Instantiation | Variable)[];
    readonly body: Block;
  };

/** One part of a table's key. */
export type KeyElement = Annotated & {
  readonly expression: Expression;
  readonly matchKind: Name;
  readonly span: Span;
};

/** An action as tables name it, with the arguments that are bound there. */
export type ActionRef = {
  readonly isGlobal: boolean;
  readonly name: Name;
  readonly arguments?: readonly Argument[];
  readonly span: Span;
};

/** An entry that the program gives. */
export type Entry = Annotated & {
  readonly isConst: boolean;
  readonly priority?: Expression;
  readonly keyset: Keyset;
  readonly action: ActionRef;
  readonly span: Span;
};

/** A property of a table. */
export type TableProperty =
  | (Node<"key"> & { readonly elements: readonly KeyElement[] })
  | (Node<"actions"> & {
      readonly actions: readonly (Annotated & { readonly action: ActionRef })[];
    })
  | (Node<"entries"> &
      Annotated & { readonly isConst: boolean; readonly entries: readonly Entry[] })
  | (Declared<"property"> & { readonly isConst: boolean; readonly value: Expression });

/** A table. */
export type Table = Declared<"table"> & { readonly properties: readonly TableProperty[] };

/** A field of a struct, header or header union. */
export type StructField = Annotated & {
  readonly type: TypeRef;
  readonly name: Name;
  readonly span: Span;
};

/** A struct, header or header union. */
export type Struct = Declared<"struct" | "header" | "header_union"> &
  Generic & { readonly fields: readonly StructField[] };

/** A member of an enum; with a value in serialisable ones. */
export type EnumMember = { readonly name: Name; readonly value?: Expression };

/** An enum; serialisable when it has an underlying type. */
export type Enum = Declared<"enum"> & {
  readonly underlying?: TypeRef;
  readonly members: readonly EnumMember[];
};

/** `typedef`, or `type` for a type of its own. */
export type Typedef = Declared<"typedef" | "type"> & { readonly target: TypeRef | Struct | Enum };

/** `error { ... }` or `match_kind { ... }`. */
export type Members = Node<"error" | "match_kind"> & { readonly members: readonly Name[] };

/** What stands at the top level. */
export type Declaration =
  | Constant
  | Instantiation
  | Extern
  | ExternFunction
  | FunctionDeclaration
  | Action
  | BlockType
  | ParserDeclaration
  | ControlDeclaration
  | ValueSet
  | Struct
  | Enum
  | Typedef
  | Members;

/** A program: its declarations in order. */
export type Program = { readonly declarations: readonly Declaration[] };
