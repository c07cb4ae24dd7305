/** `seam bench`: measurements against named peers on a lab. */
import {
  benchBandwidth,
  benchCni,
  benchController,
  type BenchDocument,
  benchEnforcement,
  benchExtender,
  benchP4,
  benchPods,
  benchPolicies,
  benchPolicyCost,
  benchScheduling,
  benchTable,
  benchThroughput,
  MOST_POLICIES,
  type RivalLabs,
} from "@seam/bench";
import { goTools, kwokTools, labDown } from "@seam/lab";

import { bringUp } from "./lab.ts";

type CniOptions = {
  readonly name: string;
  readonly node: string;
  readonly rounds: string;
  readonly samples: string;
  readonly json?: true;
};

/** The action of `seam bench cni`. */
export async function cni(options: CniOptions): Promise<void> {
  const document = await benchCni({
    lab: options.name,
    node: options.node,
    binFolder: await goTools(),
    rounds: positive("--rounds", options.rounds),
    samples: positive("--samples", options.samples),
  });
  show(document, options.json);
}

type RivalFlags = { readonly rounds: string; readonly json?: true };
const overlays = ["direct", "vxlan"] as const;

/** Brings up two equal labs, runs a benchmark on both, and takes them down whatever happens. */
async function onRivals(
  { json }: RivalFlags,
  bench: (labs: RivalLabs) => Promise<BenchDocument>,
): Promise<void> {
  const names = { seam: "bench-seam", reference: "bench-reference" } as const;
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    for (const network of ["seam", "reference"] as const)
      for await (const line of bringUp({ name: names[network], nodes: 2, network })) say(line);
    show(await bench(names), json);
  } finally {
    for (const name of Object.values(names)) await labDown(name);
  }
}

type ThroughputFlags = RivalFlags & {
  readonly seconds: string;
  readonly overlay: string;
  readonly policies: string;
};

/** The action of `seam bench throughput`. */
export async function throughput(flags: ThroughputFlags): Promise<void> {
  const overlay = overlays.find((each) => each === flags.overlay);
  if (overlay === undefined) {
    throw new Error(`--overlay: expected ${overlays.join(" or ")}, found "${flags.overlay}"`);
  }
  const rounds = positive("--rounds", flags.rounds);
  const seconds = positive("--seconds", flags.seconds);
  const count = policyCount(flags.policies);
  return onRivals(flags, async (labs) =>
    benchThroughput({ ...labs, rounds, seconds, overlay, policies: count }),
  );
}

function policyCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= MOST_POLICIES) return count;
  throw new Error(`--policies: expected a number from 0 to ${MOST_POLICIES}, found "${text}"`);
}

/** The action of `seam bench policies`. */
export function policies(flags: {
  readonly pods: string;
  readonly policies: string;
  readonly changes: string;
  readonly json?: true;
}): void {
  const document = benchPolicies({
    pods: positive("--pods", flags.pods),
    policies: positive("--policies", flags.policies),
    changes: positive("--changes", flags.changes),
  });
  show(document, flags.json);
}

/** The action of `seam bench bandwidth`. */
export async function bandwidth(flags: {
  readonly rounds: string;
  readonly seconds: string;
  readonly json?: true;
}): Promise<void> {
  const rounds = positive("--rounds", flags.rounds);
  const seconds = positive("--seconds", flags.seconds);
  show(await benchBandwidth({ rounds, seconds }), flags.json);
}

/** The action of `seam bench policy-cost`. */
export async function policyCost(flags: {
  readonly rounds: string;
  readonly seconds: string;
  readonly json?: true;
}): Promise<void> {
  const rounds = positive("--rounds", flags.rounds);
  const seconds = positive("--seconds", flags.seconds);
  show(await benchPolicyCost({ rounds, seconds }), flags.json);
}

/** The action of `seam bench enforcement`: on a lab of its own. */
export async function enforcement(flags: {
  readonly changes: string;
  readonly json?: true;
}): Promise<void> {
  const changes = positive("--changes", flags.changes);
  const lab = { name: "bench-enforcement", nodes: 3 };
  return onLab(lab, flags.json, async (name) => benchEnforcement({ lab: name, changes }));
}

/** The action of `seam bench pods`. */
export async function pods(flags: RivalFlags & { readonly counts: string }): Promise<void> {
  const rounds = positive("--rounds", flags.rounds);
  const counts = flags.counts.split(",").map((count) => positive("--counts", count));
  return onRivals(flags, async (labs) => benchPods({ ...labs, rounds, counts }));
}

type ControllerFlags = {
  readonly experiments: string;
  readonly workloads: string;
  readonly rate: string;
  readonly json?: true;
};

/** The action of `seam bench controller`. */
export async function controller(flags: ControllerFlags): Promise<void> {
  const options = {
    experiments: positive("--experiments", flags.experiments),
    workloads: positive("--workloads", flags.workloads),
    perSecond: positive("--rate", flags.rate),
  };
  return withFakeNodes("bench-controller", flags.json, async (given) =>
    benchController({ ...given, ...options }),
  );
}

type SchedulingFlags = {
  readonly nodes: string;
  readonly pods: string;
  readonly rounds: string;
  readonly json?: true;
};

/** The action of `seam bench scheduling`. */
export async function scheduling(flags: SchedulingFlags): Promise<void> {
  const options = {
    nodes: positive("--nodes", flags.nodes),
    pods: positive("--pods", flags.pods),
    rounds: positive("--rounds", flags.rounds),
  };
  return withFakeNodes("bench-scheduling", flags.json, async (given) =>
    benchScheduling({ ...given, ...options }),
  );
}

/** The action of `seam bench p4`. */
export function p4(flags: { readonly rounds: string; readonly json?: true }): void {
  show(benchP4({ rounds: positive("--rounds", flags.rounds) }), flags.json);
}

/** The action of `seam bench extender`. */
export function extender(flags: {
  readonly nodes: string;
  readonly pods: string;
  readonly questions: string;
  readonly json?: true;
}): void {
  const document = benchExtender({
    nodes: positive("--nodes", flags.nodes),
    pods: positive("--pods", flags.pods),
    questions: positive("--questions", flags.questions),
  });
  show(document, flags.json);
}

/** Runs a benchmark on a lab of one node, with kwok for all others. */
async function withFakeNodes(
  lab: string,
  json: true | undefined,
  bench: (given: { readonly lab: string; readonly kwok: string }) => Promise<BenchDocument>,
): Promise<void> {
  const kwok = `${await kwokTools()}/kwok`;
  return onLab({ name: lab, nodes: 1 }, json, async (name) => bench({ lab: name, kwok }));
}

/** Brings a lab with Seam up, runs a benchmark on it, and takes it down whatever happens. */
async function onLab(
  { name, nodes }: { readonly name: string; readonly nodes: number },
  json: true | undefined,
  bench: (lab: string) => Promise<BenchDocument>,
): Promise<void> {
  try {
    for await (const line of bringUp({ name, nodes, network: "seam" }))
      process.stderr.write(`${line}\n`);
    show(await bench(name), json);
  } finally {
    await labDown(name);
  }
}

function show(document: BenchDocument, json?: true): void {
  const text = json === true ? JSON.stringify(document, undefined, 2) : benchTable(document);
  process.stdout.write(`${text}\n`);
}

function positive(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw new Error(
      `${option}: expected a whole number of at least 1, for example 9; found "${text}"`,
    );
  }
  return Number(text);
}
