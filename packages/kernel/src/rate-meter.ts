/**
 * Measures what comes in by a link, in windows of 100 ms of the kernel's own clock: a program counts each packet when it
 * arrives, so no reader's delay is in the figures.
 */
import { err, ok, type Result } from "@seam/base";
import { closeSync } from "node:fs";

import {
  addAtomically,
  assemble,
  call,
  compute,
  constant,
  exit,
  type Lines,
  jumpIf,
  load,
  mapValueAt,
} from "./bpf-assembler.ts";
import { attachProgram, createMap, loadProgram, readMap, withFile } from "./bpf.ts";
import type { KernelError } from "./libc.ts";
import { linkNamed } from "./links.ts";
import { uint32 } from "./netlink-message.ts";
import { inNetns } from "./netns.ts";
import { withRouteSocket } from "./route-socket.ts";

/** A meter at work; disposing of it ends it. */
export type RateMeter = Disposable & {
  /**
   * Bytes of Ethernet frames in each whole window between two moments of the monotonic clock, in nanoseconds. Read
   * within a hundred seconds of the first.
   */
  readonly windows: (fromNs: bigint, toNs: bigint) => Result<readonly number[], KernelError>;
};

/** How long a window is. */
export const WINDOW_MS = 100;

const WINDOW_NS = 100_000_000n;
const WINDOWS = 1024;
const COUNTER_BYTES = 8;
const CONTEXT = { length: 0, segments: 164 } as const;
const MONOTONIC = 5;
/** Of each further frame of a packet that was not cut yet: Ethernet, IPv4, and TCP with timestamps. */
const HEADERS = 14 + 20 + 32;

/** Counts what comes in by the link called `device`. */
export function openRateMeter(netns: string, device: string): Result<RateMeter, KernelError> {
  const size = { key: 4, value: WINDOWS * COUNTER_BYTES, entries: 1 };
  const counters = createMap({ name: "seam_meter", type: "array", ...size });
  if (!counters.ok) return counters;
  const attached = withFile(loadProgram("seam_meter", assemble(count(counters.value))), (program) =>
    withRouteSocket(netns, (socket) => {
      const link = linkNamed(socket, device);
      if (!link.ok) return link;
      return inNetns(netns, () => attachProgram(program, link.value.index, "ingress"));
    }),
  );
  if (!attached.ok) {
    closeSync(counters.value);
    return err(attached.error);
  }
  return ok({
    windows: (fromNs, toNs) => {
      const read = readMap(counters.value, uint32(0), WINDOWS * COUNTER_BYTES);
      if (!read.ok) return read;
      const first = fromNs / WINDOW_NS + 1n;
      const length = Math.max(0, Number(toNs / WINDOW_NS - first));
      return ok(
        Array.from({ length }, (_, number) => {
          const slot = Number((first + BigInt(number)) % BigInt(WINDOWS));
          return Number(read.value.readBigUInt64LE(slot * COUNTER_BYTES));
        }),
      );
    },
    [Symbol.dispose]: () => {
      closeSync(attached.value);
      closeSync(counters.value);
    },
  });
}

/** R6 is the packet. A slot that comes round again is not emptied: a meter does not last that long. */
const count = (counters: number): Lines => [
  compute("r6", "=", "r1"),
  call(MONOTONIC),
  constant("r3", WINDOW_NS),
  compute("r0", "/=", "r3"),
  compute("r0", "&=", WINDOWS - 1),
  compute("r0", "*=", COUNTER_BYTES),
  mapValueAt("r4", counters),
  compute("r4", "+=", "r0"),
  load("r3", "u32", ["r6", CONTEXT.length]),
  load("r2", "u32", ["r6", CONTEXT.segments]),
  jumpIf("r2", "<", [2, "whole"]),
  compute("r2", "-=", 1),
  compute("r2", "*=", HEADERS),
  compute("r3", "+=", "r2"),
  "whole:",
  addAtomically(["r4", 0], "r3"),
  compute("r0", "=", -1),
  exit,
];
