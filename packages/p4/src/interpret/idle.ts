/**
 * Entries that nothing matches for a while, by virtual time: `support_timeout` of v1model, `psa_idle_timeout`, and `pna_idle_timeout`
 * with the expire times of entries that programs add (P4Runtime 1.5, section 9.1.5; PNA.adoc, "Table entry timeout notification").
 */
import type { Table } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";

/** What becomes of an entry that was idle for its time: the controller is told, or the entry goes. */
type Fate = "notify" | "delete";

type Timer = { readonly forMicroseconds: number; from: number; isTold: boolean };

/** The timers of a table's entries, by their handles. */
export type IdleTimers = {
  readonly fate: Fate;
  /** Starts a timer, or starts it anew with another time. */
  readonly start: (handle: number, forMicroseconds: number) => void;
  readonly restart: (handle: number) => void;
  readonly matched: (handle: number) => void;
  /** Entries whose time is over, each once until it is matched again. */
  readonly over: () => readonly number[];
  readonly clear: () => void;
};

const isTrue = (value: Expr | undefined): boolean => value?.kind === "bool" && value.value;

function fateOf(properties: ReadonlyMap<string, Expr>): Fate | undefined {
  if (isTrue(properties.get("support_timeout"))) return "notify";
  if (isTrue(properties.get("idle_timeout_with_auto_delete"))) return "delete";
  const said = properties.get("psa_idle_timeout") ?? properties.get("pna_idle_timeout");
  if (said?.kind !== "enum") return undefined;
  if (said.member === "AUTO_DELETE") return "delete";
  return said.member === "NOTIFY_CONTROL" ? "notify" : undefined;
}

/** The timers of a table; undefined when its entries never time out. */
export function idleTimers(table: Table, now: () => number): IdleTimers | undefined {
  const properties = new Map(table.properties.map(({ name, value }) => [name, value]));
  const fate = fateOf(properties);
  if (fate === undefined) return undefined;
  // Where programs add entries, only they restart timers (PNA.adoc, restart_expire_timer).
  const byPrograms = isTrue(properties.get("add_on_miss"));
  const timers = new Map<number, Timer>();
  const restart = (handle: number): void => {
    const timer = timers.get(handle);
    if (timer === undefined) return;
    timer.from = now();
    timer.isTold = false;
  };
  return {
    fate,
    restart,
    start: (handle, forMicroseconds) => {
      timers.set(handle, { forMicroseconds, from: now(), isTold: false });
    },
    matched: byPrograms ? () => undefined : restart,
    over: () => {
      const time = now();
      const due = [...timers].filter(
        ([, { forMicroseconds, from, isTold }]) => !isTold && time - from >= forMicroseconds,
      );
      for (const [handle, timer] of due) {
        timer.isTold = true;
        if (fate === "delete") timers.delete(handle);
      }
      return due.map(([handle]) => handle);
    },
    clear: () => timers.clear(),
  };
}

const SECOND = 1_000_000;

/** The times of PNA's expire time profiles in microseconds: those that p4c's DPDK back end gives them. */
const PROFILES: readonly number[] = [10, 30, 60, 120, 300, 43_200, 120, 120].map(
  (seconds) => seconds * SECOND,
);

/** The time of a profile in microseconds; others than those of the list never expire. */
export const expireTime = (profile: number): number =>
  PROFILES[profile] ?? Number.POSITIVE_INFINITY;
