/** Metrics of reconciling: how many passes, how they ended, how long they took. */
import type { NodeAccount } from "@seam/bandwidth";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Measures passes. */
export type Meter = {
  /** Starts the clock of a pass over an object of `kind`; call the answer with how it ended. */
  readonly start: (kind: string) => (result: "done" | "failed") => void;
  /** Whether this process is the one that works. */
  readonly setLeading: (leading: boolean) => void;
  /** What of a node's bandwidth is used and left; null takes the node out. */
  readonly setBandwidth: (node: string, account: NodeAccount | null) => void;
};

/** A meter that writes to `registry`. */
export function createMeter(registry: Registry): Meter {
  const passes = new Counter({
    name: "seam_controller_passes_total",
    help: "Passes over one object, by its kind and how they ended.",
    labelNames: ["kind", "result"],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "seam_controller_pass_duration_seconds",
    help: "Duration of passes over one object, by its kind.",
    labelNames: ["kind"],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  const success = new Gauge({
    name: "seam_controller_last_success_timestamp_seconds",
    help: "When a pass last ended well, in seconds since 1970; 0 when none did.",
    registers: [registry],
  });
  const leading = new Gauge({
    name: "seam_controller_leading",
    help: "1 in the process that holds the lease, 0 in those that stand by.",
    registers: [registry],
  });
  return {
    setBandwidth: bandwidthGauges(registry),
    setLeading: (is) => leading.set(is ? 1 : 0),
    start: (kind) => {
      const stop = seconds.startTimer({ kind });
      return (result) => {
        stop();
        passes.inc({ kind, result });
        if (result === "done") success.setToCurrentTime();
      };
    },
  };
}

/** Two gauges with the same labels. */
function bandwidthGauges(registry: Registry): Meter["setBandwidth"] {
  const labelNames = ["node", "resource", "direction"];
  const registers = [registry];
  const used = new Gauge({
    name: "seam_bandwidth_used_mbps",
    help: "Mbit/s that pods have of a node, of what is within it (local) and through its card (network), out of pods (ul) and into them (dl).",
    labelNames,
    registers,
  });
  const remaining = new Gauge({
    name: "seam_bandwidth_remaining_mbps",
    help: "Mbit/s that pods can still get of a node, by the same labels.",
    labelNames,
    registers,
  });
  return (node, account) => {
    for (const resource of ["local", "network"] as const)
      for (const direction of ["ul", "dl"] as const) {
        const labels = { node, resource, direction };
        if (account === null) {
          used.remove(labels);
          remaining.remove(labels);
        } else {
          used.set(labels, account.used[resource][`${direction}Mbps`]);
          remaining.set(labels, account.remaining[resource][`${direction}Mbps`]);
        }
      }
  };
}
