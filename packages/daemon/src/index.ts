/** What every long-running program of Seam shares: structured logs, health, readiness and metrics over HTTP, an orderly stop. */
export type { ApiCounts } from "./api-counts.ts";
export {
  type Daemon,
  type DaemonOptions,
  type Log,
  LOG_LEVELS,
  type LogLevel,
  logLevelOf,
  startDaemon,
} from "./daemon.ts";
export { logLevelFlag, portFlag, readFlags, readVariables, wordFlag } from "./flags.ts";
