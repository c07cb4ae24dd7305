/**
 * What a node enforces of policies (decision 16). A connection has a client and a server; every packet of it, in either direction
 * and also an ICMP error about it, is judged by the egress rules of the client's gate and the ingress rules of the server's. A
 * gate asks two things only: of which class the other end's address is, and what its rules let that class use. So what a
 * packet costs does not depend on how many policies there are.
 */
import { type Address, err, type Family, ok, type Result } from "@seam/base";

import type { Transport } from "./index.ts";

/**
 * A number for all addresses that are alike to every rule of this node. Which number means what is the business of who makes a
 * `PolicyState`; only `ANY` is fixed.
 */
export type PeerClass = number;

/** Every address of a family for which a gate's rules have nothing closer. */
export const ANY = { ipv4: 1, ipv6: 2 } as const satisfies Readonly<Record<Family, PeerClass>>;

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

/** What peers of each class may use; a class that is missing may use what `ANY` of its family may, or nothing. */
export type GateRules = ReadonlyMap<PeerClass, Permission>;

/** To a pod, or from it: of a connection, not of its packets. */
export type Direction = "ingress" | "egress";

/** What may pass a pod's link. A link without a gate is closed. */
export type Gate = {
  readonly device: string;
  /** The pod's own: what it sends to itself by way of the node passes. */
  readonly addresses: readonly Address[];
  /** Connections to the pod; null: all pass. */
  readonly ingress: GateRules | null;
  /** Connections from the pod; null: all pass. */
  readonly egress: GateRules | null;
};

/** The class of all addresses from `first` to `last`, both included. */
export type Block = { readonly first: Address; readonly last: Address; readonly peers: PeerClass };

/** Everything that a node enforces of policies. */
export type PolicyState = {
  /** By device. */
  readonly gates: ReadonlyMap<string, Gate>;
  /** Classes of single addresses, by their canonical text; they come before blocks. */
  readonly addresses: ReadonlyMap<string, PeerClass>;
  /** Disjoint. */
  readonly blocks: readonly Block[];
};

/** What is different from an earlier `PolicyState`. */
export type PolicyChange = {
  /** Gates that are new or other than before; null: gone. */
  readonly gates: ReadonlyMap<string, Gate | null>;
  /** By canonical text; null: the address has no class of its own. */
  readonly addresses: ReadonlyMap<
    string,
    { readonly before: PeerClass | null; readonly after: PeerClass | null }
  >;
  /** All blocks, when one of them changed; otherwise null. */
  readonly blocks: readonly Block[] | null;
};

/** Of every transport protocol. */
export const LAST_PORT = 65_535;
const TRANSPORTS = ["tcp", "udp", "sctp"] as const satisfies readonly Transport[];

/** The canonical text; ranges may come in any order, overlap and touch. */
export function formatPermission({ ranges, other }: Permitted): Permission {
  const merged = TRANSPORTS.flatMap((protocol) =>
    mergeRanges(ranges.filter((range) => range.protocol === protocol)),
  );
  const isAll = (range: PortRange): boolean => range.first === 0 && range.last === LAST_PORT;
  if (other && merged.length === TRANSPORTS.length && merged.every(isAll)) return "all";
  const texts = merged.map((range) => {
    const { protocol, first, last } = range;
    if (isAll(range)) return `${protocol}/*`;
    return first === last ? `${protocol}/${first}` : `${protocol}/${first}-${last}`;
  });
  const parts = other ? [...texts, "other"] : texts;
  return parts.length === 0 ? "none" : parts.join(" ");
}

function mergeRanges(ranges: readonly PortRange[]): readonly PortRange[] {
  const merged: PortRange[] = [];
  for (const range of ranges.toSorted((one, two) => one.first - two.first)) {
    const before = merged.at(-1);
    if (before === undefined || range.first > before.last + 1) merged.push(range);
    else merged.splice(-1, 1, { ...before, last: Math.max(before.last, range.last) });
  }
  return merged;
}

/** What a canonical text says; the error names the part that is none. */
export function parsePermission(permission: Permission): Result<Permitted, string> {
  if (permission === "none") return ok({ ranges: [], other: false });
  const all = TRANSPORTS.map((protocol) => ({ protocol, first: 0, last: LAST_PORT }));
  if (permission === "all") return ok({ ranges: all, other: true });
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
