/**
 * Declarations of the typed program. Each has an id of its own, by which maps may be keyed; references are the declarations themselves,
 * except for parser states, which are named. Generic functions are found once for each choice of type arguments.
 */
import type { Span } from "../source/file.ts";
import type {
  BlockType,
  Count,
  EnumType,
  ExternType,
  NewType,
  PackageType,
  SerializableEnumType,
  StructType,
  Type,
  VariableType,
} from "../types/type.ts";
import type { Annotation } from "./annotation.ts";
import type { Argument, Expr } from "./expression.ts";
import type { Block, Statement, VariableStatement } from "./statement.ts";

type Declared<Kind extends string> = {
  readonly kind: Kind;
  readonly id: number;
  /** As declared. */
  readonly name: string;
  readonly annotations: readonly Annotation[];
  readonly span: Span;
};

/** A local variable, also that of a parser, control or loop. */
export type Variable = Declared<"variable"> & { readonly type: Type };

/**
 * A parameter. Without a direction it is known when the program is compiled or, of an action, given by the control plane; of an extern
 * function or method it may be either.
 */
export type Parameter = Declared<"parameter"> & {
  readonly type: Type;
  readonly direction: "in" | "out" | "inout" | "none";
  readonly isOptional: boolean;
  /** Used where no argument is given. */
  readonly defaultValue?: Expr;
};

type Callable = {
  readonly typeParameters: readonly VariableType[];
  readonly parameters: readonly Parameter[];
  readonly result: Type;
};

/** A function with its body. In the typed program `typeParameters` is empty. */
export type FunctionDeclaration = Declared<"function"> & Callable & { readonly body: Block };

/** A function of the architecture. */
export type ExternFunction = Declared<"extern function"> & Callable;

/** A method of an extern. */
export type ExternMethod = Declared<"method"> & Callable & { readonly isAbstract: boolean };

/** A constructor of an extern. */
export type Constructor = Declared<"constructor"> & { readonly parameters: readonly Parameter[] };

/** An action. Parameters of direction `none` are the control plane's, and come last. */
export type Action = Declared<"action"> & {
  readonly parameters: readonly Parameter[];
  readonly body: Block;
};

/** Whose instance it is, and by which arguments: one per parameter of the constructor, in order. `type` is an extern, block or package. */
export type Instance = Declared<"instance"> & {
  readonly type: Type;
  /** The parser or control whose instance it is. */
  readonly block?: ParserDeclaration | ControlDeclaration;
  readonly arguments: readonly Argument[];
  /** Implementations of abstract methods, by the method's name. */
  readonly methods: readonly FunctionDeclaration[];
  /** Instances declared in the initialiser. */
  readonly instances: readonly Instance[];
};

/** A value set: `type` is what one member is, `size` how many it holds at most. */
export type ValueSet = Declared<"value set"> & { readonly type: Type; readonly size: Count };

/** What one key is matched against. */
export type Keyset =
  | { readonly kind: "value"; readonly value: Expr }
  | { readonly kind: "mask"; readonly value: Expr; readonly mask: Expr }
  | { readonly kind: "range"; readonly first: Expr; readonly last: Expr }
  | { readonly kind: "any" }
  | { readonly kind: "value set"; readonly set: ValueSet };

/** One case: a keyset for each key, or one value set for all keys together. States are named; `accept` and `reject` are states. */
export type SelectCase = {
  readonly keys: readonly Keyset[] | ValueSet;
  readonly state: string;
  readonly span: Span;
};

/** Where a state goes. When no case fits, the error is NoMatch. */
export type Transition =
  | { readonly kind: "goto"; readonly state: string; readonly span: Span }
  | {
      readonly kind: "select";
      readonly keys: readonly Expr[];
      readonly cases: readonly SelectCase[];
      readonly span: Span;
    };

/** A state. */
export type State = Declared<"state"> & {
  readonly body: readonly Statement[];
  readonly transition: Transition;
};

/** What stands in front of states or of an apply block. Constants are gone. */
export type Local = VariableStatement | Instance | ValueSet | Action | Table | FunctionDeclaration;

type BlockDeclaration = {
  readonly type: BlockType;
  readonly parameters: readonly Parameter[];
  readonly constructorParameters: readonly Parameter[];
  /** In order: variables are initialised each time the block is applied. */
  readonly locals: readonly Local[];
};

/** A parser with its states; begins at `start`. */
export type ParserDeclaration = Declared<"parser"> &
  BlockDeclaration & { readonly states: readonly State[] };

/** A control. */
export type ControlDeclaration = Declared<"control"> & BlockDeclaration & { readonly body: Block };

/** One part of a table's key. `keyName` is the control plane's (P4Runtime; `@name` or the expression's text). */
export type TableKey = {
  readonly expression: Expr;
  readonly matchKind: string;
  readonly keyName: string;
  readonly annotations: readonly Annotation[];
  readonly span: Span;
};

/** An action of a table. Arguments are those of parameters with a direction; the control plane gives the others. */
export type TableAction = {
  readonly action: Action;
  readonly arguments: readonly Argument[];
  readonly annotations: readonly Annotation[];
  readonly span: Span;
};

/** An action with an argument for each of its parameters, in order. */
export type BoundAction = { readonly action: Action; readonly arguments: readonly Argument[] };

/** An entry that the program gives; keysets are of values. */
export type TableEntry = {
  readonly keys: readonly Keyset[];
  readonly action: BoundAction;
  /** Given or worked out by section 14.2.1.4; of tables without priorities undefined. */
  readonly priority?: bigint;
  readonly isConst: boolean;
  readonly annotations: readonly Annotation[];
  readonly span: Span;
};

/** A property of which the language says nothing; its value is a value, an instance or a table's. */
export type TableProperty = {
  readonly name: string;
  readonly isConst: boolean;
  readonly value: Expr;
  readonly annotations: readonly Annotation[];
  readonly span: Span;
};

/** A table. */
export type Table = Declared<"table"> & {
  readonly keys: readonly TableKey[];
  readonly actions: readonly TableAction[];
  /** What runs when nothing fits; undefined when nothing does. */
  readonly defaultAction?: BoundAction & { readonly isConst: boolean };
  readonly entries: readonly TableEntry[];
  /** Whether the control plane may not add entries: `const entries`. */
  readonly areEntriesConst: boolean;
  /** Whether a larger priority wins (`largest_priority_wins`, true unless set). */
  readonly largestPriorityWins: boolean;
  /** As given by `size`. */
  readonly size?: Count;
  /** All others, such as `implementation`, `counters` or `idle_timeout`. */
  readonly properties: readonly TableProperty[];
};

/** A whole program, typed and resolved. Declarations of one kind stand in the order of the program, those of included files too. */
export type Program = {
  readonly types: readonly (StructType | EnumType | SerializableEnumType | NewType)[];
  readonly externs: readonly ExternType[];
  readonly blockTypes: readonly (BlockType | PackageType)[];
  /** In order of declaration. */
  readonly errors: readonly string[];
  readonly matchKinds: readonly string[];
  readonly functions: readonly FunctionDeclaration[];
  readonly externFunctions: readonly ExternFunction[];
  readonly actions: readonly Action[];
  readonly parsers: readonly ParserDeclaration[];
  readonly controls: readonly ControlDeclaration[];
  readonly valueSets: readonly ValueSet[];
  readonly instances: readonly Instance[];
};
