/**
 * Pods speak with their own addresses only (decision 4). In `inet seam-guard`, what comes in on a pod's link is dropped
 * when the way back to its source does not lead over that link (RFC 3704 strict reverse path, both families), when
 * it is for the node's loopback, or when it would change the node's routes. On links that are in the set `guarded`, also
 * when the pair of link and MAC address is not in `owners`; `arp seam-guard` drops ARP that names another MAC or IPv4
 * address. Nor does the node change routes of pods: a pod that reaches itself through the node would be redirected.
 */
import { type Address, formatAddress, ok, parseAddress, type Result } from "@seam/base";
import type { Source } from "@seam/state";

import { DEVICE_PREFIX } from "./device-names.ts";
import type { KernelError } from "./libc.ts";
import { changeNft, elementsOf, listAt, listTable, rulesOf, tableText } from "./nft.ts";

const TABLE = "seam-guard";
/** The set of each family that says what may come in. */
const PERMITS = { inet: "owners", arp: "speakers" } as const;
type GuardFamily = keyof typeof PERMITS;

const rules = {
  inet: `chain prerouting {
type filter hook prerouting priority raw; policy accept;
iifname "${DEVICE_PREFIX}*" jump pod
}
chain pod {
iifname . ether saddr @owners goto packet
iifname @guarded drop
goto packet
}
chain packet {
fib saddr . iif oif missing drop
ip daddr 127.0.0.0/8 drop
icmp type redirect drop
icmpv6 type { nd-router-advert, nd-redirect } drop
}
chain output {
type filter hook output priority raw; policy accept;
oifname "${DEVICE_PREFIX}*" icmp type redirect drop
oifname "${DEVICE_PREFIX}*" icmpv6 type { nd-router-advert, nd-redirect } drop
}`,
  arp: `chain input {
type filter hook input priority filter; policy accept;
iifname . ether saddr . arp saddr ether . arp saddr ip @speakers accept
iifname @guarded drop
}`,
} as const;
const RULES = { inet: 10, arp: 2 } as const;

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
  const command = (family: GuardFamily, set: string, list: readonly string[]): string =>
    list.length === 0 ? "" : `${change} element ${family} ${TABLE} ${set} { ${list.join(", ")} }\n`;
  const commands = (["inet", "arp"] as const).map(
    (family) =>
      command(family, PERMITS[family], sources.flatMap(permits[family])) +
      command(family, "guarded", sources.map(quotedDevice)),
  );
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

/** What each set holds of a source, in the words of nftables. */
const permits = {
  inet: (source: Source): readonly string[] => [`${quotedDevice(source)} . ${source.mac}`],
  arp: (source: Source): readonly string[] =>
    source.addresses.map(
      (address) =>
        `${quotedDevice(source)} . ${source.mac} . ${source.mac} . ${formatAddress(address)}`,
    ),
} as const;

const quotedDevice = ({ device }: Source): string => `"${device}"`;

const types = { inet: "ifname . ether_addr", arp: "ifname . ether_addr . ether_addr . ipv4_addr" };

function content(family: GuardFamily, sources: readonly Source[]): string {
  const set = (name: string, type: string, list: readonly string[]): string => {
    const elements = list.length === 0 ? "" : `elements = { ${list.join(", ")} };`;
    return `set ${name} { type ${type}; ${elements} }`;
  };
  return [
    set("guarded", "ifname", sources.map(quotedDevice)),
    set(PERMITS[family], types[family], sources.flatMap(permits[family])),
    rules[family],
  ].join("\n");
}

/** Null when the sets of the two tables do not belong together. */
function sourcesOf(
  objects: Readonly<Record<GuardFamily, readonly unknown[]>>,
): readonly Source[] | null {
  const addresses = new Map<string, Address[]>();
  for (const element of elementsOf(objects.arp, PERMITS.arp)) {
    const [device, mac, sender, text] = listAt(element, "concat").map(String);
    const address = parseAddress(text ?? "");
    if (mac !== sender || !address.ok) return null;
    const owner = `${device} ${mac}`;
    addresses.set(owner, [...(addresses.get(owner) ?? []), address.value]);
  }
  const sources = elementsOf(objects.inet, PERMITS.inet).map((element): Source => {
    const [device = "", mac = ""] = listAt(element, "concat").map(String);
    return { device, mac, addresses: addresses.get(`${device} ${mac}`) ?? [] };
  });
  const owners = new Set(sources.map(({ device, mac }) => `${device} ${mac}`));
  const devices = sources.map(({ device }) => device);
  const agree =
    [...addresses.keys()].every((owner) => owners.has(owner)) &&
    sameOnce(devices, elementsOf(objects.inet, "guarded")) &&
    sameOnce(devices, elementsOf(objects.arp, "guarded"));
  return agree ? sources : null;
}

/** Whether both lists hold the same, each of it once. */
const sameOnce = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length &&
  new Set(one).size === one.length &&
  other.every((each) => one.includes(each));
