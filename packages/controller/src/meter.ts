/** Metrics of reconciling: how many passes, how they ended, how long they took. */
import { Counter, Histogram, type Registry } from "prom-client";

/** Measures passes. */
export type Meter = {
  /** Starts the clock of a pass over an object of `kind`; call the answer with how it ended. */
  readonly start: (kind: string) => (result: "done" | "failed") => void;
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
    name: "seam_controller_pass_seconds",
    help: "Duration of passes over one object, by its kind.",
    labelNames: ["kind"],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  return {
    start: (kind) => {
      const stop = seconds.startTimer({ kind });
      return (result) => {
        stop();
        passes.inc({ kind, result });
      };
    },
  };
}
