/** `seam lab`: a real Kubernetes cluster on this machine. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";

import { installApi, installSeam } from "@seam/client";
import { createKubeClient, type KubeClient, readKubeconfig } from "@seam/kube";
import {
  cutNode,
  familyChoices,
  goTools,
  healNode,
  keepProgram,
  labDown,
  labExec,
  labExecArgv,
  labImage,
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
  /** The API server as well. */
  readonly api?: boolean;
};

/** Brings a lab up until DNS answers; Seam is installed unless the network is the reference one. */
export async function* bringUp({ network, api, ...wish }: LabWish): AsyncGenerator<string> {
  const { name } = wish;
  const binFolder = await goTools();
  const traffic = (await labImages(binFolder)).find((image) => image.name === "traffic");
  const images = network === "reference" && traffic !== undefined ? [traffic.archive] : [];
  yield* labUp({ ...wish, binFolder, network, images });
  if (network === "seam") yield* installInLab(name, binFolder);
  yield* labReady(name);
  if (api === true) yield* apiInLab(name, binFolder);
}

type UpOptions = Named & {
  readonly nodes?: string;
  readonly network: string;
  readonly families?: string;
  readonly api?: boolean;
};

/** The wish that the options of `seam lab up` mean; throws with the option and what was expected. */
function wishOf({ name, nodes, network, families, api = false }: UpOptions): LabWish {
  if (api && network !== "seam") throw new Error("--api: expected --network seam, which it needs");
  return {
    name,
    api,
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

/** The action of `seam lab up`. */
export async function up(options: UpOptions): Promise<void> {
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
  const client = await clientOf(name);
  using _client = { [Symbol.dispose]: client.close };
  const installed = yield* installSeam(client, { image: image.reference });
  if (!installed.ok) throw new Error(installed.error.message);
}

async function clientOf(name: string): Promise<KubeClient> {
  const config = readKubeconfig((await labStatus(name)).kubeconfig);
  if (!config.ok) throw new Error(config.error);
  return createKubeClient(config.value);
}

/** The node whose folder holds the database. */
const API_NODE = "n1";

/** The API server on a node, and a program of this machine that goes on opening a way to it. */
async function* apiInLab(name: string, binFolder: string): AsyncGenerator<string> {
  const client = await clientOf(name);
  using _client = { [Symbol.dispose]: client.close };
  const { archive, reference } = await labImage("server", binFolder);
  const list = await labExec(name, API_NODE, [`${binFolder}/ctr`, ...LIST_IMAGES]);
  if (!list.stdout.split("\n").includes(reference)) await loadImage(name, archive, [API_NODE]);
  const installed = yield* installApi(client, { image: reference, node: API_NODE });
  if (!installed.ok) throw new Error(installed.error.message);
  const { kubeconfig } = await labStatus(name);
  const port = String(await freePort(FIRST_PORT));
  const open = [process.execPath, path.join(import.meta.dirname, "main.ts"), "open"];
  yield await keepProgram(name, {
    name: "open",
    argv: [...open, "--no-browser", "--port", port, "--kubeconfig", kubeconfig],
    says: /^Seam is at [^]*^Sign in .*$/m,
  });
}

const LIST_IMAGES = ["-n", "k8s.io", "images", "ls", "-q"] as const;
/** That of `seam server` and `seam open`. */
const FIRST_PORT = 9850;

/** The port, or another one when it is taken. */
async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  server.listen(wanted, "127.0.0.1");
  const taken = await once(server, "listening").then(
    () => false,
    () => true,
  );
  server.close();
  return taken ? 0 : wanted;
}

/** The action of `seam lab exec`. */
export function exec(node: string, command: readonly string[], { name }: Named): void {
  const [program = "", ...parameters] = labExecArgv(name, node, command);
  process.exitCode = spawnSync(program, parameters, { stdio: "inherit" }).status ?? 1;
}

/** The action of `seam lab status`. */
export async function showStatus({ name }: Named): Promise<void> {
  print(statusText(await labStatus(name)));
}

/** The action of `seam lab down`. */
export const down = async ({ name }: Named): Promise<void> => labDown(name);

/** The action of `seam lab kubeconfig`. */
export async function showKubeconfig({ name }: Named): Promise<void> {
  print(readFileSync((await labStatus(name)).kubeconfig, "utf8").trimEnd());
}

/** The action of `seam lab logs`. */
export function showLog(log: string | undefined, { name }: Named): void {
  print(labLogs(name, log));
}

/** The action of `seam lab load-image`. */
export const load = async (file: string, { name }: Named): Promise<void> => loadImage(name, file);

/** The action of `seam lab remove-node`. */
export async function remove(node: string, { name }: Named): Promise<void> {
  await removeNode(name, node);
  print(`node ${node} is gone; add one with: seam lab up --nodes COUNT`);
}

/** The action of `seam lab readdress`. */
export async function readdress(node: string, { name }: Named): Promise<void> {
  print(`node ${node} has ${(await readdressNode(name, node)).join(" and ")} now`);
}

/** The action of `seam lab cut`. */
export async function cutOff(node: string, { name }: Named): Promise<void> {
  await cutNode(name, node);
  print(`node ${node} is cut off; connect it with: seam lab heal ${node}`);
}

/** The action of `seam lab heal`. */
export async function heal(node: string, { name }: Named): Promise<void> {
  await healNode(name, node);
  print(`node ${node} is connected`);
}
