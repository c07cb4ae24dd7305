/** What every long-running program of Seam shares: structured logs, health, readiness and metrics over HTTP, an orderly stop. */
export { type Daemon, type DaemonOptions, type Log, startDaemon } from "./daemon.ts";
