/** The bpf(2) system call: maps, programs, and links that attach programs to network interfaces. */
import { err, type Ifindex, ok, type Result } from "@seam/base";
import { closeSync } from "node:fs";

import { place, placed, placedText } from "./bpf-memory.ts";
import { bpfCall, type KernelError } from "./libc.ts";

/** A map to be made: the sizes of a key and a value in bytes, and how many elements it can have. */
export type MapSpec = {
  /** At most 15 characters. */
  readonly name: string;
  readonly type: keyof typeof mapTypes;
  readonly key: number;
  readonly value: number;
  readonly entries: number;
};

/** Where a program runs on an interface: on what comes in, or on what goes out. */
export type Direction = "ingress" | "egress";

const mapTypes = { hash: 1, array: 2, "lru-hash": 9 } as const;
const COMMAND = { createMap: 0, lookUp: 1, update: 2, delete: 3, loadProgram: 5, createLink: 28 };
const SCHED_CLS = 3;
const TCX = { ingress: 46, egress: 47 } as const;
const LICENSE = Buffer.from("GPL\0");
const LOG_BYTES = 1 << 16;

/** Creates a map; what is returned is its file descriptor. */
export function createMap(spec: MapSpec): Result<number, KernelError> {
  const attributes = Buffer.alloc(44);
  const numbers = [mapTypes[spec.type], spec.key, spec.value, spec.entries];
  for (const [index, value] of numbers.entries()) attributes.writeUInt32LE(value, index * 4);
  attributes.write(spec.name, 28, 15, "latin1");
  return bpfCall(COMMAND.createMap, attributes, `create the map ${spec.name}`);
}

/** Puts an element into a map, or replaces it. */
export const updateMap = (map: number, key: Buffer, value: Buffer): Result<number, KernelError> =>
  onElement(COMMAND.update, map, [key, value]);

/** The value of an element of a map, of so many bytes. */
export function readMap(map: number, key: Buffer, valueBytes: number): Result<Buffer, KernelError> {
  const found = onElement(COMMAND.lookUp, map, [key, Buffer.alloc(valueBytes)]);
  return found.ok ? ok(placed(key.length, valueBytes)) : found;
}

/** Deletes an element of a map. */
export const deleteFromMap = (map: number, key: Buffer): Result<number, KernelError> =>
  onElement(COMMAND.delete, map, [key]);

/**
 * Loads a program that is run for packets of an interface (tc-bpf(8)); what is returned is its file descriptor. When the
 * verifier refuses it, the message ends with the verifier's words.
 */
export function loadProgram(name: string, code: Buffer): Result<number, KernelError> {
  const loaded = load(name, code, 0);
  if (loaded.ok) return loaded;
  const explained = load(name, code, LOG_BYTES);
  if (explained.ok) return explained;
  const log = placedText(code.length + LICENSE.length);
  const reason = log.trim().split("\n").slice(-4).join("; ");
  return err({ ...loaded.error, message: `${loaded.error.message}: ${reason}` });
}

/** Calls `work` with an opened map or program, and closes it: what holds it by then keeps it. */
export function withFile<T>(
  opened: Result<number, KernelError>,
  work: (file: number) => Result<T, KernelError>,
): Result<T, KernelError> {
  if (!opened.ok) return opened;
  try {
    return work(opened.value);
  } finally {
    closeSync(opened.value);
  }
}

/** Attaches a program, beside those of others (tcx); it is detached when the returned file descriptor is closed. */
export function attachProgram(
  program: number,
  index: Ifindex,
  direction: Direction,
): Result<number, KernelError> {
  const attributes = Buffer.alloc(32);
  attributes.writeUInt32LE(program, 0);
  attributes.writeUInt32LE(index, 4);
  attributes.writeUInt32LE(TCX[direction], 8);
  return bpfCall(COMMAND.createLink, attributes, `attach a program to link ${index}`);
}

function load(name: string, code: Buffer, logBytes: number): Result<number, KernelError> {
  const [at = 0n, license = 0n] = place([code, LICENSE]);
  const attributes = Buffer.alloc(72);
  attributes.writeUInt32LE(SCHED_CLS, 0);
  attributes.writeUInt32LE(code.length / 8, 4);
  attributes.writeBigUInt64LE(at, 8);
  attributes.writeBigUInt64LE(license, 16);
  if (logBytes > 0) {
    attributes.writeUInt32LE(1, 24);
    attributes.writeUInt32LE(logBytes, 28);
    attributes.writeBigUInt64LE(license + BigInt(LICENSE.length), 32);
  }
  attributes.write(name, 48, 15, "latin1");
  return bpfCall(COMMAND.loadProgram, attributes, `load the program ${name}`);
}

function onElement(
  command: number,
  map: number,
  parts: readonly Buffer[],
): Result<number, KernelError> {
  const addresses = place(parts);
  const attributes = Buffer.alloc(32);
  attributes.writeUInt32LE(map, 0);
  for (const [index, address] of addresses.entries())
    attributes.writeBigUInt64LE(address, 8 + index * 8);
  return bpfCall(command, attributes, "read or change an element of a map");
}
