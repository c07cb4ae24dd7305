/**
 * Address translation through libnftables: the table `inet seam` holds sets of sources and exceptions for
 * each family and one rule per family, replaced as a whole in one transaction.
 */
import {
  type Address,
  type Cidr,
  err,
  type Family,
  familyBits,
  formatCidr,
  maskAddress,
  ok,
  parseAddress,
  type Result,
} from "@seam/base";
import { minimalPrefixes } from "@seam/plan";
import type { Masquerade } from "@seam/state";
import koffi from "koffi";
import { families } from "./family.ts";
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

const NFT_CTX_OUTPUT_JSON = 1 << 4;

/** Replaces the translation rules in the namespace; null removes them. */
export function writeMasquerade(
  netns: string,
  masquerade: Masquerade | null,
): Result<null, KernelError> {
  // `add` first makes `delete` succeed when there is no table; all is one transaction.
  const clear = "add table inet seam\ndelete table inet seam\n";
  const commands = masquerade === null ? clear : clear + tableText(masquerade);
  const answer = runNft(netns, commands);
  return answer.ok ? ok(null) : answer;
}

/**
 * The translation rules in the namespace, null without the table. A table that was tampered with reads
 * as translating nothing, which differs both from no table and from any useful desired state.
 */
export function readMasquerade(netns: string): Result<Masquerade | null, KernelError> {
  const answer = runNft(netns, "list table inet seam");
  if (!answer.ok) return answer.error.errno === "ENOENT" ? ok(null) : answer;
  const parsed: unknown = JSON.parse(answer.value);
  const objects = listAt(parsed, "nftables");
  if (objects.filter((object) => isMasqueradeRule(at(object, "rule"))).length !== families.length) {
    return ok({ sources: [], exceptions: [] });
  }
  return ok({ sources: elements(objects, "source"), exceptions: elements(objects, "exception") });
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

function tableText(masquerade: Masquerade): string {
  const parts = families.map((family) => familyText(family, masquerade));
  return [
    "table inet seam {",
    ...parts.map(({ sets }) => sets),
    "chain postrouting {",
    "type nat hook postrouting priority srcnat; policy accept;",
    ...parts.map(({ rule }) => rule),
    "}",
    "}",
  ].join("\n");
}

function familyText(
  family: Family,
  masquerade: Masquerade,
): { readonly sets: string; readonly rule: string } {
  const [word, type, digit] = family === "ipv4" ? ["ip", "ipv4_addr", 4] : ["ip6", "ipv6_addr", 6];
  const set = (name: string, prefixes: readonly Cidr[]): string => {
    const own = prefixes.filter(({ address }) => address.family === family);
    const list = minimalPrefixes(own).map(formatCidr).join(", ");
    const content = list === "" ? "" : `elements = { ${list} };`;
    return `set ${name}${digit} { type ${type}; flags interval; ${content} }`;
  };
  return {
    sets: `${set("source", masquerade.sources)}\n${set("exception", masquerade.exceptions)}`,
    rule: `${word} saddr @source${digit} ${word} daddr != @exception${digit} masquerade`,
  };
}

const isMasqueradeRule = (rule: unknown): boolean =>
  listAt(rule, "expr").some((statement) => isObject(statement) && "masquerade" in statement);

function elements(objects: readonly unknown[], name: string): readonly Cidr[] {
  const sets = objects.map((object) => at(object, "set"));
  const own = sets.filter((set) => [`${name}4`, `${name}6`].includes(String(at(set, "name"))));
  return own.flatMap((set) => listAt(set, "elem").flatMap(prefixOf));
}

/** An element is printed as an address, or as `{"prefix": {"addr": ADDRESS, "len": LENGTH}}`. */
function prefixOf(element: unknown): readonly Cidr[] {
  if (typeof element === "string") return hostPrefix(parseAddress(element), null);
  const prefix = at(element, "prefix");
  return hostPrefix(parseAddress(String(at(prefix, "addr"))), Number(at(prefix, "len")));
}

function hostPrefix(parsed: Result<Address, string>, length: number | null): readonly Cidr[] {
  if (!parsed.ok) return [];
  const bits = length ?? familyBits(parsed.value.family);
  return [{ address: maskAddress(parsed.value, bits), length: bits }];
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function at(value: unknown, key: string): unknown {
  return isObject(value) ? new Map(Object.entries(value)).get(key) : undefined;
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const found = at(value, key);
  return Array.isArray(found) ? found : [];
}
