/** The server's flags and environment; a flag wins over its variable. */
import type { parseArgs } from "node:util";
import { err, ok, type Result } from "@seam/base";
import { logLevelFlag, type LogLevel, portFlag, readFlags, readVariables } from "@seam/daemon";
import type { CertificateFiles } from "@seam/wire";

/** How the server is started. */
export type Options = {
  /** Port of /healthz, /readyz and /metrics. */
  readonly port: number;
  /** Port of gRPC. */
  readonly grpcPort: number;
  /** Unix socket of gRPC, in place of the port. */
  readonly socket: string | null;
  readonly certificate: CertificateFiles | null;
  /** Kubeconfig; absent: `KUBECONFIG`, else the pod's cluster, else ~/.kube/config. */
  readonly kubeconfig: string | null;
  readonly logLevel: LogLevel;
};

/** The text of `--help`. */
export const USAGE = `seam server: gRPC in front of the cluster's objects, each call in the name of its caller

  --grpc-port PORT     port of gRPC; 9820 (SEAM_GRPC_PORT)
  --tls-cert FILE      certificate in PEM form, followed when replaced; without one gRPC is on loopback only (SEAM_TLS_CERT)
  --tls-key FILE       its key (SEAM_TLS_KEY)
  --socket PATH        a unix socket of mode 0600 instead of the port, without TLS (SEAM_SOCKET)
  --port PORT          port of /healthz, /readyz and /metrics; 9821 (SEAM_PORT)
  --kubeconfig FILE    cluster to work on, without the identity in it; the pod's cluster when absent (KUBECONFIG)
  --log-level LEVEL    info, warn or error: the least that is logged; info (SEAM_LOG_LEVEL)
  --help               print this
`;

type Environment = { readonly [name: string]: string | undefined };

/** Reads flags and environment; `help` when that was asked for. */
export function readOptions(
  argv: readonly string[],
  env: Environment,
): Result<Options | "help", string> {
  const flags = readFlags(argv, FLAGS);
  if (!flags.ok) return flags;
  return flags.value.help === true ? ok("help") : complete(flags.value, env);
}

function complete(flags: Flags, env: Environment): Result<Options, string> {
  const variables: Flags = readVariables(VARIABLES, env);
  const said = { ...DEFAULTS, ...variables, ...flags };
  const port = portFlag("--port", said.port);
  if (!port.ok) return port;
  const grpcPort = portFlag("--grpc-port", said["grpc-port"]);
  if (!grpcPort.ok) return grpcPort;
  const certificate = certificateOf(said);
  if (!certificate.ok) return certificate;
  const logLevel = logLevelFlag(said["log-level"]);
  if (!logLevel.ok) return logLevel;
  return ok({
    port: port.value,
    grpcPort: grpcPort.value,
    socket: said.socket ?? null,
    certificate: certificate.value,
    kubeconfig: said.kubeconfig ?? null,
    logLevel: logLevel.value,
  });
}

const DEFAULTS = { port: "9821", "grpc-port": "9820", "log-level": "info" };

const VARIABLES = {
  SEAM_PORT: "port",
  SEAM_GRPC_PORT: "grpc-port",
  SEAM_TLS_CERT: "tls-cert",
  SEAM_TLS_KEY: "tls-key",
  SEAM_SOCKET: "socket",
  SEAM_LOG_LEVEL: "log-level",
} as const;

function certificateOf(said: Flags): Result<CertificateFiles | null, string> {
  const { "tls-cert": cert, "tls-key": key } = said;
  if (cert === undefined && key === undefined) return ok(null);
  return cert === undefined || key === undefined
    ? err("--tls-cert, --tls-key: expected both, or none")
    : ok({ cert, key });
}

const FLAGS = {
  "grpc-port": { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  socket: { type: "string" },
  port: { type: "string" },
  kubeconfig: { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean" },
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>["values"];
