/** Which address a new pod gets: one of each of the node's prefixes, the next free one after the last given out. */
import {
  type Address,
  addressAt,
  type Cidr,
  cidrContains,
  cidrSize,
  err,
  formatAddress,
  formatCidr,
  ok,
  type Result,
} from "@seam/base";

/** An address with its place in its prefix, from which the next search goes on. */
export type Choice = {
  readonly prefix: string;
  readonly address: Address;
  readonly offset: bigint;
};

/** More places than a node can have pods are never looked at. */
const LONGEST_SEARCH = 1n << 20n;

/** What is taken, where the search goes on, and what was asked for. */
export type Situation = {
  /** Canonical texts of the addresses in use. */
  readonly used: ReadonlySet<string>;
  readonly cursorOf: (prefix: string) => bigint;
  /** Addresses that must be among the chosen ones. */
  readonly requested: readonly Address[];
};

/**
 * One address of each prefix that is not in `used`. The search starts after the prefix's
 * cursor, so that an address rests as long as possible before it is given out again. The first address of
 * a prefix is never used, nor IPv4's last (broadcast).
 */
export function chooseAddresses(
  prefixes: readonly Cidr[],
  { used, cursorOf, requested }: Situation,
): Result<readonly Choice[], string> {
  const foreign = requested.find(
    (address) => !prefixes.some((cidr) => cidrContains(cidr, address)),
  );
  if (foreign !== undefined) {
    const own = prefixes.map(formatCidr).join(" and ");
    return err(`the requested address ${formatAddress(foreign)} is not in ${own} of this node`);
  }
  const choices: Choice[] = [];
  for (const cidr of prefixes) {
    const wanted = requested.find((address) => cidrContains(cidr, address));
    if (wanted !== undefined && used.has(formatAddress(wanted))) {
      return err(`the requested address ${formatAddress(wanted)} is in use on this node`);
    }
    const cursor = cursorOf(formatCidr(cidr));
    const choice =
      wanted === undefined
        ? nextFree(cidr, used, cursor)
        : { prefix: formatCidr(cidr), address: wanted, offset: cursor };
    if (choice === null) {
      return err(`all ${usable(cidr)} addresses of ${formatCidr(cidr)} are in use on this node`);
    }
    choices.push(choice);
  }
  return ok(choices);
}

/** Number of addresses of a prefix that pods may have; offsets run from 1. */
function usable(cidr: Cidr): bigint {
  const reserved = cidr.address.family === "ipv4" ? 2n : 1n;
  const count = cidrSize(cidr) - reserved;
  return count < 0n ? 0n : count;
}

function nextFree(cidr: Cidr, used: ReadonlySet<string>, cursor: bigint): Choice | null {
  const count = usable(cidr);
  const limit = count < LONGEST_SEARCH ? count : LONGEST_SEARCH;
  for (let step = 0n; step < limit; step += 1n) {
    const offset = ((cursor + step) % count) + 1n;
    const address = addressAt(cidr, offset);
    if (address !== null && !used.has(formatAddress(address))) {
      return { prefix: formatCidr(cidr), address, offset };
    }
  }
  return null;
}
