/** Metrics and log lines of requests; neither holds a secret, a body or a query. */
import type { Log } from "@seam/daemon";
import { Histogram, type Registry } from "prom-client";
import type { App } from "./bare-app.ts";

/** Measures and logs each request when its answer is sent. */
export function measure(app: App, registry: Registry, log: Log): void {
  const seconds = new Histogram({
    name: "seam_api_request_duration_seconds",
    help: "Time from a request to its whole answer, by route, method and status; a watcher's is how long it watched.",
    labelNames: ["route", "method", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers: [registry],
  });
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "unknown";
    const { method, id, ip } = request;
    const status = reply.statusCode;
    seconds.observe({ route, method, status }, reply.elapsedTime / 1000);
    const user = request.principal?.person.user ?? null;
    const ms = Math.round(reply.elapsedTime);
    log.info({ requestId: id, method, route, status, ms, user, ip }, "answered");
  });
}
