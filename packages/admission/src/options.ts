/** The flags and environment of admission; a flag wins over its variable. */
import type { parseArgs } from "node:util";
import {
  CEILING_KEYS,
  familiesWith,
  OVN_KEYS,
  RATE_READINGS,
  type RateOptions,
} from "@seam/bandwidth";
import { ok, type Result } from "@seam/base";
import {
  logLevelFlag,
  type LogLevel,
  portFlag,
  readFlags,
  readVariables,
  wordFlag,
} from "@seam/daemon";

/** How admission is started. */
export type Options = {
  /** Port of /healthz, /readyz and /metrics. */
  readonly port: number;
  /** Port on which the API server asks. */
  readonly httpsPort: number;
  /** Kubeconfig; absent: `KUBECONFIG`, else the pod's service account, else ~/.kube/config. */
  readonly kubeconfig: string | null;
  /** Namespace of the lease and of the Service by which the API server calls. */
  readonly namespace: string;
  /** Name of this process in the lease. */
  readonly identity: string;
  /** The scheduler of new pods with a rate; null: Kubernetes' own. */
  readonly scheduler: string | null;
  /** How annotations name rates. */
  readonly reading: Required<RateOptions>;
  readonly logLevel: LogLevel;
};

/** What the process was started with and in. */
export type Surroundings = {
  readonly argv: readonly string[];
  readonly env: { readonly [name: string]: string | undefined };
  readonly hostname: string;
  readonly pid: number;
};

/** The text of `--help`. */
export const USAGE = `seam admission: judges pods of projects by their bandwidth, for the API server

  --https-port PORT               port on which the API server asks; 9840
  --port PORT                     port of /healthz, /readyz and /metrics; 9841 (SEAM_PORT)
  --egress-bandwidth-annotation KEY   read first, besides those of Kubernetes and kube-ovn; ovn.kubernetes.io/egress_rate
  --ingress-bandwidth-annotation KEY  ovn.kubernetes.io/ingress_rate
  --units UNITS                   kubernetes, or vaclab: whole numbers are Mbit/s in every annotation; kubernetes
  --egress-ceiling-annotation KEY     how far pods may go beyond their rates; seam.ucsd.edu/egress-ceiling
  --ingress-ceiling-annotation KEY    seam.ucsd.edu/ingress-ceiling
  --scheduler-name NAME           the scheduler of new pods with a rate, unless they chose one; Kubernetes' own when absent
  --kubeconfig FILE               cluster to work on; the pod's service account when absent (KUBECONFIG)
  --namespace NAME                namespace of the lease and of the Service seam-admission; seam-system (POD_NAMESPACE)
  --identity NAME                 name of this process in the lease; host name and process id (POD_NAME)
  --log-level LEVEL               info, warn or error: the least that is logged; info (SEAM_LOG_LEVEL)
  --help                          print this
`;

/** Reads flags and environment; `help` when that was asked for. */
export function readOptions(from: Surroundings): Result<Options | "help", string> {
  const flags = readFlags(from.argv, FLAGS);
  if (!flags.ok) return flags;
  return flags.value.help === true ? ok("help") : complete(flags.value, from);
}

function complete(flags: Flags, from: Surroundings): Result<Options, string> {
  const variables: Flags = readVariables(VARIABLES, from.env);
  const said = { ...DEFAULTS, ...variables, ...flags };
  const port = portFlag("--port", said.port);
  if (!port.ok) return port;
  const httpsPort = portFlag("--https-port", said["https-port"]);
  if (!httpsPort.ok) return httpsPort;
  const logLevel = logLevelFlag(said["log-level"]);
  if (!logLevel.ok) return logLevel;
  const units = wordFlag("--units", said.units, RATE_READINGS);
  if (!units.ok) return units;
  const families = familiesWith({
    egress: said["egress-bandwidth-annotation"],
    ingress: said["ingress-bandwidth-annotation"],
  });
  const ceilings = {
    egress: said["egress-ceiling-annotation"],
    ingress: said["ingress-ceiling-annotation"],
  };
  return ok({
    port: port.value,
    httpsPort: httpsPort.value,
    kubeconfig: said.kubeconfig ?? null,
    namespace: said.namespace,
    identity: said.identity ?? `${from.hostname}-${from.pid}`,
    scheduler: said["scheduler-name"] ?? null,
    reading: { families, ceilings, units: units.value },
    logLevel: logLevel.value,
  });
}

const DEFAULTS = {
  port: "9841",
  "https-port": "9840",
  "log-level": "info",
  namespace: "seam-system",
  "egress-bandwidth-annotation": OVN_KEYS.egress,
  "ingress-bandwidth-annotation": OVN_KEYS.ingress,
  units: "kubernetes",
  "egress-ceiling-annotation": CEILING_KEYS.egress,
  "ingress-ceiling-annotation": CEILING_KEYS.ingress,
};

const VARIABLES = {
  SEAM_PORT: "port",
  SEAM_LOG_LEVEL: "log-level",
  POD_NAMESPACE: "namespace",
  POD_NAME: "identity",
} as const;

const FLAGS = {
  "https-port": { type: "string" },
  port: { type: "string" },
  "egress-bandwidth-annotation": { type: "string" },
  "ingress-bandwidth-annotation": { type: "string" },
  units: { type: "string" },
  "egress-ceiling-annotation": { type: "string" },
  "ingress-ceiling-annotation": { type: "string" },
  "scheduler-name": { type: "string" },
  kubeconfig: { type: "string" },
  namespace: { type: "string" },
  identity: { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean" },
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>["values"];
