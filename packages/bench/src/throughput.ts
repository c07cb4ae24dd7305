/**
 * `seam bench throughput`: what pods can send and ask, on one node, across nodes and to a service: rate of one
 * TCP stream, round trips over one connection, and connections, each against the reference network in turn.
 */
import { type BenchDocument, type Case, caseOf, environmentOf } from "./document.ts";
import { isolate } from "./policies.ts";
import {
  clientPod,
  encapsulate,
  interleaved,
  PEER,
  prepareRival,
  type Rival,
  type RivalLabs,
  SAME_NODE,
} from "./rivals.ts";

/** How often and how long. */
export type ThroughputOptions = RivalLabs & {
  readonly rounds: number;
  readonly seconds: number;
  /** With `vxlan`, what crosses nodes alone is measured: one node's own traffic is the same. */
  readonly overlay: "direct" | "vxlan";
  /** Policies that select each of Seam's pods; the reference has none. */
  readonly policies: number;
};

type Measure = {
  readonly what: string;
  readonly unit: string;
  readonly command: (host: string, seconds: number) => readonly string[];
  readonly read: (output: unknown, seconds: number) => number;
};

const rate = (output: unknown, seconds: number): number =>
  numberIn(output, "transactions") / seconds;

const measures: readonly Measure[] = [
  {
    what: "tcp",
    unit: "Mbit/s",
    command: (host, seconds) => ["iperf3", "-c", host, "-p", "5201", "-t", String(seconds), "-J"],
    read: (output) => numberIn(output, "end", "sum_received", "bits_per_second") / 1e6,
  },
  {
    what: "rr",
    unit: "1/s",
    command: (host, seconds) => ["rr", "ask", host, "5202", "--seconds", String(seconds)],
    read: rate,
  },
  {
    what: "connections",
    unit: "1/s",
    command: (host, seconds) => ["rr", "connect", host, "5202", "--seconds", String(seconds)],
    read: rate,
  },
];

/** Runs the benchmark on two labs that are up; throws when a measurement fails. */
export async function benchThroughput(options: ThroughputOptions): Promise<BenchDocument> {
  const { overlay, policies } = options;
  const conditions = [
    ...(overlay === "vxlan" ? [", VXLAN"] : []),
    ...(policies > 0 ? [`, ${policies} policies`] : []),
  ].join("");
  if (overlay === "vxlan") await encapsulate(options);
  const seam = await prepareRival(options.seam);
  const reference = await prepareRival(options.reference);
  const sides = { seam, reference };
  await isolate(seam.kube, clientPod.namespace, options.policies);
  try {
    const cases: Case[] = [];
    const places = Object.keys(seam.targets);
    for (const place of places.filter((each) => overlay === "direct" || each !== SAME_NODE))
      for (const measure of measures) {
        const { unit } = measure;
        const names = {
          what: `${measure.what} ${place}${conditions}`,
          unit,
          better: "higher",
          peer: PEER,
        } as const;
        const rounds = await interleaved(options.rounds, async (side) =>
          measured({ rival: sides[side], place, measure }, options.seconds),
        );
        cases.push(caseOf(names, "p50", rounds));
      }
    const environment = environmentOf({
      rounds: options.rounds,
      secondsPerSample: options.seconds,
      overlay,
      policies,
    });
    return { name: "throughput", environment, cases };
  } finally {
    seam.kube.close();
    reference.kube.close();
  }
}

type Site = { readonly rival: Rival; readonly place: string; readonly measure: Measure };

async function measured({ rival, place, measure }: Site, seconds: number): Promise<number> {
  const command = measure.command(rival.targets[place] ?? "", seconds);
  const answer = await rival.kube.exec(clientPod, command);
  if (!answer.ok) throw new Error(`${command.join(" ")}: ${answer.error.message}`);
  const { exitCode, stdout, stderr } = answer.value;
  if (exitCode !== 0)
    throw new Error(`${command.join(" ")} ended with ${exitCode}: ${stderr}${stdout}`);
  const output: unknown = JSON.parse(stdout);
  return measure.read(output, seconds);
}

function numberIn(value: unknown, ...keys: readonly string[]): number {
  let inner: unknown = value;
  for (const key of keys)
    inner = typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined;
  if (typeof inner !== "number") throw new Error(`a measurement has no ${keys.join(".")}`);
  return inner;
}
