/**
 * Counters of elements of table `inet seam-policy`, read again and again. An element of a map of permissions counts every packet that finds
 * it, also those that its chain of ports then denies; these are counted once more where they end, and taken off here.
 */
import { ok, type Result } from "@seam/base";

import type { KernelError } from "./libc.ts";
import type { NetfilterSocket } from "./netfilter-socket.ts";
import { countsOf, type ElementCount } from "./nft-counts.ts";
import { listIn } from "./nft-messages.ts";
import { POLICY_TABLE } from "./policy-rules.ts";

/** What is new of an element. */
export type News = {
  readonly key: Buffer;
  readonly packets: number;
  /** Whether it had counted nothing before. */
  readonly isFirst: boolean;
};

/** What elements had counted when they were read last. */
export type ElementAccounts = {
  /** These elements of a set are about to go, or to be others of the same key. */
  readonly forget: (set: string, keys: Iterable<Buffer>) => void;
  /** What is new of those of a set. */
  readonly newsIn: (set: string) => Result<readonly News[], KernelError>;
  /** What was let through of what is new of an element, `owed` of which were denied further on. */
  readonly settle: (set: string, news: News, owed: number) => number;
};

/** Nothing was read yet. */
export function createElementAccounts(socket: Pick<NetfilterSocket, "list">): ElementAccounts {
  const last = new Map<string, number>();
  /** Denied packets that an element was not seen to count. */
  const debts = new Map<string, number>();
  return {
    forget: (set, keys) => {
      for (const key of keys) {
        last.delete(nameOf(set, key));
        debts.delete(nameOf(set, key));
      }
    },
    newsIn: (set) => {
      const listed = socket.list(listIn("getElements", POLICY_TABLE, set));
      return listed.ok ? ok(countsOf(listed.value).map((each) => newsOf(last, set, each))) : listed;
    },
    settle: (set, { key, packets, isFirst }, owed) => {
      const name = nameOf(set, key);
      const passed = packets - owed - (debts.get(name) ?? 0);
      // Of one that is new, what was denied before is not owed.
      if (passed < 0 && !isFirst) debts.set(name, -passed);
      else debts.delete(name);
      return Math.max(passed, 0);
    },
  };
}

const nameOf = (set: string, key: Buffer): string => `${set} ${key.toString("latin1")}`;

function newsOf(last: Map<string, number>, set: string, { key, packets }: ElementCount): News {
  const name = nameOf(set, key);
  const before = last.get(name);
  last.set(name, packets);
  // A smaller count is that of an element which somebody else put there.
  return { key, packets: packets - (before ?? 0), isFirst: before === undefined };
}
