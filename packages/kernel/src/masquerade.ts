/**
 * Source translation: the table `inet seam` holds sets of sources and exceptions for each family and one
 * rule per family, replaced as a whole in one transaction.
 */
import { FAMILIES, type Cidr, type Family, formatCidr, ok, type Result } from "@seam/base";
import { minimalPrefixes } from "@seam/plan";
import type { Masquerade } from "@seam/state";

import type { KernelError } from "./libc.ts";
import { at, elementsOf, listTable, prefixOf, rulesOf, writeTable } from "./nft.ts";

const TABLE = "seam";

/** Replaces the translation rules in the namespace; null removes them. */
export const writeMasquerade = (
  netns: string,
  masquerade: Masquerade | null,
): Result<null, KernelError> =>
  writeTable(netns, TABLE, masquerade === null ? "" : tableText(masquerade));

/**
 * The translation rules in the namespace, null without the table. A table that was tampered with reads
 * as translating nothing, which differs both from no table and from any useful desired state.
 */
export function readMasquerade(netns: string): Result<Masquerade | null, KernelError> {
  const listed = listTable(netns, TABLE);
  if (!listed.ok || listed.value === null) return listed.ok ? ok(null) : listed;
  const objects = listed.value;
  const rules = rulesOf(objects).filter((statements) => statements.some(isMasquerade));
  if (rules.length !== FAMILIES.length) return ok({ sources: [], exceptions: [] });
  return ok({ sources: prefixes(objects, "source"), exceptions: prefixes(objects, "exception") });
}

const isMasquerade = (statement: unknown): boolean => at(statement, "masquerade") !== undefined;

const prefixes = (objects: readonly unknown[], name: string): readonly Cidr[] =>
  ["4", "6"].flatMap((digit) => elementsOf(objects, name + digit).flatMap(prefixOf));

function tableText(masquerade: Masquerade): string {
  const parts = FAMILIES.map((family) => familyText(family, masquerade));
  return [
    ...parts.map(({ sets }) => sets),
    "chain postrouting {",
    "type nat hook postrouting priority srcnat; policy accept;",
    ...parts.map(({ rule }) => rule),
    "}",
  ].join("\n");
}

function familyText(
  family: Family,
  masquerade: Masquerade,
): { readonly sets: string; readonly rule: string } {
  const [word, type, digit] = family === "ipv4" ? ["ip", "ipv4_addr", 4] : ["ip6", "ipv6_addr", 6];
  const set = (name: string, members: readonly Cidr[]): string => {
    const own = members.filter(({ address }) => address.family === family);
    const list = minimalPrefixes(own).map(formatCidr).join(", ");
    const content = list === "" ? "" : `elements = { ${list} };`;
    return `set ${name}${digit} { type ${type}; flags interval; ${content} }`;
  };
  return {
    sets: `${set("source", masquerade.sources)}\n${set("exception", masquerade.exceptions)}`,
    rule: `${word} saddr @source${digit} ${word} daddr != @exception${digit} masquerade`,
  };
}
