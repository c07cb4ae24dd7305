/** Programs that stay attached to a link without anybody's file (BPF_PROG_ATTACH to tcx, Linux 6.6): they go with the link. */
import { type Ifindex, ok, type Result } from "@seam/base";
import { closeSync } from "node:fs";

import { readMap, withFile } from "./bpf.ts";
import { place, placed } from "./bpf-memory.ts";
import { bpfCall, type KernelError } from "./libc.ts";
import { textOf } from "./netlink-message.ts";

const COMMAND = {
  attach: 8,
  detach: 9,
  openById: 13,
  openMapById: 14,
  info: 15,
  query: 16,
} as const;
const TCX_INGRESS = 46;
const FLAG = { none: 0, replace: 4, before: 8 } as const;
const MOST_PROGRAMS = 64;
/** Struct bpf_prog_info as far as its name. */
const INFO = { mapCount: 52, maps: 56, name: 64, end: 80 } as const;

/** Attaches a program before all others to what comes in by a link, instead of one of the same name. */
export const attachFirst = (
  index: Ifindex,
  { program, name }: { readonly program: number; readonly name: string },
): Result<unknown, KernelError> =>
  withAttached(index, name, (old) =>
    call("attach", [
      index,
      program,
      TCX_INGRESS,
      old === null ? FLAG.before : FLAG.replace,
      old ?? 0,
    ]),
  );

/** Detaches the program of this name from what comes in by a link, if there is one. */
export const detachNamed = (index: Ifindex, name: string): Result<unknown, KernelError> =>
  withAttached<unknown>(index, name, (old) =>
    old === null ? ok(null) : call("detach", [index, old, TCX_INGRESS, FLAG.none]),
  );

/** Names of the programs that are attached to what comes in by a link. */
export function attachedNames(index: Ifindex): Result<readonly string[], KernelError> {
  const ids = attachedIds(index);
  if (!ids.ok) return ids;
  return ok(
    ids.value.flatMap((id) => {
      const opened = call("openById", [id]);
      if (!opened.ok) return [];
      const name = programName(opened.value);
      closeSync(opened.value);
      return [name];
    }),
  );
}

/** The value of the only element of the map that a program uses; null without the program, or when it uses none. */
export const memoryOf = (
  index: Ifindex,
  name: string,
  valueBytes: number,
): Result<Buffer | null, KernelError> =>
  withAttached<Buffer | null>(index, name, (program) => {
    const map = program === null ? null : mapOf(program);
    if (map === null) return ok(null);
    return withFile(call("openMapById", [map]), (file) =>
      readMap(file, Buffer.alloc(4), valueBytes),
    );
  });

/** The id of the first map that a program uses. */
function mapOf(program: number): number | null {
  const information = Buffer.alloc(INFO.end);
  information.writeUInt32LE(1, INFO.mapCount);
  // The number goes behind what it is told in.
  const [at = 0n] = place([information, Buffer.alloc(4)]);
  information.writeBigUInt64LE(at + BigInt(INFO.end), INFO.maps);
  place([information]);
  const asked = bpfCall(COMMAND.info, infoAttributes(program, at), "look at a program");
  if (!asked.ok || placed(INFO.mapCount, 4).readUInt32LE(0) === 0) return null;
  return placed(INFO.end, 4).readUInt32LE(0);
}

function infoAttributes(program: number, at: bigint): Buffer {
  const attributes = Buffer.alloc(16);
  attributes.writeUInt32LE(program, 0);
  attributes.writeUInt32LE(INFO.end, 4);
  attributes.writeBigUInt64LE(at, 8);
  return attributes;
}

/** Calls `work` with the file of the program of this name, or null when there is none. */
function withAttached<T>(
  index: Ifindex,
  name: string,
  work: (program: number | null) => Result<T, KernelError>,
): Result<T, KernelError> {
  const ids = attachedIds(index);
  if (!ids.ok) return ids;
  for (const id of ids.value) {
    const opened = call("openById", [id]);
    // Programs of others go at any time.
    if (!opened.ok) continue;
    const found = programName(opened.value) === name;
    const worked = found ? work(opened.value) : null;
    closeSync(opened.value);
    if (worked !== null) return worked;
  }
  return work(null);
}

function attachedIds(index: Ifindex): Result<readonly number[], KernelError> {
  const [at = 0n] = place([Buffer.alloc(MOST_PROGRAMS * 4)]);
  const attributes = Buffer.alloc(64);
  attributes.writeUInt32LE(index, 0);
  attributes.writeUInt32LE(TCX_INGRESS, 4);
  attributes.writeBigUInt64LE(at, 16);
  attributes.writeUInt32LE(MOST_PROGRAMS, 24);
  const asked = bpfCall(COMMAND.query, attributes, `list programs of link ${index}`);
  // None was ever attached.
  if (!asked.ok) return asked.error.errno === "ENOENT" ? ok([]) : asked;
  const count = attributes.readUInt32LE(24);
  const ids = placed(0, count * 4);
  return ok(Array.from({ length: count }, (_, number) => ids.readUInt32LE(number * 4)));
}

/** The name that a program was loaded with. */
export function programName(program: number): string {
  const [at = 0n] = place([Buffer.alloc(INFO.end)]);
  const asked = bpfCall(COMMAND.info, infoAttributes(program, at), "look at a program");
  return asked.ok ? textOf(placed(INFO.name, INFO.end - INFO.name)) : "";
}

function call(
  command: "attach" | "detach" | "openById" | "openMapById",
  numbers: readonly number[],
): Result<number, KernelError> {
  const attributes = Buffer.alloc(32);
  for (const [position, value] of numbers.entries()) attributes.writeUInt32LE(value, position * 4);
  return bpfCall(COMMAND[command], attributes, `${command} a program`);
}
