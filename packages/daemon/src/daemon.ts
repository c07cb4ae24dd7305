/**
 * The frame of a long-running program (architecture section 6): one JSON log line per event on standard output, `/healthz`,
 * `/readyz` and `/metrics` over HTTP, and a signal that SIGTERM and SIGINT abort.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { err, type Result } from "@seam/base";
import { pino, stdTimeFunctions } from "pino";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";

import { type ApiCounts, createApiCounts } from "./api-counts.ts";
import { SEAM_VERSION } from "./version.ts";

/** Writes one line: fields, then a constant message. */
export type Log = {
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
  readonly error: (fields: object, message: string) => void;
};

/** From which level on lines are written. */
export const LOG_LEVELS = ["info", "warn", "error"] as const;

/** A level of log lines. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The level that `text` names, or null. */
export const logLevelOf = (text: string): LogLevel | null =>
  LOG_LEVELS.find((each) => each === text) ?? null;

/** How a program presents itself. */
export type DaemonOptions = {
  /** Name of the program, on every log line. */
  readonly name: string;
  /** TCP port of the HTTP endpoints; 0 lets the kernel choose. */
  readonly port: number;
  /** Address to listen on; all addresses when absent. */
  readonly host?: string;
  /** `info` when absent. */
  readonly logLevel?: LogLevel;
  /** Empty when ready; otherwise what is still missing, one sentence each. */
  readonly missing: () => readonly string[];
  /** Asked at `/pairz`: whether another process, which cannot live without this one, is alive. Nobody is paired when absent. */
  readonly pair?: () => Promise<Result<void, string>>;
};

/** A running frame; dispose of it last. */
export type Daemon = AsyncDisposable & {
  readonly log: Log;
  readonly metrics: Registry;
  readonly counts: ApiCounts;
  /** Port of the HTTP endpoints. */
  readonly port: number;
  /** Aborted when the program shall end. */
  readonly signal: AbortSignal;
};

/** Starts the frame; throws when the port cannot be opened. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const log = openLog(options);
  const metrics = createMetrics(options);
  const server = createServer((request, response) => {
    void answer({ request, response }, options, metrics);
  });
  server.listen(options.port, ...(options.host === undefined ? [] : [options.host]));
  await once(server, "listening");
  return {
    log,
    metrics,
    counts: createApiCounts(metrics, log),
    port: portOf(server),
    signal: untilTold(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The time in RFC 3339 and the level as a word, as people and log collectors read them. */
const openLog = ({ name, logLevel }: DaemonOptions): Log =>
  pino({
    name,
    base: { pid: process.pid },
    level: logLevel ?? "info",
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  });

/** Memory, processor time, event loop and garbage collection of the process, and which version it is of. */
function createMetrics({ name }: DaemonOptions): Registry {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  // Gauges with names of counters, which Prometheus' judge refuses; nodejs_active_handles and the like remain.
  for (const what of ["handles", "requests", "resources"])
    metrics.removeSingleMetric(`nodejs_active_${what}_total`);
  const build = new Gauge({
    name: "seam_build_info",
    help: "Always 1; the labels tell which program of which version runs.",
    labelNames: ["program", "version"],
    registers: [metrics],
  });
  build.set({ program: name, version: SEAM_VERSION }, 1);
  return metrics;
}

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse };

async function answer(
  { request, response }: Exchange,
  options: DaemonOptions,
  metrics: Registry,
): Promise<void> {
  switch ((request.url ?? "/").replace(/\?.*$/, "")) {
    case "/healthz":
      return end(response, 200, "ok");
    case "/readyz": {
      const missing = options.missing();
      return missing.length === 0
        ? end(response, 200, "ok")
        : end(response, 503, missing.join("\n"));
    }
    case "/pairz": {
      const alive = (await options.pair?.()) ?? err("this program has no pair");
      return alive.ok ? end(response, 200, "ok") : end(response, 503, alive.error);
    }
    case "/metrics":
      response.setHeader("content-type", metrics.contentType);
      return end(response, 200, await metrics.metrics());
    default:
      return end(response, 404, "expected /healthz, /readyz or /metrics");
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.end(text);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function untilTold(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
  return stop.signal;
}
