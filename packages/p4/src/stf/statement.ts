/** The commands of an STF file (simple test format of P4 switches), as data. Ports, indexes and handles are numbers as written. */
import type { Cell, MeterRate } from "./switch.ts";

/** Where a command stands, both from 1. */
type StfPlace = { readonly line: number; readonly column: number };

/** A number as it is written: with don't-care digits it has a mask, whose bits are 1 where the value counts. */
export type Literal = {
  readonly text: string;
  readonly value: bigint;
  readonly mask?: bigint;
  /** Bits that the digits stand for; undefined for decimal numbers, which have no width of their own. */
  readonly bits?: number;
  /** Bits of the digits in front of the first don't-care digit. */
  readonly leadingBits?: number;
};

/** One part of a key: a value, with a prefix's length, or up to another value. */
export type StfMatch = {
  readonly key: string;
  readonly value: Literal;
  readonly prefixBits?: number;
  readonly last?: Literal;
};

/** An action with its arguments by name. */
export type StfAction = {
  readonly name: string;
  readonly args: readonly { readonly name: string; readonly value: Literal }[];
};

/** How two numbers are compared. */
export type Relation = "==" | "!=" | "<=" | "<" | ">=" | ">";

/** What a counter, register or meter that was read is compared with. */
export type Comparison = { readonly relation: Relation; readonly value: bigint };

/** One command. */
export type Command =
  | { readonly kind: "packet"; readonly port: number; readonly data: Uint8Array }
  | {
      readonly kind: "expect";
      readonly port: number;
      /** Hexadecimal digits in lower case, `*` for any; without it the packet may be anything. */
      readonly digits?: string;
      readonly isExact: boolean;
    }
  | { readonly kind: "no_packet" }
  | {
      readonly kind: "add";
      readonly table: string;
      readonly priority?: number;
      readonly matches: readonly StfMatch[];
      readonly action: StfAction;
      readonly handle?: string;
    }
  | { readonly kind: "setdefault"; readonly table: string; readonly action: StfAction }
  | { readonly kind: "remove_all" }
  | { readonly kind: "wait" }
  | {
      readonly kind: "check_counter";
      readonly name: string;
      /** An index, or the name that an entry was added with. */
      readonly index: number | string;
      readonly unit: "packets" | "bytes";
      readonly comparison: Comparison;
    }
  | { readonly kind: "mirroring_add"; readonly session: number; readonly port: number }
  | { readonly kind: "mirroring_add_mc"; readonly session: number; readonly group: number }
  | { readonly kind: "mirroring_delete" | "mirroring_get"; readonly session: number }
  | { readonly kind: "mc_mgrp_create"; readonly group: number }
  | { readonly kind: "mc_node_create"; readonly rid: number; readonly ports: readonly number[] }
  | { readonly kind: "mc_node_update"; readonly node: number; readonly ports: readonly number[] }
  | { readonly kind: "mc_node_associate"; readonly group: number; readonly node: number }
  | (Cell & {
      readonly kind: "counter_read";
      readonly unit: "packets" | "bytes";
      readonly comparison?: Comparison;
    })
  | (Cell & { readonly kind: "counter_write"; readonly packets: bigint; readonly bytes: bigint })
  | (Cell & { readonly kind: "register_read"; readonly comparison?: Comparison })
  | (Cell & { readonly kind: "register_write"; readonly value: bigint })
  | { readonly kind: "register_reset"; readonly name: string }
  | (Cell & { readonly kind: "meter_get_rates"; readonly rates?: readonly MeterRate[] })
  | (Cell & { readonly kind: "meter_set_rates"; readonly rates: readonly MeterRate[] })
  | {
      readonly kind: "meter_array_set_rates";
      readonly name: string;
      readonly rates: readonly MeterRate[];
    };

/** A command with its place. */
export type Statement = Command & { readonly place: StfPlace };
