/**
 * Packets by pod and policy, in Prometheus' form. The kernel counts by link and class; what that means is worked out when somebody
 * asks, with the policies of then. No counter goes back: what an element had counted since it was last asked is lost when it goes.
 */
import type { Log } from "@seam/daemon";
import type { PolicyIntent } from "@seam/intent";
import type { HostCount, PolicyCount, PolicyTable } from "@seam/kernel";
import { directionOf } from "@seam/state";
import { Counter, type Registry } from "prom-client";

import type { Store } from "./store.ts";

/** Where packets are counted, and what tells whose they are. */
export type PolicyCountersOptions = {
  readonly table: Pick<PolicyTable, "takeCounts" | "takeHostCounts">;
  readonly intent: Pick<
    PolicyIntent,
    "policiesOf" | "policiesFor" | "policiesAt" | "policiesAtFor" | "state"
  >;
  readonly store: Pick<Store, "attachments">;
  readonly log: Pick<Log, "warn">;
};

/** What the counters are told. */
export type PolicyCounters = {
  /** Denied packets came faster than they were read. */
  readonly missed: () => void;
};

/** Series of one agent; a node has some hundred pods, and few policies select each. */
const MOST_SERIES = 5000;

const LABELS = ["direction", "verdict", "namespace", "pod", "policy"] as const;
type Series = Readonly<Record<(typeof LABELS)[number], string>>;

/** Registers the counters. */
export function countPolicies(registry: Registry, options: PolicyCountersOptions): PolicyCounters {
  const registers = [registry];
  const told = createToldSeries();
  const packets = new Counter({
    name: "seam_policy_packets_total",
    registers: [],
    help: "Packets that were let through or denied at a pod's link, once for each policy that has a say; empty: none has.",
    labelNames: LABELS,
    collect() {
      for (const series of told.takeGone(options.store)) this.remove(series);
      for (const { series, count } of countsNow(options))
        if (told.takes(series)) this.inc(series, count);
        else untold.inc(count);
    },
  });
  registry.registerMetric(packets);
  for (const each of countHosts(options)) registry.registerMetric(each);
  const untold = new Counter({
    name: "seam_policy_packets_untold_total",
    help: `Packets that seam_policy_packets_total leaves out because it has ${MOST_SERIES} series.`,
    registers,
  });
  const missed = new Counter({
    name: "seam_policy_denials_missed_total",
    help: "Times that denied packets came faster than the agent read them for its log and Events.",
    registers,
  });
  return { missed: () => missed.inc() };
}

/** Points, interfaces and the policies about them are few, and no series goes. */
function countHosts({
  table,
  intent,
  log,
}: Pick<PolicyCountersOptions, "table" | "intent" | "log">): readonly Counter[] {
  const labelNames = ["interface", "point", "policy"] as const;
  const allowed = new Counter({
    labelNames,
    registers: [],
    name: "seam_policy_host_packets_allowed_total",
    help: "Packets that were let through at an interface of the node, by the point where they were, once for each policy with a rule about the other end; empty: none has. Interface *: those without a host endpoint of their own.",
  });
  const denied = new Counter({
    labelNames,
    registers: [],
    name: "seam_policy_host_packets_denied_total",
    help: "Packets that were denied at an interface of the node, by the point where they were, once for each policy about it; empty: there is none.",
    collect() {
      const taken = table.takeHostCounts(intent.state().hosts);
      if (!taken.ok)
        log.warn({ error: taken.error }, "the kernel did not tell what host endpoints counted");
      for (const count of taken.ok ? taken.value : [])
        for (const policy of hostPoliciesWith(count, intent))
          (count.verdict === "denied" ? this : allowed).inc(
            { interface: count.interface, point: count.point, policy },
            count.packets,
          );
    },
  });
  return [denied, allowed];
}

/** The policies that have a say; where none has, none is one as well. */
function hostPoliciesWith(
  count: HostCount,
  intent: PolicyCountersOptions["intent"],
): readonly string[] {
  const found =
    count.verdict === "denied"
      ? (intent.policiesAt(count.interface, count.point) ?? [])
      : intent.policiesAtFor(count.interface, count.point, count.peers);
  return found.length === 0 ? [""] : found;
}

type ToldSeries = {
  /** Whether there is room for it, or it is told already. */
  readonly takes: (series: Series) => boolean;
  /** Those of pods without an interface, which are told no longer. */
  readonly takeGone: (store: Pick<Store, "attachments">) => readonly Series[];
};

function createToldSeries(): ToldSeries {
  const told = new Map<string, Series>();
  return {
    takes: (series) => {
      const key = JSON.stringify(series);
      if (!told.has(key) && told.size >= MOST_SERIES) return false;
      told.set(key, series);
      return true;
    },
    takeGone: (store) => {
      const pods = new Set(store.attachments().map(({ pod }) => pod));
      const gone = [...told].filter(([, { namespace, pod }]) => !pods.has(`${namespace}/${pod}`));
      for (const [key] of gone) told.delete(key);
      return gone.map(([, series]) => series);
    },
  };
}

type Count = { readonly series: Series; readonly count: number };

/** What is new; of links that are no pod's nothing is told. */
function countsNow({ table, intent, store, log }: PolicyCountersOptions): readonly Count[] {
  const taken = table.takeCounts(intent.state().gates);
  if (!taken.ok) {
    log.warn({ error: taken.error }, "the kernel did not tell what policies counted");
    return [];
  }
  const pods = new Map(store.attachments().map(({ device, pod }) => [device, pod]));
  return taken.value.flatMap((each) => {
    const key = pods.get(each.device) ?? "";
    if (key === "") return [];
    const [namespace = "", pod = ""] = key.split("/");
    const { side, verdict } = each;
    const direction = directionOf(side);
    return policiesWith(each, intent).map((policy) => ({
      series: { direction, verdict, namespace, pod, policy: shortName(policy, namespace) },
      count: each.packets,
    }));
  });
}

/** The policies that have a say; where none has, none is one as well. */
function policiesWith(
  count: PolicyCount,
  intent: PolicyCountersOptions["intent"],
): readonly string[] {
  const { device, side } = count;
  const found =
    count.verdict === "denied"
      ? (intent.policiesOf(device, side) ?? [])
      : count.peers === null
        ? []
        : intent.policiesFor(device, side, count.peers);
  return found.length === 0 ? [""] : found;
}

/** A policy as it is called in the namespace of the pod that it selects. */
export const shortName = (policy: string, namespace: string): string =>
  policy.startsWith(`${namespace}/`) ? policy.slice(namespace.length + 1) : policy;
