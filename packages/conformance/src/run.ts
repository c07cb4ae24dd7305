/**
 * Runs upstream specs against a cluster: lists the wanted ones by a dry run, runs them by Ginkgo in several
 * processes, says how far it is, and reads the report.
 */
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { reportText, selectedSpecs, type SpecResult, specResults } from "./report.ts";
import { exclusions, type SpecSet } from "./specs.ts";

/** Where and how to run. */
export type SpecRun = {
  /** Folder with `e2e.test` and `ginkgo`. */
  readonly e2eFolder: string;
  /** Folder with `kubectl`, which some specs call. */
  readonly binFolder: string;
  readonly kubeconfig: string;
  /** Folder for reports and logs; an existing one. */
  readonly folder: string;
  /** Specs that run at a time. */
  readonly processes: number;
  readonly timeoutMinutes: number;
  /** How long to wait for the cluster's nodes. */
  readonly nodesSeconds: number;
};

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

/** Runs the specs of a set; yields lines of progress, the report last, and returns what became of each spec. */
export async function* runSpecs(
  set: SpecSet,
  run: SpecRun,
): AsyncGenerator<string, readonly SpecResult[]> {
  const list = path.join(run.folder, `${set.name}-list.json`);
  const images = path.join(run.folder, "images.yaml");
  writeFileSync(images, registries.map((each) => `${each}: localhost/e2e\n`).join(""));
  const environment = {
    ...process.env,
    KUBE_TEST_REPO_LIST: images,
    PATH: `${run.binFolder}:${process.env["PATH"] ?? ""}`,
  };
  const listed = start(listArgv(set, run, list), { environment, log: `${list}.log` });
  if ((await listed.ended) !== 0) throw new Error(`listing the specs failed; see ${list}.log`);
  const wanted = selectedSpecs(JSON.parse(readFileSync(list, "utf8")));
  if (wanted.length !== set.count) {
    throw new Error(`set ${set.name}: expected ${set.count} specs, upstream has ${wanted.length}`);
  }
  yield `${set.name}: ${wanted.length} specs, ${run.processes} at a time`;
  const report = path.join(run.folder, `${set.name}.json`);
  const log = path.join(run.folder, `${set.name}.log`);
  const running = start(runArgv(set, run, report), { environment, log });
  yield* progress(set, running);
  if (!existsSync(report)) throw new Error(`Ginkgo left no report; see ${log}`);
  const results = specResults(JSON.parse(readFileSync(report, "utf8")), wanted);
  yield `${reportText(results)} (log: ${log})`;
  return results;
}

const common = (run: SpecRun): readonly string[] => [
  "--provider=skeleton",
  `--kubeconfig=${run.kubeconfig}`,
  "--disable-log-dump=true",
  `--node-schedulable-timeout=${run.nodesSeconds}s`,
];

const listArgv = (set: SpecSet, run: SpecRun, report: string): readonly string[] => [
  `${run.e2eFolder}/e2e.test`,
  "--ginkgo.dry-run",
  "--ginkgo.no-color",
  `--ginkgo.focus=${set.focus}`,
  `--ginkgo.json-report=${report}`,
  ...common(run),
];

const runArgv = (set: SpecSet, run: SpecRun, report: string): readonly string[] => [
  `${run.e2eFolder}/ginkgo`,
  `--procs=${run.processes}`,
  "--no-color",
  `--timeout=${run.timeoutMinutes}m`,
  `--focus=${set.focus}`,
  ...exclusions.map(({ pattern }) => `--skip=${pattern}`),
  `--output-dir=${path.dirname(report)}`,
  `--json-report=${path.basename(report)}`,
  `${run.e2eFolder}/e2e.test`,
  "--",
  ...common(run),
];

type Running = {
  readonly ended: Promise<number | null>;
  /** Specs that have passed or failed so far. */
  readonly done: () => number;
};

/** Starts a program whose output goes to a log; Ginkgo writes one bullet per spec that ran. */
function start(
  [program = "", ...parameters]: readonly string[],
  to: { readonly environment: NodeJS.ProcessEnv; readonly log: string },
): Running {
  const log = createWriteStream(to.log);
  const child = spawn(program, parameters, {
    env: to.environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let done = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    done += text.split("•").length - 1;
    log.write(text);
  });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => {
      log.end();
      resolve(code);
    });
  });
  return { ended, done: () => done };
}

async function* progress(set: SpecSet, { ended, done }: Running): AsyncGenerator<string> {
  const started = performance.now();
  const pause = async (): Promise<"running"> =>
    new Promise((resolve) => {
      setTimeout(() => resolve("running"), 15_000).unref();
    });
  while ((await Promise.race([ended, pause()])) === "running") {
    const seconds = Math.round((performance.now() - started) / 1000);
    yield `${set.name}: ${done()} done in ${seconds} s`;
  }
}
