/** The extender's flags and environment; a flag wins over its variable. Names of options are those of vaclab's scheduler where it has them. */
import type { parseArgs } from "node:util";
import { familiesWith, type LedgerRules, RATE_READINGS, type Rates } from "@seam/bandwidth";
import { err, mbps, ok, type Result } from "@seam/base";
import { logLevelFlag, type LogLevel, readFlags, readVariables, wordFlag } from "@seam/daemon";

import type { TlsFiles } from "./http.ts";
import type { PodReading } from "./seen-pod.ts";

/** How the extender is started. */
export type Options = {
  /** Port of /healthz, /readyz and /metrics. */
  readonly port: number;
  /** Port of the extender. */
  readonly extenderPort: number;
  /** Port of the kube-scheduler on this host whose liveness is asked at /pairz. */
  readonly kubeSchedulerPort: number;
  readonly tls: TlsFiles | null;
  /** Kubeconfig; absent: `KUBECONFIG`, else the pod's service account, else ~/.kube/config. */
  readonly kubeconfig: string | null;
  /** Lease by which kube-schedulers elect the one that places pods; null: the one that asks elects nobody. */
  readonly lease: string | null;
  /** Namespace of the lease. */
  readonly namespace: string;
  /** Host name of the kube-scheduler that asks, as in the lease. */
  readonly host: string;
  readonly reading: PodReading;
  readonly rules: LedgerRules;
  /** How many of the nodes with the best score are left to kube-scheduler's own taste at most; 0: all nodes with room. */
  readonly candidates: number;
  readonly logLevel: LogLevel;
};

/** What the process was started with and in. */
export type Surroundings = {
  readonly argv: readonly string[];
  readonly env: { readonly [name: string]: string | undefined };
  readonly hostname: string;
};

/** The text of `--help`. */
export const USAGE = `seam scheduling: the extender of kube-scheduler that places pods by bandwidth

  --extender-port PORT  port of /filter, /prioritize, /preempt and /bind; 9830 (SEAM_EXTENDER_PORT)
  --tls-cert FILE       certificate in PEM form, followed when replaced; without one the port is on loopback only (SEAM_TLS_CERT)
  --tls-key FILE        its key (SEAM_TLS_KEY)
  --tls-client-ca FILE  authority of the certificates that callers must have (SEAM_TLS_CLIENT_CA)
  --port PORT           port of /healthz, /readyz, /pairz and /metrics; 9831 (SEAM_PORT)
  --kube-scheduler-port PORT  where kube-scheduler's /livez is asked, by /pairz; 10259
  --scheduler-name NAME pods of this scheduler have the default rates; vaclab-scheduler
  --egress-bandwidth-annotation KEY   read first, besides those of Kubernetes and kube-ovn; ovn.kubernetes.io/egress_rate
  --ingress-bandwidth-annotation KEY  ovn.kubernetes.io/ingress_rate
  --default-egress-mbps N   accounted for a pod that does not say; 20
  --default-ingress-mbps N  20
  --scoring MODE        fixed, or compatible: vaclab's filter, reservation and scores; fixed
  --candidates N        of the nodes with the best score, so many at most are left to kube-scheduler; 0: all nodes with room; 4
  --units UNITS         kubernetes, or vaclab: whole numbers are Mbit/s in every annotation; kubernetes
  --kubeconfig FILE     cluster to work on; the pod's service account when absent (KUBECONFIG)
  --lease NAME          lease of the kube-scheduler that asks: while that holds it, this process answers; none: always;
                        vaclab-scheduler
  --namespace NAME      namespace of the lease; seam-system (POD_NAMESPACE)
  --host NAME           host name of the kube-scheduler that asks, as in the lease; this host's, as of containers of one pod
  --log-level LEVEL     info, warn or error: the least that is logged; info (SEAM_LOG_LEVEL)
  --help                print this
`;

/** Reads flags and environment; `help` when that was asked for. */
export function readOptions(from: Surroundings): Result<Options | "help", string> {
  const flags = readFlags(from.argv, FLAGS);
  if (!flags.ok) return flags;
  if (flags.value.help === true) return ok("help");
  const variables: Flags = readVariables(VARIABLES, from.env);
  const said = { ...DEFAULTS, ...variables, ...flags.value };
  return firstError(said, from);
}

/** All options, or what is wrong with the first that is. */
function firstError(said: Said, from: Surroundings): Result<Options, string> {
  const listening = listeningOf(said);
  if (!listening.ok) return listening;
  const judging = judgingOf(said);
  if (!judging.ok) return judging;
  if (!/^[a-z0-9][a-z0-9.-]{0,252}$/.test(said.lease))
    return err(`--lease: expected the name of a Lease, or none; found "${said.lease}"`);
  const level = logLevelFlag(said["log-level"]);
  if (!level.ok) return level;
  const logLevel = level.value;
  return ok({ ...listening.value, ...placeOf(said, from), ...judging.value, logLevel });
}

type Listening = Pick<Options, "port" | "extenderPort" | "kubeSchedulerPort" | "tls">;

function listeningOf(said: Said): Result<Listening, string> {
  const port = numberOf("--port", said.port, 65_535);
  if (!port.ok) return port;
  const extenderPort = numberOf("--extender-port", said["extender-port"], 65_535);
  if (!extenderPort.ok) return extenderPort;
  const pair = numberOf("--kube-scheduler-port", said["kube-scheduler-port"], 65_535);
  if (!pair.ok) return pair;
  const tls = tlsOf(said);
  if (!tls.ok) return tls;
  return ok({
    port: port.value,
    extenderPort: extenderPort.value,
    kubeSchedulerPort: pair.value,
    tls: tls.value,
  });
}

const placeOf = (
  { kubeconfig, lease, namespace, host }: Said,
  { env, hostname }: Surroundings,
): Pick<Options, "kubeconfig" | "lease" | "namespace" | "host"> => ({
  kubeconfig: kubeconfig ?? null,
  lease: lease === "none" ? null : lease,
  namespace: namespace ?? env["POD_NAMESPACE"] ?? "seam-system",
  host: host ?? hostname,
});

/** How pods are read and judged. */
function judgingOf(said: Said): Result<Pick<Options, "reading" | "rules" | "candidates">, string> {
  const defaults = defaultsOf(said);
  if (!defaults.ok) return defaults;
  const rules = wordFlag<LedgerRules>("--scoring", said.scoring, ["fixed", "compatible"]);
  if (!rules.ok) return rules;
  const units = wordFlag("--units", said.units, RATE_READINGS);
  if (!units.ok) return units;
  const candidates = numberOf("--candidates", said.candidates, 100_000);
  if (!candidates.ok) return candidates;
  const families = familiesWith({
    egress: said["egress-bandwidth-annotation"],
    ingress: said["ingress-bandwidth-annotation"],
  });
  const schedulers = new Set([said["scheduler-name"]]);
  const reading = { families, units: units.value, schedulers, defaults: defaults.value };
  return ok({ reading, rules: rules.value, candidates: candidates.value });
}

function defaultsOf(said: Said): Result<Rates, string> {
  const most = 1_000_000_000;
  const egress = numberOf("--default-egress-mbps", said["default-egress-mbps"], most);
  if (!egress.ok) return egress;
  const ingress = numberOf("--default-ingress-mbps", said["default-ingress-mbps"], most);
  if (!ingress.ok) return ingress;
  return ok({ ulMbps: mbps(egress.value), dlMbps: mbps(ingress.value) });
}

function numberOf(flag: string, text: string, most: number): Result<number, string> {
  return /^[0-9]{1,10}$/.test(text) && Number(text) <= most
    ? ok(Number(text))
    : err(`${flag}: expected a number from 0 to ${most}, for example 20; found ${text}`);
}

function tlsOf(said: Said): Result<TlsFiles | null, string> {
  const { "tls-cert": cert, "tls-key": key, "tls-client-ca": clientCa } = said;
  if (cert === undefined && key === undefined && clientCa === undefined) return ok(null);
  return cert === undefined || key === undefined
    ? err("--tls-cert, --tls-key: expected both, or none; --tls-client-ca needs them")
    : ok({ cert, key, clientCa: clientCa ?? null });
}

const DEFAULTS = {
  port: "9831",
  "extender-port": "9830",
  "kube-scheduler-port": "10259",
  "scheduler-name": "vaclab-scheduler",
  "egress-bandwidth-annotation": "ovn.kubernetes.io/egress_rate",
  "ingress-bandwidth-annotation": "ovn.kubernetes.io/ingress_rate",
  "default-egress-mbps": "20",
  "default-ingress-mbps": "20",
  scoring: "fixed",
  candidates: "4",
  units: "kubernetes",
  lease: "vaclab-scheduler",
  "log-level": "info",
};

const VARIABLES = {
  SEAM_PORT: "port",
  SEAM_EXTENDER_PORT: "extender-port",
  SEAM_TLS_CERT: "tls-cert",
  SEAM_TLS_KEY: "tls-key",
  SEAM_TLS_CLIENT_CA: "tls-client-ca",
  SEAM_LOG_LEVEL: "log-level",
} as const;

const FLAGS = {
  port: { type: "string" },
  "extender-port": { type: "string" },
  "kube-scheduler-port": { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  "tls-client-ca": { type: "string" },
  "scheduler-name": { type: "string" },
  "egress-bandwidth-annotation": { type: "string" },
  "ingress-bandwidth-annotation": { type: "string" },
  "default-egress-mbps": { type: "string" },
  "default-ingress-mbps": { type: "string" },
  scoring: { type: "string" },
  candidates: { type: "string" },
  units: { type: "string" },
  kubeconfig: { type: "string" },
  lease: { type: "string" },
  namespace: { type: "string" },
  host: { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean" },
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>["values"];
type Said = typeof DEFAULTS & Flags;
