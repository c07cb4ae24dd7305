/**
 * Objects of nf_tables as messages (include/uapi/linux/netfilter/nf_tables.h), for rules that the nft language has no words
 * for: there a map's answer cannot be part of another map's key, while the kernel's registers do not mind.
 */
import type { Millis } from "@seam/base";

import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL } from "./netlink-answer.ts";
import {
  attribute,
  nested,
  type Request,
  text,
  uint16Network,
  uint32Network,
  uint64Network,
} from "./netlink-message.ts";
import { familyHeader, messageType } from "./netfilter-socket.ts";

const NFPROTO_INET = 1;
const LIST_ELEM = 1;
const LARGEST_LIST = 60_000;

const MESSAGE = {
  newTable: 0,
  deleteTable: 2,
  newChain: 3,
  deleteChain: 5,
  newRule: 6,
  getRules: 7,
  newSet: 9,
  deleteSet: 11,
  newElements: 12,
  getElements: 13,
  deleteElements: 14,
} as const;

type Ask = {
  readonly message: keyof typeof MESSAGE;
  readonly flags?: number;
  readonly parts: readonly Buffer[];
  readonly purpose: string;
};

const ask = ({ message, flags = 0, parts, purpose }: Ask): Request => ({
  type: messageType(MESSAGE[message]),
  flags,
  body: Buffer.concat([familyHeader(NFPROTO_INET), ...parts]),
  purpose,
});

const named = (type: number, name: string): Buffer => attribute(type, text(name));
/** An attribute that is a number. */
export const number = (type: number, value: number): Buffer =>
  attribute(type, uint32Network(value));
const long = (type: number, value: number): Buffer => attribute(type, uint64Network(value));

/** Makes the table, or finds it. */
export const newTable = (table: string): Request =>
  ask({
    message: "newTable",
    flags: NLM_F_CREATE,
    parts: [named(1, table)],
    purpose: `make table ${table}`,
  });

/** Deletes the table with all that is in it. */
export const deleteTable = (table: string): Request =>
  ask({ message: "deleteTable", parts: [named(1, table)], purpose: `delete table ${table}` });

/** Where a chain of type filter is called. */
export type Hook = { readonly hook: keyof typeof HOOKS; readonly priority: number };

const HOOKS = { prerouting: 0, input: 1, forward: 2, postrouting: 4 } as const;

/** Makes a chain, which a hook calls, or other chains. */
export const newChain = (table: string, name: string, hook?: Hook): Request =>
  ask({
    message: "newChain",
    flags: NLM_F_CREATE | NLM_F_EXCL,
    parts: [
      named(1, table),
      named(3, name),
      ...(hook === undefined
        ? []
        : [
            nested(4, [number(1, HOOKS[hook.hook]), number(2, hook.priority)]),
            number(5, 1),
            named(7, "filter"),
          ]),
    ],
    purpose: `make chain ${name}`,
  });

/** Deletes a chain with its rules. */
export const deleteChain = (table: string, name: string): Request =>
  ask({
    message: "deleteChain",
    parts: [named(1, table), named(3, name)],
    purpose: `delete chain ${name}`,
  });

/** Appends a rule to a chain. */
export const newRule = (table: string, chain: string, expressions: readonly Buffer[]): Request =>
  ask({
    message: "newRule",
    flags: NLM_F_CREATE | NLM_F_APPEND,
    parts: [named(1, table), named(2, chain), nested(4, expressions)],
    purpose: `make a rule in chain ${chain}`,
  });

/** Types of keys and of data, which are for who lists a set; as nft numbers them. */
const TYPES = {
  bytes12: 4,
  bytes16: 4,
  ipv4: 7,
  ipv6: 8,
  protocol: 12,
  port: 13,
  mark: 19,
  ifname: 41,
} as const;
const WIDTHS = {
  bytes12: 12,
  bytes16: 16,
  ipv4: 4,
  ipv6: 16,
  protocol: 1,
  port: 2,
  mark: 4,
  ifname: 16,
} as const;
const TYPE_BITS = 6;
const VERDICT = 0xff_ff_ff_00;
const SET_FLAG = {
  anonymous: 1,
  constant: 2,
  interval: 4,
  map: 8,
  timeout: 16,
  dynamic: 32,
} as const;

/** A part of a key. */
type KeyPart = keyof typeof TYPES;

/** A set, or with `data` a map. */
export type SetSpec = {
  readonly name: string;
  readonly key: readonly KeyPart[];
  readonly data?: "mark" | "bytes12" | "verdict";
  readonly interval?: boolean;
  /** Number of a set without a name of its own, which goes with the rule that uses it. */
  readonly anonymous?: number;
  /** Every element counts the packets that find it (Linux 5.7). */
  readonly counted?: boolean;
  /** Packets make its elements, so many at most, which go when none came for so long; null: they stay. */
  readonly dynamic?: { readonly elements: number; readonly idle: Millis | null };
};

const aligned = (width: number): number => (width + 3) & ~3;
const keyLength = ([first, ...rest]: readonly KeyPart[]): number =>
  first === undefined || rest.length === 0
    ? WIDTHS[first ?? "mark"]
    : [first, ...rest].reduce((sum, part) => sum + aligned(WIDTHS[part]), 0);

/** Makes a set; `number` tells the sets of one batch apart. */
export function newSet(table: string, spec: SetSpec, id: number): Request {
  const { name, key, data, counted = false, dynamic } = spec;
  const dataParts =
    data === undefined
      ? []
      : data === "verdict"
        ? [number(6, VERDICT)]
        : [number(6, TYPES[data]), number(7, WIDTHS[data])];
  return ask({
    message: "newSet",
    flags: NLM_F_CREATE | NLM_F_EXCL,
    parts: [
      named(1, table),
      named(2, name),
      number(3, flagsOf(spec)),
      number(
        4,
        key.reduce((type, part) => (type << TYPE_BITS) | TYPES[part], 0),
      ),
      number(5, keyLength(key)),
      ...dataParts,
      ...(dynamic === undefined ? [] : dynamicParts(dynamic)),
      number(10, id),
      ...(counted ? [nested(17, statefulParts("counter"))] : []),
    ],
    purpose: `make set ${name}`,
  });
}

/** Deletes a set that no rule uses any more. */
export const deleteSet = (table: string, name: string): Request =>
  ask({
    message: "deleteSet",
    parts: [named(1, table), named(2, name)],
    purpose: `delete set ${name}`,
  });

const flagsOf = ({ interval = false, data, anonymous, dynamic }: SetSpec): number =>
  (interval ? SET_FLAG.interval : 0) |
  (data === undefined ? 0 : SET_FLAG.map) |
  (anonymous === undefined ? 0 : SET_FLAG.anonymous | SET_FLAG.constant) |
  (dynamic === undefined ? 0 : SET_FLAG.dynamic) |
  ((dynamic?.idle ?? null) === null ? 0 : SET_FLAG.timeout);

const dynamicParts = ({ elements, idle }: NonNullable<SetSpec["dynamic"]>): readonly Buffer[] => [
  nested(9, [number(1, elements)]),
  ...(idle === null ? [] : [long(11, idle)]),
];

/** An element: its key, and of a map its data. */
export type SetElement = {
  readonly key: Buffer;
  readonly data?: Buffer;
  /** Of an interval: the first key after it. */
  readonly isEnd?: boolean;
};

/** A set of the table, or by its number one that the same batch made. */
export type SetRef = { readonly name: string; readonly id?: number };

/** Adds or deletes elements; messages are as long as their length can say. */
export function changeElements(
  change: "add" | "delete",
  set: SetRef & { readonly table: string },
  elements: readonly SetElement[],
): readonly Request[] {
  const head = [
    named(1, set.table),
    named(2, set.name),
    ...(set.id === undefined ? [] : [number(4, set.id)]),
  ];
  return listsOf(elements.map(encodeElement)).map((list) =>
    ask({
      message: change === "add" ? "newElements" : "deleteElements",
      flags: change === "add" ? NLM_F_CREATE | NLM_F_EXCL : 0,
      parts: [...head, nested(3, list)],
      purpose: `${change} elements of set ${set.name}`,
    }),
  );
}

/** Asks for all rules of a chain, or all elements of a set; see `countedElements`. */
export const listIn = (message: "getRules" | "getElements", table: string, of: string): Request =>
  ask({ message, parts: [named(1, table), named(2, of)], purpose: `list what ${of} has` });

function listsOf(elements: readonly Buffer[]): readonly (readonly Buffer[])[] {
  const lists: Buffer[][] = [];
  let bytes = LARGEST_LIST;
  for (const element of elements) {
    if (bytes + element.length > LARGEST_LIST) {
      lists.push([]);
      bytes = 0;
    }
    lists.at(-1)?.push(element);
    bytes += element.length;
  }
  return lists;
}

const IS_END = number(3, 1);

const encodeElement = ({ key, data, isEnd = false }: SetElement): Buffer =>
  nested(LIST_ELEM, [
    nested(1, [attribute(1, key)]),
    ...(data === undefined ? [] : [nested(2, [data])]),
    ...(isEnd ? [IS_END] : []),
  ]);

/** Bytes as a map's data. */
export const valueData = (value: Buffer): Buffer => attribute(1, value);

/** What becomes of a packet: dropped, back to the calling chain, or on in another. */
export type VerdictSpec = "drop" | "return" | { readonly jump: string } | { readonly goto: string };

/** A verdict as a map's data, or as that of a rule. */
export function verdictData(verdict: VerdictSpec): Buffer {
  if (verdict === "drop") return nested(2, [number(1, 0)]);
  if (verdict === "return") return nested(2, [number(1, -5)]);
  return "jump" in verdict
    ? nested(2, [number(1, -3), named(2, verdict.jump)])
    : nested(2, [number(1, -4), named(2, verdict.goto)]);
}

/** The 32-bit registers of a rule, by index from 0 to 15; longer values take several. */
export const register = (index: number): number => 8 + index;
const VERDICT_REGISTER = 0;

/** One step of a rule. */
export const expression = (name: string, parts: readonly Buffer[]): Buffer =>
  nested(LIST_ELEM, expressionParts(name, parts));
const expressionParts = (name: string, parts: readonly Buffer[]): readonly Buffer[] => [
  named(1, name),
  nested(2, parts),
];

const META = { iifname: 6, oifname: 7, l4proto: 16 } as const;

/** Loads what is known of a packet beside its bytes. */
export const loadMeta = (key: keyof typeof META, into: number): Buffer =>
  expression("meta", [number(2, META[key]), number(1, register(into))]);

const CT = {
  state: 0,
  direction: 1,
  protocol: 10,
  protoSrc: 11,
  protoDst: 12,
  srcIpv4: 19,
  srcIpv6: 21,
} as const;
const DIRECTIONS = { original: 0, reply: 1 } as const;

/** Loads something of the packet's connection, of the tuple of one direction where there are two. */
export const loadConnection = (
  key: keyof typeof CT,
  into: number,
  direction?: keyof typeof DIRECTIONS,
): Buffer =>
  expression("ct", [
    number(2, CT[key]),
    number(1, register(into)),
    ...(direction === undefined ? [] : [attribute(3, Buffer.from([DIRECTIONS[direction]]))]),
  ]);

const COMPARE = { "==": 0, "!=": 1, "<=": 3, ">=": 5 } as const;

/** Goes on with the rule only if the register compares so. */
export const compare = (index: number, how: keyof typeof COMPARE, value: Buffer): Buffer =>
  expression("cmp", [
    number(1, register(index)),
    number(2, COMPARE[how]),
    nested(3, [attribute(1, value)]),
  ]);

/** Loads a number. */
export const loadNumber = (value: number, into: number): Buffer =>
  loadBytes(uint32Network(value), into);

/** Loads bytes that are always the same. */
export const loadBytes = (value: Buffer, into: number): Buffer =>
  expression("immediate", [number(1, register(into)), nested(2, [attribute(1, value)])]);

/** Goes on with the rule only if the key is in the set; of a map, loads its data or ends with its verdict. */
export const lookUp = (set: SetRef, key: number, into?: number | "verdict"): Buffer =>
  expression("lookup", [
    named(1, set.name),
    number(2, register(key)),
    ...(into === undefined
      ? []
      : [number(3, into === "verdict" ? VERDICT_REGISTER : register(into))]),
    ...(set.id === undefined ? [] : [number(4, set.id)]),
  ]);

/** Ends the rule. */
export const endWith = (verdict: VerdictSpec): Buffer =>
  expression("immediate", [number(1, VERDICT_REGISTER), nested(2, [verdictData(verdict)])]);

/** How often something may happen: so many times a second, and so many at once after a pause. */
export type Pace = { readonly perSecond: number; readonly burst: number };

const statefulParts = (what: "counter" | Pace): readonly Buffer[] =>
  what === "counter" ? expressionParts("counter", []) : expressionParts("limit", paceParts(what));

const paceParts = ({ perSecond, burst }: Pace): readonly Buffer[] => [
  long(1, perSecond),
  long(2, 1),
  number(3, burst),
];

/** Goes on with the rule only so often. */
export const limit = (pace: Pace): Buffer => expression("limit", paceParts(pace));

/**
 * Makes the key an element of a dynamic set, or keeps it from going; it counts, or goes on with the rule only so often for each
 * element. The rule also ends when the set is full.
 */
export const noteIn = (set: string, key: number, what: "counter" | Pace): Buffer =>
  expression("dynset", [
    named(1, set),
    number(3, DYNSET_UPDATE),
    number(4, register(key)),
    nested(7, statefulParts(what)),
  ]);

const DYNSET_UPDATE = 1;

/** Hands the beginning of the packet to who listens to the group (nfnetlink_log), with a word about it. */
export const logTo = (group: number, word: string, snaplenBytes: number): Buffer =>
  expression("log", [attribute(1, uint16Network(group)), named(2, word), number(3, snaplenBytes)]);
