/**
 * Runs upstream specs against a cluster: lists the wanted ones by a dry run, runs them by Ginkgo in several
 * processes, says how far it is, and reads the report.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { progressOf, startLogged } from "./logged-program.ts";
import { reportText, selectedSpecs, type SpecResult, specResults } from "./report.ts";
import { type Exclusion, exclusions, isIn, type SpecSet } from "./specs.ts";

/** Where and how to run. */
export type SpecRun = {
  /** Folder with `e2e.test`, `ginkgo` and `agnhost`. */
  readonly e2eFolder: string;
  /** Folder with `kubectl`, which some specs call. */
  readonly binFolder: string;
  readonly kubeconfig: string;
  /** Folder for reports and logs; an existing one. */
  readonly folder: string;
  /** Nodes of the cluster: upstream counts them in the first of its processes alone, and specs of the others skip themselves. */
  readonly nodes: number;
  /** Specs that run at a time. */
  readonly processes: number;
  readonly timeoutMinutes: number;
  /** How long to wait for the cluster's nodes. */
  readonly nodesSeconds: number;
};

/** What Ginkgo writes for each spec that ran. */
const BULLET = /•/;

/** All images come from one made-up registry: a lab's nodes have them already, and nothing is pulled. */
const registries = [
  "buildImageRegistry",
  "cloudProviderGcpRegistry",
  "dockerLibraryRegistry",
  "gcEtcdRegistry",
  "gcRegistry",
  "invalidRegistry",
  "privateRegistry",
  "promoterE2eRegistry",
  "sigStorageRegistry",
];

/** Runs the specs of all sets together; yields lines of progress, the report last, and returns what became of each spec. */
export async function* runSpecs(
  sets: readonly SpecSet[],
  run: SpecRun,
): AsyncGenerator<string, readonly SpecResult[]> {
  const log = path.join(run.folder, "specs.log");
  const to = { environment: environmentOf(run), log, mark: BULLET };
  const wanted = await listed(sets, run, to.environment);
  const excluded = exclusions.filter(({ protocol }) => lacks(protocol, run.e2eFolder));
  yield `${wanted.length} specs, ${run.processes} at a time`;
  const report = path.join(run.folder, "specs.json");
  yield* progressOf(
    startLogged(runArgv({ sets, run, excluded, report }), to),
    (done, seconds) => `${done} of ${wanted.length} specs done in ${seconds} s`,
  );
  if (!existsSync(report)) throw new Error(`Ginkgo left no report; see ${to.log}`);
  const results = specResults(JSON.parse(readFileSync(report, "utf8")), wanted, excluded);
  yield reportText(sets, results);
  return results;
}

function environmentOf(run: SpecRun): NodeJS.ProcessEnv {
  const images = path.join(run.folder, "images.yaml");
  writeFileSync(images, registries.map((each) => `${each}: localhost/e2e\n`).join(""));
  return {
    ...process.env,
    KUBE_TEST_REPO_LIST: images,
    PATH: `${run.binFolder}:${process.env["PATH"] ?? ""}`,
  };
}

/** The names of the sets' specs; upstream's list must have as many in each set as we know of. */
async function listed(
  sets: readonly SpecSet[],
  run: SpecRun,
  environment: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  const list = path.join(run.folder, "list.json");
  const log = path.join(run.folder, "list.log");
  const { ended } = startLogged(listArgv(sets, run, list), { environment, log, mark: BULLET });
  if ((await ended) !== 0) throw new Error(`listing the specs failed; see ${log}`);
  const names = selectedSpecs(JSON.parse(readFileSync(list, "utf8")));
  for (const set of sets) {
    const { length } = names.filter((name) => isIn(set, name));
    if (length === set.count) continue;
    throw new Error(`set ${set.name}: expected ${set.count} specs, upstream has ${length}`);
  }
  return names;
}

/** Whether the kernel lacks the protocol: to a port where nobody listens, others answer that the connection is refused. */
export function lacks(protocol: string, e2eFolder: string): boolean {
  const ask = ["connect", "127.0.0.1:1", `--protocol=${protocol}`, "--timeout=2s"];
  const { stderr } = spawnSync(`${e2eFolder}/agnhost`, ask, { encoding: "utf8" });
  return stderr.includes("protocol not supported");
}

const common = (run: SpecRun): readonly string[] => [
  "--provider=skeleton",
  `--kubeconfig=${run.kubeconfig}`,
  `--num-nodes=${run.nodes}`,
  "--disable-log-dump=true",
  `--node-schedulable-timeout=${run.nodesSeconds}s`,
];

const focusOf = (sets: readonly SpecSet[]): string => sets.map(({ focus }) => focus).join("|");

const listArgv = (sets: readonly SpecSet[], run: SpecRun, report: string): readonly string[] => [
  `${run.e2eFolder}/e2e.test`,
  "--ginkgo.dry-run",
  "--ginkgo.no-color",
  `--ginkgo.focus=${focusOf(sets)}`,
  `--ginkgo.json-report=${report}`,
  ...common(run),
];

type Wish = {
  readonly sets: readonly SpecSet[];
  readonly run: SpecRun;
  readonly excluded: readonly Exclusion[];
  readonly report: string;
};

const runArgv = ({ sets, run, excluded, report }: Wish): readonly string[] => [
  `${run.e2eFolder}/ginkgo`,
  `--procs=${run.processes}`,
  "--no-color",
  `--timeout=${run.timeoutMinutes}m`,
  `--focus=${focusOf(sets)}`,
  ...excluded.map(({ pattern }) => `--skip=${pattern}`),
  `--output-dir=${path.dirname(report)}`,
  `--json-report=${path.basename(report)}`,
  `${run.e2eFolder}/e2e.test`,
  "--",
  ...common(run),
];
