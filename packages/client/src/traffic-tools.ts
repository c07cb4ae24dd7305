/** The command lines of the measuring tools in a pod's image, and what they print. Pure. */
import { err, mbps, ok, type Mbps, type Result } from "@seam/base";
import { isJson } from "@seam/kube";
import { numberOf, textOf } from "./fields.ts";

/** Round-trip times in microseconds. */
export type Latency = { readonly p50Us: number; readonly p99Us: number };

/** What a TCP stream reached. */
export type Throughput = { readonly rate: Mbps; readonly retransmits: number };

/** The image that has all tools. */
export const TRAFFIC_IMAGE = "localhost/seam/traffic:dev";

/** A tool: how its two ends are started and what its client's output means. */
export type Tool<T> = {
  readonly server: (port: number) => readonly string[];
  readonly client: (address: string, port: number, seconds: number) => readonly string[];
  readonly read: (output: string) => Result<T, string>;
};

/** Round trips of one byte over TCP. */
export const roundTrips: Tool<Latency> = {
  server: (port) => ["rr", "serve", String(port)],
  client: (address, port, seconds) => [
    "rr",
    "ask",
    address,
    String(port),
    "--seconds",
    String(seconds),
  ],
  read: readRoundTrips,
};

/** One TCP stream. */
export const stream: Tool<Throughput> = {
  server: (port) => ["iperf3", "-s", "-1", "-p", String(port)],
  client: (address, port, seconds) => [
    "iperf3",
    "-c",
    address,
    "-p",
    String(port),
    "-t",
    String(seconds),
    "-J",
    "--connect-timeout",
    "3000",
    ...(address.includes(":") ? ["-6"] : []),
  ],
  read: readStream,
};

// The server is a child of the shell, which ends it when its own standard input is closed: also when the caller dies.
const SERVE = `command -v "$1" >/dev/null || { echo "$1: not found" >&2; exit 127; }
"$@" & server=$!; read -r _; kill "$server" 2>/dev/null; wait "$server"`;

/** The command that serves until its standard input is closed. */
export const servedBy = (server: readonly string[]): readonly string[] => [
  "sh",
  "-c",
  SERVE,
  "serve",
  ...server,
];

function readRoundTrips(output: string): Result<Latency, string> {
  const value = parseJson(output);
  const p50Us = numberOf(value, "p50_us");
  const p99Us = numberOf(value, "p99_us");
  return p50Us === undefined || p99Us === undefined
    ? err(`rr printed no round-trip times: ${clip(output)}`)
    : ok({ p50Us, p99Us });
}

function readStream(output: string): Result<Throughput, string> {
  const value = parseJson(output);
  const failure = textOf(value, "error");
  if (failure !== undefined) return err(failure.replace(/^error - /, ""));
  const bits = numberOf(value, "end", "sum_received", "bits_per_second");
  return bits === undefined
    ? err(`iperf3 printed no result: ${clip(output)}`)
    : ok({
        rate: mbps(bits / 1e6),
        retransmits: numberOf(value, "end", "sum_sent", "retransmits") ?? 0,
      });
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const clip = (text: string): string => {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line === "" ? "nothing" : line.slice(0, 120);
};

/** Whether a client may try again because the server was not listening yet. */
export const isTooEarly = (reason: string): boolean => /refused/i.test(reason);

/** Why a tool could not be used, as a reason for a person. */
export function toolReason(said: string, pod: string): string {
  const missing = /\b(sh|rr|iperf3)"?: (?:executable file )?(?:not found|no such file)/i.exec(
    said,
  )?.[1];
  return missing === undefined
    ? clip(said)
    : `the image of pod ${pod} has no ${missing}; use an image with sh, rr and iperf3, such as ${TRAFFIC_IMAGE}`;
}
