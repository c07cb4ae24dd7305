/**
 * What a control plane is told of a program: P4Info (P4Runtime 1.5, p4/config/v1/p4info.proto and p4types.proto), as plain data with the
 * names of the fields as they are published. Lists are in the published order; what is empty, 0 or false is left out.
 */

import type { Count } from "../types/type.ts";

/** What a source says of something, by `@brief` and `@description`. */
type Documentation = { readonly brief?: string; readonly description?: string };

/** A value of a structured annotation; numbers that are not safe integers are told as text. */
type Expression =
  | { readonly string_value: string }
  | { readonly int64_value: number }
  | { readonly bool_value: boolean };

/** `@name[a, b]` or `@name[k = v]`. */
export type StructuredAnnotation = {
  readonly name: string;
  readonly expression_list?: { readonly expressions: readonly Expression[] };
  readonly kv_pair_list?: {
    readonly kv_pairs: readonly { readonly key: string; readonly value: Expression }[];
  };
};

/** What annotations say of something. */
export type Annotated = {
  readonly annotations?: readonly string[];
  readonly doc?: Documentation;
  readonly structured_annotations?: readonly StructuredAnnotation[];
};

/** Number, name and shorter name of an object. */
export type Preamble = {
  readonly id: number;
  readonly name: string;
  readonly alias: string;
} & Annotated;

/** A type that the program named. */
export type NamedType = { readonly name: string };

/** Something of a width; a translated type has the width of the control plane's, none when that is a text. */
export type Wide = { readonly bitwidth?: number; readonly type_name?: NamedType };

/** A part of a key. */
export type MatchField = { readonly id: number; readonly name?: string } & Annotated &
  Wide & {
    readonly match_type?: "EXACT" | "LPM" | "TERNARY" | "RANGE" | "OPTIONAL";
    readonly other_match_type?: string;
  };

/** An action of a table. */
export type ActionRef = {
  readonly id: number;
  readonly scope?: "TABLE_ONLY" | "DEFAULT_ONLY";
} & Omit<Annotated, "doc">;

/** A table; `size` is how many entries it holds at least. */
export type TableInfo = {
  readonly preamble: Preamble;
  readonly match_fields: readonly MatchField[];
  readonly action_refs: readonly ActionRef[];
  readonly const_default_action_id?: number;
  /** What runs when nothing fits until the control plane says otherwise. */
  readonly initial_default_action?: {
    readonly action_id: number;
    readonly arguments: readonly { readonly param_id: number; readonly value: Uint8Array }[];
  };
  readonly implementation_id?: number;
  readonly direct_resource_ids: readonly number[];
  readonly size: Count;
  readonly idle_timeout_behavior?: "NOTIFY_CONTROL";
  readonly is_const_table?: true;
  readonly has_initial_entries?: true;
};

/** An action with what the control plane gives it. */
export type ActionInfo = {
  readonly preamble: Preamble;
  readonly params: readonly ({ readonly id: number; readonly name: string } & Annotated & Wide)[];
};

/** An action profile, or a selector. */
export type ActionProfileInfo = {
  readonly preamble: Preamble;
  readonly table_ids: readonly number[];
  readonly with_selector?: true;
  readonly size: Count;
  readonly max_group_size?: number;
  readonly sum_of_weights?: Readonly<Record<string, never>>;
  readonly sum_of_members?: { readonly max_member_weight?: number };
};

type Spec = { readonly unit: "BYTES" | "PACKETS" | "BOTH" };

/** Counters or meters by an index. */
export type IndexedInfo = {
  readonly preamble: Preamble;
  readonly spec: Spec;
  readonly size: Count;
  readonly index_type_name?: NamedType;
};

/** Counters or meters of a table's entries. */
export type DirectInfo = {
  readonly preamble: Preamble;
  readonly spec: Spec;
  readonly direct_table_id?: number;
};

/** Headers of packets to and from the controller. */
type PacketMetadataInfo = {
  readonly preamble: Preamble;
  readonly metadata: readonly ({ readonly id: number; readonly name: string } & Annotated & Wide)[];
};

/** A value set of a parser. */
type ValueSetInfo = {
  readonly preamble: Preamble;
  readonly match: readonly MatchField[];
  readonly size: Count;
};

/** A register. */
export type RegisterInfo = {
  readonly preamble: Preamble;
  readonly type_spec: DataType;
  readonly size: Count;
  readonly index_type_name?: NamedType;
};

/** News from the data plane. */
export type DigestInfo = { readonly preamble: Preamble; readonly type_spec: DataType };

/** `bit<W>`, `int<W>` or `varbit<W>`. */
export type BitstringLike =
  | { readonly bit: { readonly bitwidth: number } }
  | { readonly int: { readonly bitwidth: number } }
  | { readonly varbit: { readonly max_bitwidth: number } };

/** A type; named ones are described once, in the type info. */
export type DataType =
  | { readonly bitstring: BitstringLike }
  | { readonly bool: Readonly<Record<string, never>> }
  | { readonly tuple: { readonly members: readonly DataType[] } }
  | { readonly struct: NamedType }
  | { readonly header: NamedType }
  | { readonly header_union: NamedType }
  | { readonly header_stack: { readonly header: NamedType; readonly size: Count } }
  | { readonly header_union_stack: { readonly header_union: NamedType; readonly size: Count } }
  | { readonly enum: NamedType }
  | { readonly error: Readonly<Record<string, never>> }
  | { readonly serializable_enum: NamedType }
  | { readonly new_type: NamedType };

type Described<Members> = { readonly members: readonly Members[] } & Omit<Annotated, "doc">;
type ByName<Value> = Readonly<Record<string, Value>>;

/** Named types that objects mention. */
export type TypeInfo = {
  readonly structs?: ByName<Described<{ readonly name: string; readonly type_spec: DataType }>>;
  readonly headers?: ByName<
    Described<{ readonly name: string; readonly type_spec: BitstringLike }>
  >;
  readonly header_unions?: ByName<Described<{ readonly name: string; readonly header: NamedType }>>;
  readonly enums?: ByName<Described<{ readonly name: string }>>;
  readonly error?: { readonly members: readonly string[] };
  readonly serializable_enums?: ByName<
    { readonly underlying_type: { readonly bitwidth: number } } & Described<{
      readonly name: string;
      /** Most significant byte first, without zeros in front. */
      readonly value: Uint8Array;
    }>
  >;
  readonly new_types?: ByName<
    (
      | { readonly original_type: DataType }
      | {
          readonly translated_type: {
            readonly uri: string;
            readonly sdn_bitwidth?: number;
            readonly sdn_string?: Readonly<Record<string, never>>;
          };
        }
    ) &
      Omit<Annotated, "doc">
  >;
};

/** The program as a whole. */
export type PackageInfo = {
  readonly name?: string;
  readonly version?: string;
  readonly doc?: Documentation;
  readonly annotations?: readonly string[];
  readonly arch: string;
  readonly organization?: string;
  readonly contact?: string;
  readonly url?: string;
};

/** All that a control plane is told. */
export type P4Info = {
  readonly pkg_info: PackageInfo;
  readonly tables: readonly TableInfo[];
  readonly actions: readonly ActionInfo[];
  readonly action_profiles: readonly ActionProfileInfo[];
  readonly counters: readonly IndexedInfo[];
  readonly direct_counters: readonly DirectInfo[];
  readonly meters: readonly IndexedInfo[];
  readonly direct_meters: readonly DirectInfo[];
  readonly controller_packet_metadata: readonly PacketMetadataInfo[];
  readonly value_sets: readonly ValueSetInfo[];
  readonly registers: readonly RegisterInfo[];
  readonly digests: readonly DigestInfo[];
  readonly type_info: TypeInfo;
};
