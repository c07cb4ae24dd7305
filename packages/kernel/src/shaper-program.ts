/**
 * The two programs of a shaper (decision 24). `enterShaper` chooses a leaf for each packet that comes to the queue; the
 * kernel runs it under the lock of the queueing discipline, one packet at a time. `leaveShaper` stands behind the queue, at
 * the other end of the link, and counts packets out; both share one memory.
 *
 * A flow, which is a bucket of packets' hashes, of which nothing waits is sparse, and its packet goes first: it never overtakes
 * one of its own. A flow that always has something waiting is one of the others. Frames that were dropped are counted in but never out; so
 * a flow that was silent for longer than anything can wait begins at nothing.
 */
import { BULK_LEAVES, type Shaper, durationNs } from "@seam/state";
import { type BitsPerSecond, bytes } from "@seam/base";

import {
  addAtomically,
  call,
  compute,
  constant,
  exit,
  jump,
  jumpIf,
  type Lines,
  load,
  mapValueAt,
  store,
} from "./bpf-assembler.ts";

/** Handles of the classes to choose among. */
type LeafHandles = { readonly sparse: number; readonly firstBulk: number };

/** The most that passes the end of the queue, whatever stood before it: a rate, and how far ahead of it packets may be. */
export type Ceiling = { readonly rate: BitsPerSecond; readonly aheadNs: bigint };

const FLOWS = 1024;
const FLOW = { seen: 0, waiting: 8, size: 16 } as const;
/** When both queues will be empty, since when the longer is long, when the ceiling's rate is kept again, what the ceiling dropped; then the flows. */
const MEMORY = {
  empty: 0,
  longSince: 8,
  sparseEmpty: 16,
  kept: 24,
  refused: 32,
  flows: 40,
} as const;
/** Where the memory counts the packets that the ceiling dropped, as a number of 64 bits. */
export const REFUSED_AT: number = MEMORY.refused;
export const SHAPER_MEMORY_BYTES = MEMORY.flows + FLOWS * FLOW.size;

const CONTEXT = { wireLength: 160, gsoSegments: 164 } as const;
const HELPER = { nanoseconds: 5, flowHash: 34, congestionExperienced: 97 } as const;
/** Times of bytes are numbers with so many binary digits after the point. */
const FRACTION_BITS = 10;
const HASH_BITS_OF_FLOW = 10;
const TC_ACT_SHOT = 2;

/** R6 is the packet, R7 the time, R8 its length, R9 its hash. */
export const enterShaper = (memory: number, shaper: Shaper, leaves: LeafHandles): Lines => [
  ...readPacket,
  mapValueAt("r1", memory),
  ...lengthen("empty", shaper.rate),
  ...later(shaper.longestWaitNs),
  jumpIf("r2", "<", ["r3", "possible"]),
  // What was dropped makes it seem longer than it can be.
  compute("r2", "=", "r3"),
  "possible:",
  store(["r1", MEMORY.empty], "u64", "r2"),
  compute("r2", "-=", "r7"),
  ...bulkUnlessSparse(shaper),
  constant("r0", BigInt(leaves.sparse)),
  exit,
  "bulk:",
  ...markWhenLong(shaper),
  "leaf:",
  compute("r9", ">>=", HASH_BITS_OF_FLOW),
  compute("r9", "&=", BULK_LEAVES - 1),
  constant("r0", BigInt(leaves.firstBulk)),
  compute("r0", "+=", "r9"),
  exit,
];

/** The next program, or the kernel's normal way, goes on with packets that the ceiling lets through. */
export const leaveShaper = (memory: number, ceiling: Ceiling | null): Lines => [
  ...readPacket,
  mapValueAt("r1", memory),
  ...flowOfPacket,
  ...segments,
  compute("r2", "=", 0),
  compute("r2", "-=", "r3"),
  addAtomically(["r4", FLOW.waiting], "r2"),
  ...(ceiling === null ? [] : underCeiling(ceiling)),
  compute("r0", "=", -1),
  exit,
  ...(ceiling === null ? [] : dropAndCount),
];

const dropAndCount: Lines = [
  "drop:",
  compute("r2", "=", 1),
  addAtomically(["r1", MEMORY.refused], "r2"),
  compute("r0", "=", TC_ACT_SHOT),
  exit,
];

const readPacket: Lines = [
  compute("r6", "=", "r1"),
  call(HELPER.nanoseconds),
  compute("r7", "=", "r0"),
  compute("r1", "=", "r6"),
  call(HELPER.flowHash),
  compute("r9", "=", "r0"),
  load("r8", "u32", ["r6", CONTEXT.wireLength]),
];

/** R4 becomes where the flow is. */
const flowOfPacket: Lines = [
  compute("r3", "=", "r9"),
  compute("r3", "&=", FLOWS - 1),
  compute("r3", "<<=", Math.log2(FLOW.size)),
  compute("r4", "=", "r1"),
  compute("r4", "+=", "r3"),
  compute("r4", "+=", MEMORY.flows),
];

/** R3 becomes how many frames the packet is: the same, in sum, before and after it is cut. */
const segments: Lines = [
  load("r3", "u32", ["r6", CONTEXT.gsoSegments]),
  jumpIf("r3", "!=", [0, "counted"]),
  compute("r3", "=", 1),
  "counted:",
];

/** Counts the packet in, and goes on when it is sparse. */
const bulkUnlessSparse = (shaper: Shaper): Lines => [
  ...flowOfPacket,
  load("r5", "u64", ["r4", FLOW.seen]),
  ...plus("r5", shaper.longestWaitNs),
  jumpIf("r5", ">=", ["r7", "known"]),
  store(["r4", FLOW.waiting], "u64", 0),
  "known:",
  store(["r4", FLOW.seen], "u64", "r7"),
  load("r5", "u64", ["r4", FLOW.waiting]),
  ...segments,
  addAtomically(["r4", FLOW.waiting], "r3"),
  jumpIf("r5", "==", [0, "first"]),
  // Below zero: frames left that were not counted in.
  compute("r5", ">>=", 63),
  jumpIf("r5", "==", [0, "bulk"]),
  store(["r4", FLOW.waiting], "u64", "r3"),
  "first:",
  compute("r5", "=", "r2"),
  ...lengthen("sparseEmpty", shaper.sparseRate),
  ...later(shaper.sparseWaitNs),
  compute("r4", "=", "r2"),
  compute("r2", "=", "r5"),
  jumpIf("r4", ">", ["r3", "bulk"]),
  store(["r1", MEMORY.sparseEmpty], "u64", "r4"),
];

/** R2 is how long the queue is. */
const markWhenLong = ({ markAboveNs, markAfterNs }: Shaper): Lines => [
  constant("r3", markAboveNs),
  jumpIf("r2", ">", ["r3", "long"]),
  store(["r1", MEMORY.longSince], "u64", 0),
  jump("leaf"),
  "long:",
  load("r3", "u64", ["r1", MEMORY.longSince]),
  jumpIf("r3", "!=", [0, "since"]),
  store(["r1", MEMORY.longSince], "u64", "r7"),
  jump("leaf"),
  "since:",
  compute("r2", "=", "r7"),
  compute("r2", "-=", "r3"),
  constant("r3", markAfterNs),
  jumpIf("r2", "<", ["r3", "leaf"]),
  compute("r1", "=", "r6"),
  call(HELPER.congestionExperienced),
];

/** The virtual scheduling algorithm of ITU-T I.371. */
const underCeiling = ({ rate, aheadNs }: Ceiling): Lines => [
  ...lengthen("kept", rate),
  ...later(aheadNs),
  jumpIf("r2", ">", ["r3", "drop"]),
  store(["r1", MEMORY.kept], "u64", "r2"),
];

/** R2 becomes when a queue will be empty at this rate, with this packet; R0 and R3 are lost. */
const lengthen = (queue: "empty" | "sparseEmpty" | "kept", rate: BitsPerSecond): Lines => [
  load("r2", "u64", ["r1", MEMORY[queue]]),
  jumpIf("r2", ">=", ["r7", `${queue}-later`]),
  compute("r2", "=", "r7"),
  `${queue}-later:`,
  compute("r3", "=", "r8"),
  constant("r0", durationNs(bytes(2 ** FRACTION_BITS), rate)),
  compute("r3", "*=", "r0"),
  compute("r3", ">>=", FRACTION_BITS),
  compute("r2", "+=", "r3"),
];

/** R3 becomes so much later than now. */
const later = (durationNanoseconds: bigint): Lines => [
  constant("r3", durationNanoseconds),
  compute("r3", "+=", "r7"),
];

/** R3 is lost. */
const plus = (register: "r5", durationNanoseconds: bigint): Lines => [
  constant("r3", durationNanoseconds),
  compute(register, "+=", "r3"),
];
