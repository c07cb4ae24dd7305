/** Looking into a running lab: its state, its logs, a command on a node, one more image. */
import { existsSync, readdirSync } from "node:fs";
import { listNodes, type NodeReport } from "./api-client.ts";
import { cgroupProcesses } from "./cgroups.ts";
import { mustRun, type Outcome, run } from "./command.ts";
import { forwarderPort } from "./forwarder.ts";
import { labFolders } from "./layout.ts";
import { cutNodes } from "./partition.ts";
import { firstChild, readText, recordedNames, recordedProcess } from "./processes.ts";

/** What is known of a lab. */
export type LabStatus = {
  readonly name: string;
  readonly exists: boolean;
  readonly kubeconfig: string;
  readonly port: number | undefined;
  /** Every process the lab recorded, alive or not. */
  readonly processes: readonly { readonly name: string; readonly pid: number | undefined }[];
  readonly nodes: readonly NodeReport[];
  /** Names of the nodes that are cut off the fabric. */
  readonly cut: readonly string[];
  /** Memory of all its processes, pods included; shared pages are counted once (PSS, proc(5) smaps_rollup). */
  readonly memoryMiB: number;
};

/** The state of a lab now, also of one that is not there. */
export async function labStatus(name: string): Promise<LabStatus> {
  const { state, run: runFolder } = labFolders(name);
  const port = forwarderPort(state);
  const processes = recordedNames(runFolder).map((each) => ({
    name: each,
    pid: recordedProcess(runFolder, each),
  }));
  // The forwarder stands outside the lab's cgroups; a node's first process is both recorded and inside.
  const recorded = processes.flatMap(({ pid }) => pid ?? []);
  return {
    name,
    exists: existsSync(state),
    kubeconfig: `${state}/kubeconfig`,
    port,
    processes,
    nodes: port === undefined ? [] : await listNodes({ port, pki: `${state}/pki` }),
    cut: await cutNodes(name),
    memoryMiB: Math.round(memoryKiB(new Set([...cgroupProcesses(name), ...recorded])) / 1024),
  };
}

function memoryKiB(pids: ReadonlySet<number>): number {
  const rollups = [...pids].map((pid) => readText(`/proc/${pid}/smaps_rollup`) ?? "");
  return rollups.reduce((sum, text) => sum + Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0), 0);
}

/** The command line that runs `command` inside a node: all its namespaces, as root. */
export function labExecArgv(
  name: string,
  node: string,
  command: readonly string[],
): readonly string[] {
  const outer = recordedProcess(labFolders(name).run, node);
  const init = outer === undefined ? undefined : firstChild(outer);
  if (init === undefined)
    throw new Error(`node ${node} of lab ${name} does not run; start it with labUp`);
  return [
    "nsenter",
    "-t",
    String(init),
    "--net",
    "--mount",
    "--uts",
    "--ipc",
    "--pid",
    "--",
    ...command,
  ];
}

/** The last `lines` lines of a log such as `n1-kubelet`; without a log name, the names there are. */
export function labLogs(name: string, log?: string, lines = 100): string {
  const folder = `${labFolders(name).state}/log`;
  if (log === undefined) {
    const files = existsSync(folder) ? readdirSync(folder) : [];
    return files
      .filter((file) => file.endsWith(".log"))
      .map((file) => file.slice(0, -4))
      .toSorted()
      .join("\n");
  }
  if (!/^[\w-]+$/.test(log)) throw new Error(`"${log}" is not the name of a log`);
  const text = readText(`${folder}/${log}.log`);
  if (text === undefined) throw new Error(`lab ${name} has no log "${log}"`);
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

/** Loads an image archive into the named nodes of a running lab, by default all. */
export async function loadImage(
  name: string,
  file: string,
  only?: readonly string[],
): Promise<void> {
  const { state, run: runFolder } = labFolders(name);
  const nodes = only ?? recordedNames(runFolder).filter((each) => /^n[1-9]$/.test(each));
  const ctr = readText(`${state}/bin-folder`)?.trim() ?? "/usr/bin";
  await Promise.all(
    nodes.map(async (node) => {
      const inside = (argv: readonly string[]): readonly string[] => labExecArgv(name, node, argv);
      await mustRun(inside([`${ctr}/ctr`, "-n", "k8s.io", "images", "import", "-"]), {
        stdinFile: file,
      });
    }),
  );
}

/** Runs a command inside a node to its end. */
export async function labExec(
  name: string,
  node: string,
  command: readonly string[],
): Promise<Outcome> {
  return run(labExecArgv(name, node, command));
}
