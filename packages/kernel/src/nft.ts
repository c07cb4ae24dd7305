/**
 * nftables through libnftables, in this process: command text in, JSON out, each call one transaction. Also
 * the few words with which JSON listings are read (libnftables-json(5)).
 */
import {
  type Address,
  type Cidr,
  err,
  familyBits,
  maskAddress,
  ok,
  parseAddress,
  type Result,
} from "@seam/base";
import koffi from "koffi";

import type { KernelError } from "./libc.ts";
import { inNetns } from "./netns.ts";

const library = koffi.load("libnftables.so.1");
const newContext = library.func("void *nft_ctx_new(uint32_t flags)");
const freeContext = library.func("void nft_ctx_free(void *ctx)");
const setOutput = library.func("void nft_ctx_output_set_flags(void *ctx, uint32_t flags)");
const bufferOutput = library.func("int nft_ctx_buffer_output(void *ctx)");
const bufferError = library.func("int nft_ctx_buffer_error(void *ctx)");
const outputBuffer = library.func("const char *nft_ctx_get_output_buffer(void *ctx)");
const errorBuffer = library.func("const char *nft_ctx_get_error_buffer(void *ctx)");
const runCommand = library.func("int nft_run_cmd_from_buffer(void *ctx, const char *buf)");

/** JSON, with protocols by their numbers' names. */
const NFT_CTX_OUTPUT_JSON = 1 << 4;

/** Replaces the table as a whole in one transaction; an empty `content` removes it. */
export function writeTable(
  netns: string,
  name: string,
  content: string,
): Result<null, KernelError> {
  return changeNft(netns, tableText(`inet ${name}`, content));
}

/** Commands that replace a table, given with its family; an empty `content` removes it. */
export function tableText(table: string, content: string): string {
  // `add` first makes `delete` succeed when there is no table.
  const clear = `add table ${table}\ndelete table ${table}\n`;
  return content === "" ? clear : `${clear}table ${table} {\n${content}\n}\n`;
}

/** Carries the commands out in one transaction. */
export function changeNft(netns: string, commands: string): Result<null, KernelError> {
  const answer = runNft(netns, commands);
  return answer.ok ? ok(null) : answer;
}

/** The objects of the table, or null when there is no such table. */
export function listTable(
  netns: string,
  name: string,
  family: "inet" | "arp" = "inet",
): Result<readonly unknown[] | null, KernelError> {
  const answer = runNft(netns, `list table ${family} ${name}`);
  if (!answer.ok) return answer.error.errno === "ENOENT" ? ok(null) : answer;
  const parsed: unknown = JSON.parse(answer.value);
  return ok(listAt(parsed, "nftables"));
}

/** Whether there is such a table; what is in it is not looked at. */
export function hasTable(netns: string, name: string): Result<boolean, KernelError> {
  const answer = runNft(netns, "list tables inet");
  if (!answer.ok) return answer;
  const parsed: unknown = JSON.parse(answer.value);
  const tables = listAt(parsed, "nftables").map((each) => at(each, "table"));
  return ok(tables.some((table) => at(table, "name") === name));
}

function runNft(netns: string, commands: string): Result<string, KernelError> {
  return inNetns(netns, () => {
    const context: unknown = newContext(0);
    try {
      setOutput(context, NFT_CTX_OUTPUT_JSON);
      bufferOutput(context);
      bufferError(context);
      const status = Number(runCommand(context, commands));
      if (status === 0) return ok(String(outputBuffer(context)));
      return err(nftError(String(errorBuffer(context))));
    } finally {
      freeContext(context);
    }
  });
}

/** libnftables reports in prose only: the kernel's reason is the text of strerror. */
function nftError(text: string): KernelError {
  const errno = text.includes("No such file or directory") ? "ENOENT" : "EINVAL";
  return { errno, message: `nftables: ${text.trim()}` };
}

/** Elements of the set or map called `name`. */
export const elementsOf = (objects: readonly unknown[], name: string): readonly unknown[] =>
  objects
    .flatMap((object) => [at(object, "set"), at(object, "map")])
    .filter((set) => at(set, "name") === name)
    .flatMap((set) => listAt(set, "elem"));

/** Statements of every rule of the table. */
export const rulesOf = (objects: readonly unknown[]): readonly (readonly unknown[])[] =>
  objects.map((object) => listAt(at(object, "rule"), "expr")).filter(({ length }) => length > 0);

/** An element is printed as an address, or as `{"prefix": {"addr": ADDRESS, "len": LENGTH}}`. */
export function prefixOf(element: unknown): readonly Cidr[] {
  if (typeof element === "string") return prefixAt(parseAddress(element), null);
  const prefix = at(element, "prefix");
  return prefixAt(parseAddress(String(at(prefix, "addr"))), Number(at(prefix, "len")));
}

function prefixAt(parsed: Result<Address, string>, length: number | null): readonly Cidr[] {
  if (!parsed.ok) return [];
  const bits = length ?? familyBits(parsed.value.family);
  return [{ address: maskAddress(parsed.value, bits), length: bits }];
}

/** The value under `key` of a JSON object. */
export function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? new Map(Object.entries(value)).get(key)
    : undefined;
}

/** The list under `key`, or an empty one. */
export function listAt(value: unknown, key: string): readonly unknown[] {
  const found = at(value, key);
  return Array.isArray(found) ? found : [];
}
