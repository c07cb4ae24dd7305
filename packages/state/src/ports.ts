/**
 * Sets of what a connection can be to, as policies tell it apart: each port of TCP, UDP and SCTP, and all other protocols as one. They
 * lie on one line, so that a set is where it begins and ends.
 */
import { err, ok, type Result } from "@seam/base";

import type { Transport } from "./index.ts";

/** Places on the line at which the set begins and ends, by turns, ascending. */
export type PortSet = readonly number[];

/**
 * What a peer may use, in one canonical text, so that equal permissions are equal texts: `all`, `none`, or ranges of ports in the order
 * tcp, udp, sctp and ascending, then `other` for all protocols without ports, such as `tcp/80 tcp/8000-9000 udp/* other`.
 */
export type Permission = string;

/** The ports of one transport protocol from `first` to `last`, both included; 0 to 65535 is all of them. */
export type PortRange = {
  readonly protocol: Transport;
  readonly first: number;
  readonly last: number;
};

/** What is permitted; `other` means all protocols but TCP, UDP and SCTP. */
export type Permitted = { readonly ranges: readonly PortRange[]; readonly other: boolean };

/** Of every transport protocol. */
export const LAST_PORT = 65_535;
const TRANSPORTS = ["tcp", "udp", "sctp"] as const satisfies readonly Transport[];
const PORTS = LAST_PORT + 1;
const OTHER = TRANSPORTS.length * PORTS;
const END = OTHER + 1;

export const NO_PORTS: PortSet = [];
export const ALL_PORTS: PortSet = [0, END];

/** The set of these ports. */
export function portSet({ protocol, first, last }: PortRange): PortSet {
  const start = TRANSPORTS.indexOf(protocol) * PORTS;
  return [start + first, start + last + 1];
}

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

/** The canonical text of a set. */
export function formatPermission(set: PortSet): Permission {
  if (set.length === 0) return "none";
  if (set[0] === 0 && set[1] === END) return "all";
  const { ranges, other } = permittedBy(set);
  const texts = ranges.map(({ protocol, first, last }) => {
    if (first === 0 && last === LAST_PORT) return `${protocol}/*`;
    return first === last ? `${protocol}/${first}` : `${protocol}/${first}-${last}`;
  });
  return (other ? [...texts, "other"] : texts).join(" ");
}

function permittedBy(set: PortSet): Permitted {
  const ranges = TRANSPORTS.flatMap((protocol): readonly PortRange[] => {
    const whole = portSet({ protocol, first: 0, last: LAST_PORT });
    const [start = 0] = whole;
    const own = intersectPorts(set, whole);
    return own.flatMap((from, index) =>
      index % 2 === 1
        ? []
        : [{ protocol, first: from - start, last: (own[index + 1] ?? END) - start - 1 }],
    );
  });
  return { ranges, other: set.at(-1) === END };
}

/** What a canonical text says; the error names the part that is none. */
export function parsePermission(permission: Permission): Result<Permitted, string> {
  if (permission === "none") return ok({ ranges: [], other: false });
  if (permission === "all") return ok(permittedBy(ALL_PORTS));
  const parts = permission.split(" ");
  const other = parts.at(-1) === "other";
  const ranges: PortRange[] = [];
  for (const part of other ? parts.slice(0, -1) : parts) {
    const range = parseRange(part);
    if (range === null)
      return err(`expected tcp/80, udp/1-9, sctp/* or other; found ${JSON.stringify(part)}`);
    ranges.push(range);
  }
  return ok({ ranges, other });
}

function parseRange(part: string): PortRange | null {
  const [, name, ports = ""] = /^(\w+)\/(\*|\d+(?:-\d+)?)$/.exec(part) ?? [];
  const protocol = TRANSPORTS.find((each) => each === name);
  if (protocol === undefined) return null;
  const [first = 0, last = first] = ports === "*" ? [0, LAST_PORT] : ports.split("-").map(Number);
  return { protocol, first, last };
}
