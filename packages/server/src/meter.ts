/** Metrics and log lines of calls. */
import type { Log } from "@seam/daemon";
import type { Listener } from "@seam/wire";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Measures and logs calls; those for health and reflection are only measured. */
export function createMeter(registry: Registry, log: Log): Listener {
  const registers = [registry];
  const calls = new Counter({
    name: "seam_grpc_calls_total",
    help: "gRPC calls that ended, by method and status code.",
    labelNames: ["method", "code"],
    registers,
  });
  const seconds = new Histogram({
    name: "seam_grpc_call_duration_seconds",
    help: "Time that a gRPC call took, by method; a watch takes until it ends.",
    labelNames: ["method"],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10],
    registers,
  });
  const open = new Gauge({
    name: "seam_grpc_open_calls",
    help: "gRPC calls that have not ended, by method.",
    labelNames: ["method"],
    registers,
  });
  return {
    onStart: (path) => open.inc({ method: nameOf(path) }),
    onEnd: ({ method: path, code, ms }) => {
      const method = nameOf(path);
      open.dec({ method });
      calls.inc({ method, code });
      seconds.observe({ method }, ms / 1000);
      if (path.startsWith("/seam.")) log.info({ method, code, ms: Math.round(ms) }, "call ended");
    },
    onThrown: (path, error) => log.error({ method: nameOf(path), error }, "a call threw"),
  };
}

const nameOf = (path: string): string => path.slice(1);
