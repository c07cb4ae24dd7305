/**
 * Sets of what a connection can be to, as policies tell it apart: each port of TCP, UDP and SCTP, each type and code of ICMP and ICMPv6,
 * and every other protocol by its number. They lie on one line, so that a set is where it begins and ends.
 */
import { err, ok, type Result } from "@seam/base";

import type { Transport } from "./index.ts";

/** Places on the line at which the set begins and ends, by turns, ascending. */
export type PortSet = readonly number[];

/**
 * What a peer may use, in one canonical text, so that equal permissions are equal texts: `all`, `none`, or ranges in the order of
 * `PROTOCOLS` and ascending, such as `tcp/80 tcp/8000-9000 udp/* icmp/2048 protocol/47`. Behind `log` follows, the same way, what is to be
 * shown to who listens when it begins, whether it may pass or not.
 */
export type Permission = string;

/** What lies on the line: ports, types and codes (type * 256 + code), and protocols that have neither, by their numbers. */
export type LineProtocol = Transport | "icmp" | "icmpv6" | "protocol";

/** The places of one protocol from `first` to `last`, both included. */
export type PortRange = {
  readonly protocol: LineProtocol;
  readonly first: number;
  readonly last: number;
};

/** What is permitted, and what is shown. */
export type Permitted = {
  readonly ranges: readonly PortRange[];
  readonly logged: readonly PortRange[];
};

/** Of every transport protocol, and of ICMP's types and codes. */
export const LAST_PORT = 65_535;
const LAST_PROTOCOL = 255;
const NAMES = ["tcp", "udp", "sctp", "icmp", "icmpv6", "protocol"] as const;
const PORTS = LAST_PORT + 1;
const END = NAMES.indexOf("protocol") * PORTS + LAST_PROTOCOL + 1;

/** IP's numbers for the protocols that have places of their own. */
export const PROTOCOL_NUMBERS: Readonly<Record<Exclude<LineProtocol, "protocol">, number>> = {
  tcp: 6,
  udp: 17,
  sctp: 132,
  icmp: 1,
  icmpv6: 58,
};

/** The last place of a protocol. */
export const lastOf = (protocol: LineProtocol): number =>
  protocol === "protocol" ? LAST_PROTOCOL : LAST_PORT;

export const NO_PORTS: PortSet = [];
export const ALL_PORTS: PortSet = [0, END];

/** The set of these ports. */
export function portSet({ protocol, first, last }: PortRange): PortSet {
  const start = NAMES.indexOf(protocol) * PORTS;
  return [start + first, start + last + 1];
}

/** All of a protocol. */
export const wholeProtocol = (protocol: LineProtocol): PortSet =>
  portSet({ protocol, first: 0, last: lastOf(protocol) });

/** What is in the one, the other, or both. */
export const unitePorts = (one: PortSet, other: PortSet): PortSet =>
  combine(one, other, (isInOne, isInOther) => isInOne || isInOther);

/** What is in both. */
export const intersectPorts = (one: PortSet, other: PortSet): PortSet =>
  combine(one, other, (isInOne, isInOther) => isInOne && isInOther);

/** What is in the one and not in the other. */
export const subtractPorts = (one: PortSet, other: PortSet): PortSet =>
  combine(one, other, (isInOne, isInOther) => isInOne && !isInOther);

function combine(
  one: PortSet,
  other: PortSet,
  keeps: (isInOne: boolean, isInOther: boolean) => boolean,
): PortSet {
  const ends: number[] = [];
  let [at, otherAt] = [0, 0];
  while (at < one.length || otherAt < other.length) {
    const place = Math.min(one[at] ?? END, other[otherAt] ?? END);
    if (one[at] === place) at += 1;
    if (other[otherAt] === place) otherAt += 1;
    if (keeps(at % 2 === 1, otherAt % 2 === 1) !== (ends.length % 2 === 1)) ends.push(place);
  }
  return ends;
}

/** What is in any of many sets. */
export function uniteAllPorts(sets: readonly PortSet[]): PortSet {
  const [first = NO_PORTS, second] = sets;
  if (second === undefined) return first;
  if (sets.length === 2) return unitePorts(first, second);
  const half = sets.length >> 1;
  return unitePorts(uniteAllPorts(sets.slice(0, half)), uniteAllPorts(sets.slice(half)));
}

/** The canonical text of a set, and of what is shown. */
export function formatPermission(set: PortSet, logged: PortSet = NO_PORTS): Permission {
  const text = formatSet(set);
  return logged.length === 0 ? text : `${text} ${LOG} ${formatSet(logged)}`;
}

const LOG = "log";

function formatSet(set: PortSet): string {
  if (set.length === 0) return "none";
  if (set[0] === 0 && set[1] === END) return "all";
  return rangesIn(set)
    .map(({ protocol, first, last }) => {
      if (first === 0 && last === lastOf(protocol)) return `${protocol}/*`;
      return first === last ? `${protocol}/${first}` : `${protocol}/${first}-${last}`;
    })
    .join(" ");
}

const rangesIn = (set: PortSet): readonly PortRange[] =>
  NAMES.flatMap((protocol): readonly PortRange[] => {
    const whole = wholeProtocol(protocol);
    const [start = 0] = whole;
    const own = intersectPorts(set, whole);
    return own.flatMap((from, index) =>
      index % 2 === 1
        ? []
        : [{ protocol, first: from - start, last: (own[index + 1] ?? END) - start - 1 }],
    );
  });

/** What a canonical text says; the error names the part that is none. */
export function parsePermission(permission: Permission): Result<Permitted, string> {
  const parts = permission.split(" ");
  const at = parts.indexOf(LOG);
  const ranges = parseRanges(at === -1 ? parts : parts.slice(0, at));
  if (!ranges.ok) return ranges;
  const logged = at === -1 ? ok([]) : parseRanges(parts.slice(at + 1));
  return logged.ok ? ok({ ranges: ranges.value, logged: logged.value }) : logged;
}

function parseRanges(parts: readonly string[]): Result<readonly PortRange[], string> {
  const [only] = parts;
  if (parts.length === 1 && only === "none") return ok([]);
  if (parts.length === 1 && only === "all") return ok(rangesIn(ALL_PORTS));
  const ranges: PortRange[] = [];
  for (const part of parts) {
    const range = parseRange(part);
    if (range === null)
      return err(`expected tcp/80, udp/1-9, sctp/* or the like; found ${JSON.stringify(part)}`);
    ranges.push(range);
  }
  return ok(ranges);
}

function parseRange(part: string): PortRange | null {
  const [, name, ports = ""] = /^(\w+)\/(\*|\d+(?:-\d+)?)$/.exec(part) ?? [];
  const protocol = NAMES.find((each) => each === name);
  if (protocol === undefined) return null;
  const [first = 0, last = first] =
    ports === "*" ? [0, lastOf(protocol)] : ports.split("-").map(Number);
  return { protocol, first, last };
}
