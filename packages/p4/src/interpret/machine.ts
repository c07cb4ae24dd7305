/** What all parts of a running program share. */
import type { Expr, CallExpr } from "../ir/expression.ts";
import type {
  Action,
  BoundAction,
  ControlDeclaration,
  Parameter,
  ParserDeclaration,
  Table,
  Variable,
} from "../ir/declaration.ts";
import type { Statement } from "../ir/statement.ts";
import type { Type } from "../types/type.ts";
import type { BlockNode, ExternNode } from "../eval/instances.ts";
import type { Count, MeterRate, Notification } from "../stf/switch.ts";
import type { BitWriter } from "./bits.ts";
import type { Reading } from "./codec.ts";
import type { Random } from "./random.ts";
import type { Composite, Value } from "./value.ts";

/** One thing that happened to a packet. */
export type TraceEvent =
  | { readonly kind: "in" | "out"; readonly port: number; readonly data: Uint8Array }
  | { readonly kind: "dropped" }
  /** An assignment with the value that its target has now, or a call. */
  | {
      readonly kind: "statement";
      readonly file: string;
      readonly line: number;
      readonly text: string;
      readonly value?: string;
    }
  | { readonly kind: "parser"; readonly parser: string; readonly state: string }
  | { readonly kind: "parser error"; readonly error: string }
  | {
      readonly kind: "table";
      readonly table: string;
      readonly key: readonly string[];
      readonly isHit: boolean;
      readonly action: string | undefined;
    }
  | { readonly kind: "block"; readonly block: string }
  | { readonly kind: "note"; readonly text: string };

/** The state of the switch that programs can see, apart from their variables. */
export type Machine = {
  /** The packet that is being parsed. */
  input: Reading;
  /** The packet that is being deparsed. */
  readonly output: BitWriter;
  /** What parsing ended with. */
  parserError: string;
  /** The length of the packet in bytes, for counters and meters. */
  packetBytes: number;
  /** Virtual time in microseconds. */
  now: number;
  readonly random: Random;
  /** What the controller is told. */
  readonly notifications: Notification[];
  /** The table that was applied last: its action is running, or was. */
  applied?: TableRuntime;
  trace?: (event: TraceEvent) => void;
};

/** Where a variable is kept. As nothing in P4 calls itself, each has one place in each instance. */
export type Cell = { value: Value };

/** Computes a value. Values with parts are references: who keeps them copies them. */
export type Run = () => Value;

/** Sets something. */
export type Store = (value: Value) => void;

/** Something that can be read and set; what it depends on was evaluated when it was made. */
export type Place = { readonly get: Run; readonly set: Store };

/** How a statement ended: 0 goes on, 1 returns, 2 breaks and 3 continues a loop. */
export type Flow = 0 | 1 | 2 | 3;

/** Executes a statement. */
export type Step = () => Flow;

/** An argument of an extern's call. */
export type ExternArgument = {
  readonly get: Run;
  readonly set: Store;
  readonly type: Type;
  /** As written; undefined for `_` and optional ones that are not given. */
  readonly expression: Expr | undefined;
};

/** A call of an extern, when the program is prepared: what is worked out here costs nothing when packets come. */
export type ExternCall = {
  readonly machine: Machine;
  readonly arguments: readonly ExternArgument[];
  readonly typeArguments: readonly Type[];
  readonly result: Type;
  readonly compiler: Compiler;
};

/** Prepares a call; undefined when there is no such function or method. */
export type ExternFactory = (call: ExternCall) => Run;

/** Rows of tables as direct externs see them. */
export type DirectRow = { readonly handle: number };

/** An extern object that runs. */
export type ExternObject = {
  readonly path: string;
  /** The type's name. */
  readonly type: string;
  readonly methods: { readonly [name: string]: ExternFactory };
  /** Called before each pass of a packet, for what is kept for one packet only. */
  readonly begin?: () => void;
  /** Called when a table that has it matched a row, before the action runs; without a row it missed. */
  readonly matched?: (row: DirectRow | undefined) => void;
  readonly counter?: {
    readonly read: (index: number) => Count | undefined;
    readonly write: (index: number, count: Count) => boolean;
  };
  readonly register?: {
    readonly read: (index: number) => bigint | undefined;
    readonly write: (index: number, value: bigint) => boolean;
    readonly reset: () => void;
  };
  readonly meter?: {
    readonly read: (index: number) => readonly MeterRate[] | undefined;
    readonly write: (index: number | undefined, rates: readonly MeterRate[]) => boolean;
  };
};

/** A parser or control that runs: arguments are put into the cells of its parameters. */
export type BlockRuntime = {
  readonly node: BlockNode;
  readonly cells: readonly Cell[];
  readonly run: () => void;
};

/** A table that runs; how the last packet fared is kept, as no table is applied while it is being applied. */
export type TableRuntime = {
  readonly apply: () => void;
  /** Whether a row matched. */
  isHit: boolean;
  /** The id of the action that ran, or -1. */
  ran: number;
  /**
   * Adds an entry for the key that missed, with an action by its name, and a time in microseconds after which it expires; false when
   * there is no such action.
   */
  readonly addMissed: (
    action: string,
    data: readonly Value[],
    expireMicroseconds?: number,
  ) => boolean;
  /** Starts the timer of the entry that matched last, or was added, again; with another time when one is given. */
  readonly restartTimer: (forMicroseconds?: number) => void;
};

/** What architectures add to the language. */
export type Externs = {
  readonly functions: { readonly [name: string]: ExternFactory };
  readonly create: (node: ExternNode, compiler: Compiler) => ExternObject | undefined;
};

/** What stands around the code of one instance of a parser or control, or of what is declared at the top level. */
export type Around = {
  readonly machine: Machine;
  readonly externs: Externs;
  readonly block: BlockNode | undefined;
  readonly object: (expression: Expr) => ExternObject | undefined;
  readonly child: (expression: Expr) => BlockRuntime;
  readonly table: (table: Table) => TableRuntime;
};

/** Prepares the parts of one instance of a parser or control. */
export type Compiler = Around & {
  readonly cell: (variable: Variable | Parameter) => Cell;
  readonly expression: (expression: Expr) => Run;
  readonly condition: (expression: Expr) => () => boolean;
  readonly statement: (statement: Statement) => Step;
  readonly store: (expression: Expr) => Store;
  /** Evaluates what a place depends on, and gives the place. */
  readonly place: (expression: Expr) => () => Place;
  readonly call: (call: CallExpr) => Run;
  /** A call of an action: `data` are the control plane's values for the parameters that are not bound, in their order. */
  readonly action: (bound: ActionWithData) => () => void;
  /** What a parser or control does each time it is applied. */
  readonly body: (declaration: ParserDeclaration | ControlDeclaration) => () => void;
  /** What a function returned last. */
  readonly returned: Cell;
  /** The value of an expression that is known. */
  readonly constant: (expression: Expr) => Value;
};

/** An action with the arguments that the program binds and those of the control plane. */
export type ActionWithData = {
  readonly action: Action;
  readonly arguments: BoundAction["arguments"];
  readonly data: readonly Value[];
};

/** A way to run a program: functions that are made once, or a walk through the tree. */
export type Evaluator = (around: Around) => Compiler;

/** A header, or another value with parts, where it stands. */
export type Reference = () => Composite;
