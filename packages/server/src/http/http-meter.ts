/** Metrics and log lines of requests; neither holds a secret, a body or a query. */
import type { Log } from "@seam/daemon";
import { Histogram, type Registry } from "prom-client";

/** A request whose answer was sent. */
export type Answered = {
  readonly requestId: string;
  readonly method: string;
  /** As it was declared, such as `/api/v1/projects/:project`. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
  /** Who asked; null when that is not known. */
  readonly user: string | null;
  readonly ip: string;
};

/** Measures and logs requests. */
export function createMeter(registry: Registry, log: Log): (answered: Answered) => void {
  const seconds = new Histogram({
    name: "seam_http_request_duration_seconds",
    help: "Time from a request to its whole answer, by route, method and status; a watcher's is how long it watched.",
    labelNames: ["route", "method", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers: [registry],
  });
  return (answered) => {
    const { route, method, status, ms } = answered;
    seconds.observe({ route, method, status }, ms / 1000);
    log.info(answered, "answered");
  };
}
