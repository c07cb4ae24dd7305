/** `seam lab`: a real Kubernetes cluster on this machine. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { installSeam } from "@seam/client";
import { createKubeClient, readKubeconfig } from "@seam/kube";
import {
  cutNode,
  familyChoices,
  goTools,
  healNode,
  labDown,
  labExecArgv,
  labImages,
  labLogs,
  type LabOptions,
  labReady,
  labStatus,
  type LabStatus,
  labUp,
  loadImage,
  readdressNode,
  removeNode,
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
    (node) =>
      `${node.name}  ${node.ready ? "Ready" : "NotReady"}  ${node.podCidrs.join(" ")}${cutText(status, node.name)}`,
  );
  const complaints = dead.map((each) => `${each.name}  not running; repair with: seam lab up`);
  return [...nodes, ...complaints, `memory: ${status.memoryMiB} MiB (PSS)`].join("\n");
}

const cutText = ({ cut }: LabStatus, node: string): string =>
  cut.includes(node) ? `  cut off; connect it with: seam lab heal ${node}` : "";

/** Which lab, how large, and with which pod network. */
export type LabWish = Pick<LabOptions, "name" | "nodes" | "families"> & {
  readonly network: (typeof networks)[number];
};

/** Brings a lab up until DNS answers; Seam is installed unless the network is the reference one. */
export async function* bringUp({ network, ...wish }: LabWish): AsyncGenerator<string> {
  const { name } = wish;
  const binFolder = await goTools();
  const traffic = (await labImages(binFolder)).find((image) => image.name === "traffic");
  const images = network === "reference" && traffic !== undefined ? [traffic.archive] : [];
  yield* labUp({ ...wish, binFolder, network, images });
  if (network === "seam") yield* installInLab(name, binFolder);
  yield* labReady(name);
}

type UpOptions = Named & {
  readonly nodes?: string;
  readonly network: string;
  readonly families?: string;
};

/** The wish that the options of `seam lab up` mean; throws with the option and what was expected. */
function wishOf({ name, nodes, network, families }: UpOptions): LabWish {
  return {
    name,
    network: oneOf("--network", networks, network),
    ...(nodes === undefined ? {} : { nodes: Number(nodes) }),
    ...(families === undefined ? {} : { families: oneOf("--families", familyChoices, families) }),
  };
}

function oneOf<T extends string>(option: string, choices: readonly T[], found: string): T {
  const chosen = choices.find((each) => each === found);
  if (chosen !== undefined) return chosen;
  throw new Error(`${option}: expected ${choices.join(" or ")}, found "${found}"`);
}

async function up(options: UpOptions): Promise<void> {
  const started = performance.now();
  const { name } = options;
  for await (const line of bringUp(wishOf(options))) {
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

type AddCommand = (usage: string, text: string) => Command;

/** Adds `lab` and its commands to the program. */
export function addLabCommands(program: Command): void {
  const lab = program.command("lab").description("a real Kubernetes cluster on this machine");
  const add: AddCommand = (usage, text) =>
    lab
      .command(usage)
      .description(text)
      .option("--name <name>", "which lab; default: SEAM_LAB", defaultLab);
  add("up", "start the cluster, or repair the one that runs")
    .option("--nodes <count>", "number of nodes, 1 to 9; a smaller lab grows (default: 3)")
    .option(
      "--families <families>",
      "address families of a new lab: dual, ipv4 or ipv6 (default: dual)",
    )
    .option(
      "--network <network>",
      "the pod network: seam, or reference (the upstream bridge)",
      "seam",
    )
    .action(up);
  add("down", "remove the cluster and every trace of it").action(async ({ name }: Named) =>
    labDown(name),
  );
  addLooking(add);
  addNodeCommands(add);
  add("load-image <file>", "load an image archive into every node").action(
    async (file: string, { name }: Named) => loadImage(name, file),
  );
}

function addLooking(add: AddCommand): void {
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
}

function addNodeCommands(add: AddCommand): void {
  add("remove-node <node>", "end a node, delete its Node object, and forget it").action(
    async (node: string, { name }: Named) => {
      await removeNode(name, node);
      print(`node ${node} is gone; add one with: seam lab up --nodes COUNT`);
    },
  );
  add("readdress <node>", "give a running node other addresses").action(
    async (node: string, { name }: Named) => {
      print(`node ${node} has ${(await readdressNode(name, node)).join(" and ")} now`);
    },
  );
  add("cut <node>", "cut a node off the network between nodes, as a failed switch would").action(
    async (node: string, { name }: Named) => {
      await cutNode(name, node);
      print(`node ${node} is cut off; connect it with: seam lab heal ${node}`);
    },
  );
  add("heal <node>", "connect a node that was cut off").action(
    async (node: string, { name }: Named) => {
      await healNode(name, node);
      print(`node ${node} is connected`);
    },
  );
}
