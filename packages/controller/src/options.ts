/** The controller's flags and environment; a flag wins over its variable. */
import type { parseArgs } from "node:util";
import { ok, type Result } from "@seam/base";
import { logLevelFlag, type LogLevel, portFlag, readFlags } from "@seam/daemon";
import { BANDWIDTH_FLAGS, BANDWIDTH_USAGE, bandwidthSettings } from "./bandwidth-options.ts";
import type { BandwidthSettings } from "./bandwidth-watches.ts";

/** How the controller is started. */
export type Options = {
  /** Port of /healthz, /readyz and /metrics. */
  readonly port: number;
  /** Kubeconfig; absent: `KUBECONFIG`, else the pod's service account, else ~/.kube/config. */
  readonly kubeconfig: string | null;
  /** Namespace of the lease by which controllers elect a leader. */
  readonly namespace: string;
  /** Name of this process in the lease. */
  readonly identity: string;
  readonly logLevel: LogLevel;
  readonly bandwidth: BandwidthSettings;
};

/** What the process was started with and in. */
export type Surroundings = {
  readonly argv: readonly string[];
  readonly env: { readonly [name: string]: string | undefined };
  readonly hostname: string;
  readonly pid: number;
};

/** The text of `--help`. */
export const USAGE = `seam controller: makes objects of objects, once per cluster

  --port PORT          port of /healthz, /readyz and /metrics; 9810 (SEAM_PORT)
  --kubeconfig FILE    cluster to work on; the pod's service account when absent (KUBECONFIG)
  --namespace NAME     namespace of the leader election's lease; seam-system (POD_NAMESPACE)
  --identity NAME      name of this process in the lease; host name and process id (POD_NAME)
  --log-level LEVEL    info, warn or error: the least that is logged; info (SEAM_LOG_LEVEL)
  --help               print this
${BANDWIDTH_USAGE}`;

/** Reads flags and environment; `help` when that was asked for. */
export function readOptions(from: Surroundings): Result<Options | "help", string> {
  const flags = readFlags(from.argv, FLAGS);
  if (!flags.ok) return flags;
  if (flags.value.help === true) return ok("help");
  return complete(flags.value, from);
}

function complete(flags: Flags, from: Surroundings): Result<Options, string> {
  const { SEAM_PORT, SEAM_LOG_LEVEL } = from.env;
  const port = portFlag("--port", flags.port ?? SEAM_PORT ?? "9810");
  if (!port.ok) return port;
  const logLevel = logLevelFlag(flags["log-level"] ?? SEAM_LOG_LEVEL ?? "info");
  if (!logLevel.ok) return logLevel;
  const bandwidth = bandwidthSettings(flags);
  if (!bandwidth.ok) return bandwidth;
  const place = placeOf(flags, from);
  return ok({ port: port.value, ...place, logLevel: logLevel.value, bandwidth: bandwidth.value });
}

function placeOf(
  flags: Flags,
  { env, hostname, pid }: Surroundings,
): Pick<Options, "kubeconfig" | "namespace" | "identity"> {
  return {
    kubeconfig: flags.kubeconfig ?? null,
    namespace: flags.namespace ?? env["POD_NAMESPACE"] ?? "seam-system",
    identity: flags.identity ?? env["POD_NAME"] ?? `${hostname}-${pid}`,
  };
}

const FLAGS = {
  port: { type: "string" },
  kubeconfig: { type: "string" },
  namespace: { type: "string" },
  identity: { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean" },
  ...BANDWIDTH_FLAGS,
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>["values"];
