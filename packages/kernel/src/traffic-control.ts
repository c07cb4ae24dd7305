/**
 * Queueing disciplines, their classes and classifiers over rtnetlink (include/uapi/linux/pkt_sched.h, pkt_cls.h). Handles are
 * numbers of 32 bits: 16 for the discipline, 16 for one of its classes.
 */
import {
  type BitsPerSecond,
  bitsPerSecond,
  type Bytes,
  bytes,
  type Ifindex,
  ifindex,
  ok,
  type Result,
} from "@seam/base";

import type { KernelError } from "./libc.ts";
import { NLM_F_CREATE, NLM_F_REPLACE } from "./netlink-answer.ts";
import {
  attribute,
  type Attributes,
  decodeAttributes,
  nested,
  type Request,
  text,
  textOf,
  uint32,
} from "./netlink-message.ts";
import type { RouteSocket } from "./route-socket.ts";

/** Where something hangs: on which link, under which parent, by which own handle. */
export type Place = { readonly index: Ifindex; readonly parent: number; readonly handle: number };

/** A class of htb: what it may always send, and what with what others leave (tc-htb(8)). */
export type HtbClass = {
  readonly rate: BitsPerSecond;
  readonly ceil: BitsPerSecond;
  /** What may leave at once after silence; as long as it takes at the rate, it may also take at the ceiling. */
  readonly burst: Bytes;
  /** What leaves of a class before it is the next one's turn. */
  readonly quantum: Bytes;
  /** Classes of a lower number borrow first. */
  readonly priority: number;
};

/** A queue that cuts packets above `longest` into frames as they come. */
export type LeafQueue = { readonly limit: Bytes; readonly longest: Bytes };

/** Something found: its place, its kind, and its attributes. */
type Found = Place & { readonly kind: string; readonly attributes: Attributes };

/** The parent of what stands at a link's way out. */
export const ROOT = 0xffff_ffff;

const MESSAGE = {
  newQdisc: 36,
  deleteQdisc: 37,
  getQdisc: 38,
  newClass: 40,
  deleteClass: 41,
  getClass: 42,
  newFilter: 44,
  getFilter: 46,
} as const;
const TCMSG = 20;
const TC_RATESPEC = 12;
const TCA = { kind: 1, options: 2, statistics: 7 } as const;
const HTB = { parameters: 1, global: 2, rate64: 6, ceil64: 7 } as const;
const TBF = { parameters: 1, rate64: 4, burst: 6 } as const;
const BPF = { program: 6, name: 7 } as const;
const HTB_VERSION = 3;
const QUANTUM_OF_RATE = 10;
/** So that no table of sizes is asked for. */
const LINKLAYER_ETHERNET = 1;
const TICK_NS = 64n;
const NS_PER_S = 1_000_000_000n;
const UINT32 = 0xffff_ffffn;
const STATISTICS = { basic: 1, queue: 3 } as const;
const NO_STATISTICS = Buffer.alloc(20);
const EMPTY = Buffer.alloc(0);
/** Any Ethernet type, in network order, and the first priority. */
const ALL_FRAMES_FIRST = (1 << 16) | 0x0300;
/** So high that it never delays. */
const UNLIMITED_BYTES = 10n ** 15n;

/** Makes a hierarchy of classes stand at a link's way out, instead of what stands there. */
export const newHtb = (place: Place, defaultClass: number): Request =>
  request("newQdisc", { place, flags: NLM_F_CREATE | NLM_F_REPLACE }, [
    attribute(TCA.kind, text("htb")),
    nested(TCA.options, [
      attribute(
        HTB.global,
        Buffer.concat([HTB_VERSION, QUANTUM_OF_RATE, defaultClass, 0, 0].map(uint32)),
      ),
    ]),
  ]);

/** Makes a class, or changes it; what waits in it stays. */
export const putClass = (place: Place, wanted: HtbClass): Request => {
  const { rate, ceil, burst, quantum, priority } = wanted;
  const rateBytes = bytesPerSecond(rate);
  const ceilBytes = bytesPerSecond(ceil);
  const ownTicks = ticks(burst, rateBytes);
  const rest = [ownTicks, ownTicks, quantum, 0, priority];
  return request("newClass", { place, flags: NLM_F_CREATE }, [
    attribute(TCA.kind, text("htb")),
    nested(TCA.options, [
      attribute(
        HTB.parameters,
        Buffer.concat([rateSpec(rateBytes), rateSpec(ceilBytes), ...rest.map(uint32)]),
      ),
      attribute(HTB.rate64, uint64(rateBytes)),
      attribute(HTB.ceil64, uint64(ceilBytes)),
    ]),
  ]);
};

/** Deletes a class, with what waits in it. */
export const deleteClass = (place: Place): Request =>
  request("deleteClass", { place, flags: 0 }, []);

/** Makes the queue of a class, or changes its limits; what waits in it stays. */
export const putQueue = (place: Place, { limit, longest }: LeafQueue): Request => {
  const numbers = [limit, 0, 0];
  return request("newQdisc", { place, flags: NLM_F_CREATE | NLM_F_REPLACE }, [
    attribute(TCA.kind, text("tbf")),
    nested(TCA.options, [
      attribute(
        TBF.parameters,
        Buffer.concat([rateSpec(UNLIMITED_BYTES), rateSpec(0n), ...numbers.map(uint32)]),
      ),
      attribute(TBF.rate64, uint64(UNLIMITED_BYTES)),
      attribute(TBF.burst, uint32(longest)),
    ]),
  ]);
};

/** Lets a program choose the class of each packet, instead of the one before it. */
export const putClassifier = (
  { index, parent }: Omit<Place, "handle">,
  { program, name }: { readonly program: number; readonly name: string },
): Request =>
  request(
    "newFilter",
    { place: { index, parent, handle: 1 }, flags: NLM_F_CREATE, info: ALL_FRAMES_FIRST },
    [
      attribute(TCA.kind, text("bpf")),
      nested(TCA.options, [
        attribute(BPF.program, uint32(program)),
        attribute(BPF.name, text(name)),
      ]),
    ],
  );

/** Deletes what stands at a link's way out, with all below it and what waits there. */
export const deleteRoot = (place: Place): Request =>
  request("deleteQdisc", { place, flags: 0 }, []);

/** All queueing disciplines of the socket's namespace. */
export const listQdiscs = (socket: RouteSocket): Result<readonly Found[], KernelError> =>
  list(socket, "getQdisc", { index: 0, parent: 0, handle: 0 });

/** All classes of a link. */
export const listClasses = (
  socket: RouteSocket,
  index: Ifindex,
): Result<readonly Found[], KernelError> =>
  list(socket, "getClass", { index, parent: 0, handle: 0 });

/** Names of the programs that choose classes under a parent. */
export function listClassifiers(
  socket: RouteSocket,
  { index, parent }: Omit<Place, "handle">,
): Result<readonly string[], KernelError> {
  const found = list(socket, "getFilter", { index, parent, handle: 0 });
  return found.ok
    ? ok(
        found.value
          .map(({ attributes }) => textOf(optionsOf(attributes).get(BPF.name)))
          .filter((name) => name !== ""),
      )
    : found;
}

/** What a class may always send, from its attributes. */
export const rateOf = (attributes: Attributes): BitsPerSecond =>
  rateIn(optionsOf(attributes), "rate64", 8);

/** What it may send with what others leave. */
export const ceilingOf = (attributes: Attributes): BitsPerSecond =>
  rateIn(optionsOf(attributes), "ceil64", TC_RATESPEC + 8);

/** Rates that need more than 32 bits have an attribute of their own. */
function rateIn(options: Attributes, wide: "rate64" | "ceil64", narrowAt: number): BitsPerSecond {
  const narrow = options.get(HTB.parameters);
  const rateBytes =
    options.get(HTB[wide])?.readBigUInt64LE(0) ?? BigInt(narrow?.readUInt32LE(narrowAt) ?? 0);
  return bitsPerSecond(Number(rateBytes * 8n));
}

/** What went through a class or a queue since it was made. */
export type Traffic = {
  readonly bytes: Bytes;
  readonly packets: number;
  readonly dropped: number;
  /** How often something had to wait. */
  readonly delayed: number;
  /** What waits now. */
  readonly waiting: Bytes;
};

/** The statistics of something found (struct gnet_stats_basic and gnet_stats_queue, include/uapi/linux/gen_stats.h). */
export function trafficOf(attributes: Attributes): Traffic {
  const parts = decodeAttributes(attributes.get(TCA.statistics) ?? EMPTY, 0);
  const basic = parts.get(STATISTICS.basic) ?? NO_STATISTICS;
  const queue = parts.get(STATISTICS.queue) ?? NO_STATISTICS;
  return {
    bytes: bytes(Number(basic.readBigUInt64LE(0))),
    packets: basic.readUInt32LE(8),
    dropped: queue.readUInt32LE(8),
    delayed: queue.readUInt32LE(16),
    waiting: bytes(queue.readUInt32LE(4)),
  };
}

type Asked = { readonly place: Numbers; readonly flags: number; readonly info?: number };
type Numbers = { readonly index: number; readonly parent: number; readonly handle: number };

const request = (
  message: keyof typeof MESSAGE,
  { place, flags, info = 0 }: Asked,
  attributes: readonly Buffer[],
): Request => ({
  type: MESSAGE[message],
  flags,
  body: Buffer.concat([tcHeader(place, info), ...attributes]),
  purpose: `${message} ${place.handle.toString(16)} on link ${place.index}`,
});

function tcHeader({ index, parent, handle }: Numbers, info: number): Buffer {
  const header = Buffer.alloc(TCMSG);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(handle, 8);
  header.writeUInt32LE(parent, 12);
  header.writeUInt32LE(info, 16);
  return header;
}

function list(
  socket: RouteSocket,
  message: "getQdisc" | "getClass" | "getFilter",
  place: Numbers,
): Result<readonly Found[], KernelError> {
  const answer = socket.dump(request(message, { place, flags: 0 }, []));
  if (!answer.ok) return answer;
  return ok(
    answer.value.map(({ body }) => {
      const attributes = decodeAttributes(body, TCMSG);
      return {
        index: ifindex(body.readInt32LE(4)),
        handle: body.readUInt32LE(8),
        parent: body.readUInt32LE(12),
        kind: textOf(attributes.get(TCA.kind)),
        attributes,
      };
    }),
  );
}

const optionsOf = (attributes: Attributes): Attributes =>
  decodeAttributes(attributes.get(TCA.options) ?? EMPTY, 0);

/** The rate as the kernel keeps it: whole bytes per second, at least one. */
export const kernelRate = (rate: BitsPerSecond): BitsPerSecond =>
  bitsPerSecond(Number(bytesPerSecond(rate)) * 8);

const bytesPerSecond = (rate: BitsPerSecond): bigint => BigInt(Math.max(1, Math.floor(rate / 8)));

/** How long a burst takes, as the kernel counts time here; what does not fit is as long as it gets. */
const ticks = (burst: Bytes, rateBytes: bigint): number =>
  Number(smaller((BigInt(burst) * NS_PER_S) / rateBytes / TICK_NS, UINT32));

/** Struct tc_ratespec; larger rates stand in an attribute of their own. */
function rateSpec(rateBytes: bigint): Buffer {
  const spec = Buffer.alloc(TC_RATESPEC);
  spec.writeUInt8(LINKLAYER_ETHERNET, 1);
  spec.writeUInt32LE(Number(smaller(rateBytes, UINT32)), 8);
  return spec;
}

const smaller = (one: bigint, other: bigint): bigint => (one < other ? one : other);

function uint64(value: bigint): Buffer {
  const encoded = Buffer.alloc(8);
  encoded.writeBigUInt64LE(value);
  return encoded;
}
