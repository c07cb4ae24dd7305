/** What every program of Seam counts of its dealings with the API server. */
import { Counter, type Registry } from "prom-client";

/** Counters of watches and Events. */
export type ApiCounts = {
  /** A watch, or the list before it, failed and is made anew. */
  readonly watchBroke: (kind: string) => void;
  readonly eventWritten: () => void;
  /** An Event was given up: `overflow` or `refused`. */
  readonly eventLost: (cause: string) => void;
};

/** Registers the counters. */
export function createApiCounts(registry: Registry): ApiCounts {
  const registers = [registry];
  const watches = new Counter({
    name: "seam_watch_restarts_total",
    help: "Watches of the API server that failed and were made anew, by kind of object.",
    labelNames: ["kind"],
    registers,
  });
  const written = new Counter({
    name: "seam_events_written_total",
    help: "Kubernetes Events written, repetitions of one counted once a write.",
    registers,
  });
  const lost = new Counter({
    name: "seam_events_lost_total",
    help: "News that was given up: too much was waiting (overflow), or the API server refused it.",
    labelNames: ["cause"],
    registers,
  });
  return {
    watchBroke: (kind) => watches.inc({ kind }),
    eventWritten: () => written.inc(),
    eventLost: (cause) => lost.inc({ cause }),
  };
}
