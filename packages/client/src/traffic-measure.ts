/** Measures between two pods: a one-off server in the one, a client in the other, both by exec; nothing stays behind. */
import { setTimeout as sleep } from "node:timers/promises";
import { err, millis, type Millis, type Result } from "@seam/base";
import type { Executed, KubeClient, KubeError } from "@seam/kube";
import type { Endpoint } from "./traffic-routes.ts";
import {
  isTooEarly,
  type Latency,
  roundTrips,
  servedBy,
  stream,
  type Throughput,
  type Tool,
  toolReason,
} from "./traffic-tools.ts";

/** What was measured between two pods, or why not. */
export type Measurement = {
  readonly latency: Result<Latency, string>;
  readonly throughput: Result<Throughput, string>;
};

/** Who measures, for how long, and a way to stop. */
export type Meter = {
  readonly kube: KubeClient;
  readonly seconds: number;
  readonly signal: AbortSignal;
};

/** The two ends of a measurement. */
export type Ends = { readonly from: Endpoint; readonly to: Endpoint };

const SLACK = millis(15_000);
const TRIES = 40;

/** Round trips, then one TCP stream. */
export async function measure(meter: Meter, ends: Ends): Promise<Measurement> {
  const latency = await useTool(meter, ends, roundTrips);
  return { latency, throughput: await useTool(meter, ends, stream) };
}

async function useTool<T>(meter: Meter, ends: Ends, tool: Tool<T>): Promise<Result<T, string>> {
  const port = 40_000 + Math.floor(Math.random() * 20_000);
  const stop = new AbortController();
  const signal = AbortSignal.any([meter.signal, stop.signal]);
  const serving = meter.kube.exec(podOf(ends.to), servedBy(tool.server(port)), {
    openStdin: true,
    timeout: millis(limit(meter) * 2),
    signal,
  });
  const argv = tool.client(ends.to.address, port, meter.seconds);
  try {
    return await Promise.race([
      askUntilHeard({ ...meter, signal }, ends.from, { argv, tool }),
      serving.then((ended) => err(whyServerEnded(ended, ends.to))),
    ]);
  } finally {
    stop.abort();
    await serving;
  }
}

const podOf = (end: Endpoint): { namespace: string; pod: string } => ({
  namespace: end.namespace,
  pod: end.pod,
});

const limit = (meter: Meter): Millis => millis(meter.seconds * 1000 + SLACK);

type Ask<T> = { readonly argv: readonly string[]; readonly tool: Tool<T> };

/** Asks again while the server is not listening yet. */
async function askUntilHeard<T>(
  meter: Meter,
  from: Endpoint,
  ask: Ask<T>,
): Promise<Result<T, string>> {
  let last: Result<T, string> = err("the measurement was ended before it began");
  for (let tries = 0; tries < TRIES && !meter.signal.aborted; tries += 1) {
    last = await askOnce(meter, from, ask);
    if (last.ok || !isTooEarly(last.error)) return last;
    await sleep(100);
  }
  return last;
}

async function askOnce<T>(meter: Meter, from: Endpoint, ask: Ask<T>): Promise<Result<T, string>> {
  const ended = await meter.kube.exec(podOf(from), ask.argv, {
    timeout: limit(meter),
    signal: meter.signal,
  });
  if (!ended.ok) return err(toolReason(ended.error.message, from.pod));
  const { exitCode, stdout, stderr } = ended.value;
  const read = ask.tool.read(stdout);
  if (exitCode === 0) return read;
  // iperf3 says what went wrong in its JSON, rr on its standard error.
  const printed = stdout.trimStart().startsWith("{") && !read.ok ? read.error : stderr;
  return err(toolReason(printed, from.pod));
}

function whyServerEnded(ended: Result<Executed, KubeError>, to: Endpoint): string {
  const said = ended.ok ? ended.value.stderr : ended.error.message;
  return toolReason(said === "" ? `the server in pod ${to.pod} ended early` : said, to.pod);
}

/** A measurement that could not be made at all. */
export const unmeasured = (reason: string): Measurement => ({
  latency: err(reason),
  throughput: err(reason),
});

/** The first reason why a part is missing, or null. */
export const missingReason = ({ latency, throughput }: Measurement): string | null => {
  if (!latency.ok) return latency.error;
  return throughput.ok ? null : throughput.error;
};
