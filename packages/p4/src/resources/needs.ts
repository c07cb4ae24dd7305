/** What is told of the resources that a program needs. */

/** How many bits. */
export type Bits = number;

/** How many bytes. */
type Bytes = number;

/** How many there are. */
type Count = number;

/** What memory finds the entries of a table: the strongest kind of its keys. */
export type Memory = "none" | "exact" | "lpm" | "ternary";

/** One part of a key. */
type KeyResources = {
  readonly name: string;
  readonly matchKind: string;
  readonly widthBits: Bits;
};

/** A table. */
export type TableResources = {
  readonly name: string;
  readonly keys: readonly KeyResources[];
  readonly keyBits: Bits;
  readonly memory: Memory;
  /** As stated by the program, or 1,024. */
  readonly size: Count;
  readonly entries: Count;
  readonly actions: readonly string[];
  /** Values, masks, bounds and lengths of prefixes of all entries. */
  readonly matchMemoryBits: Bits;
  /** Choice of an action and its arguments, or of a member of an action profile, of all entries. */
  readonly actionMemoryBits: Bits;
};

/** An action. */
export type ActionResources = {
  readonly name: string;
  /** What the control plane gives. */
  readonly parameterBits: Bits;
  /** Assignments and calls in its body. */
  readonly instructions: Count;
};

/** A parser. */
export type ParserResources = {
  readonly name: string;
  readonly states: Count;
  /** States on the longest way. */
  readonly depth: Count;
  /** Headers that the longest way extracts. */
  readonly headerBytes: Bytes;
  readonly hasLoops: boolean;
};

/** An extern object. */
export type ExternResources = {
  readonly name: string;
  readonly type: string;
  readonly size?: Count;
  readonly memoryBits?: Bits;
};

/** Tables of a control that wait for each other. */
type DepthResources = { readonly name: string; readonly dependentTables: Count };

/** All that a program needs. */
export type Resources = {
  readonly architecture: string;
  readonly tables: readonly TableResources[];
  readonly actions: readonly ActionResources[];
  readonly parsers: readonly ParserResources[];
  readonly controls: readonly DepthResources[];
  readonly headers: readonly { readonly name: string; readonly bytes: Bytes }[];
  readonly metadata: readonly { readonly name: string; readonly widthBits: Bits }[];
  readonly externs: readonly ExternResources[];
  readonly totals: {
    readonly exactBits: Bits;
    readonly lpmBits: Bits;
    readonly ternaryBits: Bits;
    readonly actionBits: Bits;
    readonly externBits: Bits;
  };
};
