/** `seam lab`: a real Kubernetes cluster on this machine. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { installSeam } from "@seam/client";
import { createKubeClient, readKubeconfig } from "@seam/kube";
import {
  goTools,
  labDown,
  labExecArgv,
  labImages,
  labLogs,
  labReady,
  labStatus,
  type LabStatus,
  labUp,
  loadImage,
} from "@seam/lab";
import type { Command } from "commander";

/** The lab that commands mean when none is named. */
export const defaultLab = process.env["SEAM_LAB"] ?? "seam";

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
  return [...nodes, ...complaints, `memory: ${status.memoryMiB} MiB (PSS)`].join("\n");
}

/** Which lab, how large, and with which pod network. */
export type LabWish = {
  readonly name: string;
  readonly nodes: number;
  readonly network: (typeof networks)[number];
};

/** Brings a lab up until DNS answers; Seam is installed unless the network is the reference one. */
export async function* bringUp({ name, nodes, network }: LabWish): AsyncGenerator<string> {
  const binFolder = await goTools();
  const traffic = (await labImages(binFolder)).find((image) => image.name === "traffic");
  const images = network === "reference" && traffic !== undefined ? [traffic.archive] : [];
  yield* labUp({ name, binFolder, nodes, network, images });
  if (network === "seam") yield* installInLab(name, binFolder);
  yield* labReady(name);
}

type UpOptions = Named & { readonly nodes: string; readonly network: string };

async function up({ name, nodes, network }: UpOptions): Promise<void> {
  const started = performance.now();
  const chosen = networks.find((each) => each === network);
  if (chosen === undefined) {
    throw new Error(`--network: expected ${networks.join(" or ")}, found "${network}"`);
  }
  for await (const line of bringUp({ name, nodes: Number(nodes), network: chosen })) {
    print(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  }
  print(statusText(await labStatus(name)));
}

const networks = ["seam", "reference"] as const;

async function* installInLab(name: string, binFolder: string): AsyncGenerator<string> {
  const image = (await labImages(binFolder)).find((each) => each.name === "seam");
  if (image === undefined) throw new Error("bug in Seam: the lab has no image of Seam");
  const config = readKubeconfig((await labStatus(name)).kubeconfig);
  if (!config.ok) throw new Error(config.error);
  const client = createKubeClient(config.value);
  try {
    const installed = yield* installSeam(client, { image: image.reference });
    if (!installed.ok) throw new Error(installed.error.message);
  } finally {
    client.close();
  }
}

function exec(node: string, command: readonly string[], { name }: Named): void {
  const [program = "", ...parameters] = labExecArgv(name, node, command);
  process.exitCode = spawnSync(program, parameters, { stdio: "inherit" }).status ?? 1;
}

/** Adds `lab` and its commands to the program. */
export function addLabCommands(program: Command): void {
  const lab = program.command("lab").description("a real Kubernetes cluster on this machine");
  const add = (usage: string, text: string): Command =>
    lab
      .command(usage)
      .description(text)
      .option("--name <name>", "which lab; default: SEAM_LAB", defaultLab);
  add("up", "start the cluster, or repair the one that runs")
    .option("--nodes <count>", "number of nodes, 1 to 9", "3")
    .option(
      "--network <network>",
      "the pod network: seam, or reference (the upstream bridge)",
      "seam",
    )
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
