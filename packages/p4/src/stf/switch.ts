/**
 * What an STF file is run against: the simulator, or a program that is loaded into a kernel. A switch performs what it is asked to, or
 * says why not; it never leaves something out silently.
 */
import type { Result } from "@seam/base";

/** A packet at a port. */
export type Packet = { readonly port: number; readonly data: Uint8Array };

/** Kinds of match that tables know. */
export type MatchKind = "exact" | "lpm" | "ternary" | "range" | "optional" | "selector";

/** A field of a table's key, by its control-plane name. */
type KeyShape = {
  readonly name: string;
  readonly width: number;
  readonly match: MatchKind;
};

/** An action that a table can have, with the parameters that the control plane sets. */
export type ActionShape = {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly width: number }[];
};

/** A table by its control-plane names. */
export type TableShape = {
  readonly name: string;
  readonly keys: readonly KeyShape[];
  readonly actions: readonly ActionShape[];
};

/** All that commands can name. */
export type SwitchShape = {
  readonly tables: readonly TableShape[];
  readonly counters: readonly string[];
  readonly registers: readonly string[];
  readonly meters: readonly string[];
};

/** What a field of a key is matched with. */
export type Match =
  | { readonly kind: "exact"; readonly value: bigint }
  | { readonly kind: "lpm"; readonly value: bigint; readonly prefixBits: number }
  | { readonly kind: "ternary"; readonly value: bigint; readonly mask: bigint }
  | { readonly kind: "range"; readonly first: bigint; readonly last: bigint }
  | { readonly kind: "any" };

/** An action with its arguments, in the order of its parameters. */
export type ActionCall = { readonly name: string; readonly args: readonly bigint[] };

/** An entry for a table; the larger priority wins. */
export type TableEntry = {
  readonly table: string;
  readonly matches: readonly Match[];
  readonly priority: number;
  readonly action: ActionCall;
  /** After so long without a match the entry has timed out, in tables that know such a time. */
  readonly idleMicroseconds?: number;
};

/** What a switch tells its controller unasked. */
export type Notification =
  /** An entry was not matched for its time; it is still there. */
  | { readonly kind: "idle"; readonly table: string; readonly handle: number }
  /** Data that the program sends: the bits of a value, one after the other, filled up with 0 to whole bytes. */
  | { readonly kind: "digest"; readonly digest: string; readonly data: Uint8Array };

/** Packets and bytes that were counted. */
export type Count = { readonly packets: bigint; readonly bytes: bigint };

/** A meter's rate: what it lets through in a microsecond, and at once; in bytes or packets as the meter counts. */
export type MeterRate = { readonly perMicrosecond: number; readonly burst: number };

/** Where a clone session sends its copies. */
export type CloneTarget =
  | { readonly kind: "port"; readonly port: number }
  | { readonly kind: "group"; readonly group: number };

/** Why something was not done. */
type Refusal = string;
type Done<T = void> = Result<T, Refusal>;

/** A cell of a counter, register or meter; of a direct one it is the entry's handle. */
export type Cell = { readonly name: string; readonly index: number };

/** A switch that runs a program. Names are control-plane names in full. */
export type Switch = {
  readonly shape: SwitchShape;
  /** Sends a packet into a port. */
  readonly send: (packet: Packet) => Done;
  /** Waits until nothing moves any more; the packets that came out since the last time, in order. */
  readonly drain: () => readonly Packet[];
  /** Lets virtual time pass without a packet. */
  readonly pass: (microseconds: number) => void;
  /** What the controller was told since the last time, in order. */
  readonly notifications: () => readonly Notification[];
  /** Adds an entry; the value is its handle. */
  readonly addEntry: (entry: TableEntry) => Done<number>;
  readonly setDefault: (table: string, action: ActionCall) => Done;
  /** Removes the entries of all tables, except constant ones. */
  readonly removeEntries: () => Done;
  readonly readCounter: (cell: Cell) => Done<Count>;
  readonly writeCounter: (cell: Cell, count: Count) => Done;
  readonly readRegister: (cell: Cell) => Done<bigint>;
  readonly writeRegister: (cell: Cell, value: bigint) => Done;
  readonly resetRegister: (name: string) => Done;
  readonly readMeter: (cell: Cell) => Done<readonly MeterRate[]>;
  /** Sets the rates of one cell, or of all without an index. */
  readonly writeMeter: (
    cell: { readonly name: string; readonly index?: number },
    rates: readonly MeterRate[],
  ) => Done;
  readonly setCloneSession: (session: number, target: CloneTarget | undefined) => Done;
  readonly cloneSession: (session: number) => Done<CloneTarget>;
  readonly createGroup: (group: number) => Done;
  /** Makes a node of a multicast group; the value is its handle, counted from 0. */
  readonly createNode: (rid: number, ports: readonly number[]) => Done<number>;
  readonly updateNode: (node: number, ports: readonly number[]) => Done;
  readonly associateNode: (group: number, node: number) => Done;
};
