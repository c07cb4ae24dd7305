/**
 * Pods speak with their own addresses only (decision 4). In `inet seam-guard`, what comes in on a pod's link passes when
 * link, MAC and IP address are in `own4` or `own6`. All else is dropped when the link is in `guarded` and its pair
 * with the MAC address is not in `owners`, or when the way back to its source does not lead over that link (RFC 3704 strict
 * reverse path, both families). What is for the node's loopback, or would change the node's routes, is always dropped.
 * `arp seam-guard` drops ARP that names another MAC or IPv4 address. Nor does the node change routes of pods: a pod that reaches itself through the node would be redirected.
 */
import { FAMILIES, type Family, formatAddress, ok, parseAddress, type Result } from "@seam/base";
import type { Source } from "@seam/state";

import { DEVICE_PREFIX } from "./device-names.ts";
import { LEARN_MARK } from "./fast-path-program.ts";
import type { KernelError } from "./libc.ts";
import { changeNft, elementsOf, listAt, listTable, rulesOf, tableText } from "./nft.ts";

const TABLE = "seam-guard";
type GuardFamily = "inet" | "arp";

const rules = {
  inet: `chain prerouting {
type filter hook prerouting priority raw; policy accept;
iifname "${DEVICE_PREFIX}*" jump pod
}
chain pod {
iifname . ether saddr . ip saddr @own4 goto permitted
iifname . ether saddr . ip6 saddr @own6 goto permitted
iifname . ether saddr @owners goto packet
iifname @guarded drop
goto packet
}
chain packet {
fib saddr . iif oif missing drop
goto permitted
}
chain permitted {
ip daddr 127.0.0.0/8 drop
icmp type redirect drop
icmpv6 type { nd-router-advert, nd-redirect } drop
}
chain output {
type filter hook output priority raw; policy accept;
oifname "${DEVICE_PREFIX}*" icmp type redirect drop
oifname "${DEVICE_PREFIX}*" icmpv6 type { nd-router-advert, nd-redirect } drop
}
chain forward {
type filter hook forward priority 1000; policy accept;
iifname "${DEVICE_PREFIX}*" oifname "${DEVICE_PREFIX}*" ct state established ct status assured ct status & (snat | dnat) == 0 meta mark set meta mark | ${LEARN_MARK}
}`,
  arp: `chain input {
type filter hook input priority filter; policy accept;
iifname . ether saddr . arp saddr ether . arp saddr ip @speakers accept
iifname @guarded drop
}`,
} as const;
const RULES = { inet: 14, arp: 2 } as const;

/** A set of a table, and what is in it for a source, in the words of nftables. */
type GuardSet = {
  readonly family: GuardFamily;
  readonly name: string;
  readonly type: string;
  readonly elements: (source: Source) => readonly string[];
};

const quoted = ({ device }: Source): string => `"${device}"`;
const addressesOf = ({ addresses }: Source, family: Family): readonly string[] =>
  addresses.filter((each) => each.family === family).map(formatAddress);

const guarded = { name: "guarded", type: "ifname", elements: (source: Source) => [quoted(source)] };
const sets: readonly GuardSet[] = [
  { family: "inet", ...guarded },
  {
    family: "inet",
    name: "owners",
    type: "ifname . ether_addr",
    elements: (source) => [`${quoted(source)} . ${source.mac}`],
  },
  ...FAMILIES.map((family): GuardSet => ({
    family: "inet",
    name: family === "ipv4" ? "own4" : "own6",
    type: `ifname . ether_addr . ${family}_addr`,
    elements: (source) =>
      addressesOf(source, family).map((text) => `${quoted(source)} . ${source.mac} . ${text}`),
  })),
  { family: "arp", ...guarded },
  {
    family: "arp",
    name: "speakers",
    type: "ifname . ether_addr . ether_addr . ipv4_addr",
    elements: (source) =>
      addressesOf(source, "ipv4").map(
        (text) => `${quoted(source)} . ${source.mac} . ${source.mac} . ${text}`,
      ),
  },
];

/** What a node has of the guard. */
export type ObservedGuard = { readonly sourceGuard: boolean; readonly sources: readonly Source[] };

const NONE: ObservedGuard = { sourceGuard: false, sources: [] };

/** Puts the guard up anew with these sources; null takes it down. */
export const writeSourceGuard = (
  netns: string,
  sources: readonly Source[] | null,
): Result<null, KernelError> =>
  changeNft(
    netns,
    [
      tableText(`inet ${TABLE}`, sources === null ? "" : content("inet", sources)),
      tableText(`arp ${TABLE}`, sources === null ? "" : content("arp", sources)),
    ].join(""),
  );

/** Adds or deletes the elements of these sources. */
export function changeSources(
  netns: string,
  change: "add" | "delete",
  sources: readonly Source[],
): Result<null, KernelError> {
  const commands = sets.map(({ family, name, elements }) => {
    const list = sources.flatMap(elements).join(", ");
    return list === "" ? "" : `${change} element ${family} ${TABLE} ${name} { ${list} }\n`;
  });
  return changeNft(netns, commands.join(""));
}

/** The guard in the namespace; one that lacks a rule, or whose sets disagree, reads as none. */
export function readSourceGuard(netns: string): Result<ObservedGuard, KernelError> {
  const inet = listTable(netns, TABLE);
  if (!inet.ok) return inet;
  const arp = listTable(netns, TABLE, "arp");
  if (!arp.ok) return arp;
  const objects = { inet: inet.value ?? [], arp: arp.value ?? [] };
  const whole =
    rulesOf(objects.inet).length === RULES.inet && rulesOf(objects.arp).length === RULES.arp;
  const sources = whole ? sourcesOf(objects) : null;
  return ok(sources === null ? NONE : { sourceGuard: true, sources });
}

function content(of: GuardFamily, sources: readonly Source[]): string {
  const texts = sets
    .filter(({ family }) => family === of)
    .map(({ name, type, elements }) => {
      const list = sources.flatMap(elements).join(", ");
      return `set ${name} { type ${type}; ${list === "" ? "" : `elements = { ${list} };`} }`;
    });
  return [...texts, rules[of]].join("\n");
}

/** What the set of links and addresses says; null when another set of the two tables does not agree. */
function sourcesOf(
  objects: Readonly<Record<GuardFamily, readonly unknown[]>>,
): readonly Source[] | null {
  const own = Map.groupBy(
    ["own4", "own6"]
      .flatMap((name) => elementsOf(objects.inet, name))
      .map((element) => listAt(element, "concat").map(String)),
    ([device, mac]) => `${device} ${mac}`,
  );
  const sources = elementsOf(objects.inet, "owners").map((element): Source => {
    const [device = "", mac = ""] = listAt(element, "concat").map(String);
    const parsed = (own.get(`${device} ${mac}`) ?? []).map(([, , text]) =>
      parseAddress(text ?? ""),
    );
    return { device, mac, addresses: parsed.flatMap((each) => (each.ok ? [each.value] : [])) };
  });
  const agree = sets.every(({ family, name, elements }) =>
    sameOnce(sources.flatMap(elements), elementsOf(objects[family], name).map(elementText)),
  );
  return agree ? sources : null;
}

/** An element as it is written: one that is listed alone, or with others. */
function elementText(element: unknown): string {
  const [device, ...rest] =
    typeof element === "string" ? [element] : listAt(element, "concat").map(String);
  return [`"${device}"`, ...rest].join(" . ");
}

/** Whether both lists hold the same, each of it once. */
function sameOnce(one: readonly string[], other: readonly string[]): boolean {
  const known = new Set(one);
  return (
    one.length === other.length &&
    known.size === one.length &&
    new Set(other).size === other.length &&
    other.every((each) => known.has(each))
  );
}
