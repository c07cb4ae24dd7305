/** `seam lab`: a real Kubernetes cluster on this machine. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import {
  goTools,
  labDown,
  labExecArgv,
  labLogs,
  labStatus,
  type LabStatus,
  labUp,
  loadImage,
} from "@seam/lab";
import type { Command } from "commander";

type Named = { readonly name: string };

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** One line per node, or that there is no such lab. */
export function statusText(status: LabStatus): string {
  if (!status.exists) return `lab ${status.name} is not up; start it with: seam lab up`;
  const dead = status.processes.filter((each) => each.pid === undefined);
  const nodes = status.nodes.map(
    (node) => `${node.name}  ${node.ready ? "Ready" : "NotReady"}  ${node.podCidrs.join(" ")}`,
  );
  const complaints = dead.map((each) => `${each.name}  not running; repair with: seam lab up`);
  return [...nodes, ...complaints].join("\n");
}

async function up({ name, nodes }: Named & { readonly nodes: string }): Promise<void> {
  const binFolder = await goTools();
  const options = { name, binFolder, nodes: Number(nodes), network: "reference" } as const;
  for await (const progress of labUp(options)) print(progress);
  print(statusText(await labStatus(name)));
}

function exec(node: string, command: readonly string[], { name }: Named): void {
  const [program = "", ...parameters] = labExecArgv(name, node, command);
  process.exitCode = spawnSync(program, parameters, { stdio: "inherit" }).status ?? 1;
}

/** Adds `lab` and its commands to the program. */
export function addLabCommands(program: Command): void {
  const lab = program.command("lab").description("a real Kubernetes cluster on this machine");
  const add = (usage: string, text: string): Command =>
    lab.command(usage).description(text).option("--name <name>", "which lab", "seam");
  add("up", "start the cluster, or repair the one that runs")
    .option("--nodes <count>", "number of nodes, 1 to 9", "3")
    .action(up);
  add("down", "remove the cluster and every trace of it").action(async ({ name }: Named) =>
    labDown(name),
  );
  add("status", "the nodes of the cluster").action(async ({ name }: Named) => {
    print(statusText(await labStatus(name)));
  });
  add("kubeconfig", "print the administrator's kubeconfig").action(async ({ name }: Named) => {
    print(readFileSync((await labStatus(name)).kubeconfig, "utf8").trimEnd());
  });
  add("exec <node> <command...>", "run a command on a node: seam lab exec n1 -- ip route").action(
    exec,
  );
  add("logs [log]", "the end of a log, such as n1-kubelet; without a name, the names").action(
    (log: string | undefined, { name }: Named) => {
      print(labLogs(name, log));
    },
  );
  add("load-image <file>", "load an image archive into every node").action(
    async (file: string, { name }: Named) => loadImage(name, file),
  );
}
