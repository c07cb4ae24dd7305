/**
 * Pods speak with their own addresses only: what comes in on a pod's link is dropped in `inet seam-guard` when
 * the way back to its source does not lead over that link (RFC 3704 strict reverse path, both families), and
 * when it is for the node's loopback. One rule for all pods: their routes say which addresses are theirs.
 */
import { ok, type Result } from "@seam/base";

import type { KernelError } from "./libc.ts";
import { listTable, rulesOf, writeTable } from "./nft.ts";

const TABLE = "seam-guard";

/** `prefix` is how the names of pods' links begin. */
const content = (prefix: string): string => `chain prerouting {
type filter hook prerouting priority raw; policy accept;
iifname "${prefix}*" fib saddr . iif oif missing drop
iifname "${prefix}*" ip daddr 127.0.0.0/8 drop
}`;
const RULES = 2;

/** Puts the guard up or takes it down. */
export const writeSourceGuard = (
  netns: string,
  guard: { readonly wanted: boolean; readonly prefix: string },
): Result<null, KernelError> => writeTable(netns, TABLE, guard.wanted ? content(guard.prefix) : "");

/** Whether the guard is up, with all its rules. */
export function readSourceGuard(netns: string): Result<boolean, KernelError> {
  const listed = listTable(netns, TABLE);
  return listed.ok ? ok(rulesOf(listed.value ?? []).length === RULES) : listed;
}
