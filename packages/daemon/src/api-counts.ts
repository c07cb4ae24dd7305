/** What every program of Seam counts of its dealings with the API server. */
import { Counter, type Registry } from "prom-client";

/** Counters of requests, watches and Events. */
export type ApiCounts = {
  /** A request is sent. */
  readonly requested: (method: string, resource: string) => void;
  /** A watch, or the list before it, failed and is made anew. */
  readonly watchBroke: (kind: string) => void;
  /** What a recorder of Events calls. */
  readonly events: {
    readonly onWritten: () => void;
    /** An Event was given up, `overflow` or `refused`; `why` is the API server's word, or null. */
    readonly onLost: (cause: string, why: unknown) => void;
  };
};

/** Registers the counters; a refusal is also logged. */
export function createApiCounts(
  registry: Registry,
  log: { readonly warn: (fields: object, message: string) => void },
): ApiCounts {
  const registers = [registry];
  const requests = new Counter({
    name: "seam_api_requests_total",
    help: "Requests sent to the API server, by HTTP method and resource; a watch is one.",
    labelNames: ["method", "resource"],
    registers,
  });
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
    requested: (method, resource) => requests.inc({ method, resource }),
    watchBroke: (kind) => watches.inc({ kind }),
    events: {
      onWritten: () => written.inc(),
      onLost: (cause, why) => {
        lost.inc({ cause });
        if (why !== null) log.warn({ error: why }, "an Event was refused");
      },
    },
  };
}
