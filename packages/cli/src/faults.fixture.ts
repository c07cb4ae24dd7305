/**
 * A lab to break things in: its commands, traffic that does not pass through what is broken, and the proof that nothing
 * is left on a node: what the kernel, the agent and the runtime have is exactly what the API server's pods need.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import { labExec, labExecArgv } from "@seam/lab";

import { testLab } from "./lab.fixture.ts";

/** Name of the lab. */
export const lab = "faults";
export const nodes = ["n1", "n2", "n3"] as const;
const { onNode } = testLab(lab);
export const { seam, kubectl, apply } = testLab(lab);

/** Repeats what fails while the API server is away, for `seconds` at most. */
export async function persist<T>(seconds: number, work: () => Promise<T>): Promise<T> {
  const limit = performance.now() + seconds * 1000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > limit) throw error;
      await sleep(500);
    }
  }
}

/** A container spec that sleeps or serves in the image with traffic tools, and ends at once. */
export const podSpec = (command: readonly string[], node?: string, cpu = "0"): object => ({
  ...(node === undefined ? {} : { nodeName: node }),
  terminationGracePeriodSeconds: 0,
  containers: [
    {
      name: "c",
      image: "localhost/seam/traffic:dev",
      command,
      resources: { requests: { cpu } },
    },
  ],
});

/** A pod of namespace `faults`. */
export const pod = (name: string, labels: object, spec: object): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: lab, labels },
  spec,
});

/** The first address of a pod of namespace `faults`. */
export const addressOf = async (name: string): Promise<string> =>
  kubectl("-n", lab, "get", "pod", name, "-o", "jsonpath={.status.podIP}");

/** Pids, inside a node, of what `pgrep` finds. */
async function pidsOf(node: string, ...search: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await labExec(lab, node, ["pgrep", ...search]);
  return stdout.split("\n").filter((line) => line !== "");
}

/** Sends a signal to what `pgrep` finds on a node; how many there were. */
export async function signal(
  name: "KILL" | "INT",
  node: string,
  search: readonly string[],
): Promise<number> {
  const pids = await pidsOf(node, ...search);
  if (pids.length > 0) await labExec(lab, node, ["kill", `-${name}`, ...pids]);
  return pids.length;
}

/** A program in the namespaces of a pod, started from its node: neither API server nor runtime stands between. */
export async function inPodOf(
  { node, sleeping }: { readonly node: string; readonly sleeping: string },
  command: readonly string[],
): Promise<ChildProcess & { readonly output: Promise<string>; readonly code: Promise<unknown> }> {
  const [pid = ""] = await pidsOf(node, "-f", `sleep ${sleeping}`);
  const argv = labExecArgv(lab, node, ["nsenter", "-t", pid, "-n", "-m", "--", ...command]);
  const child = spawn(argv[0] ?? "", argv.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
  const code = once(child, "close").then(([status]: unknown[]) => status);
  return Object.assign(child, { output: text(child.stdout), code });
}

type Item = { readonly spec: Spec; readonly status: { readonly podIPs?: readonly Ip[] } };
type Spec = { readonly nodeName?: string; readonly hostNetwork?: boolean };
type Ip = { readonly ip: string };

/** What a node has of pods' network: addresses with a route, and how many of each other thing. */
export type Footprint = {
  readonly addresses: readonly string[];
  readonly links: number;
  readonly neighbours: number;
  readonly records: number;
  readonly namespaces: number;
};

const lines = (output: string): readonly string[] =>
  output.split("\n").filter((each) => each !== "");

/** What is on a node. */
export async function footprint(node: string): Promise<Footprint> {
  const routes = lines(
    await onNode(node, "{ ip route; ip -6 route; } | grep 'dev seam' | grep -v ^fe80"),
  );
  const neighbours = lines(await onNode(node, "ip neigh show nud permanent | grep 'dev seam'"));
  const metric = await onNode(node, "curl -s localhost:9811/metrics | grep ^seam_pod_interfaces");
  return {
    addresses: routes.map((line) => line.split(" ")[0] ?? "").toSorted(),
    links: lines(await onNode(node, "ip -o link | grep 'seam[0-9a-f]*@'")).length,
    neighbours: neighbours.length,
    records: Number(metric.split(" ")[1]),
    namespaces: lines(await onNode(node, "ls /run/netns")).length,
  };
}

/** What should be on a node: the pods that the API server knows there, and no more. */
export async function needed(node: string): Promise<Footprint> {
  const all: { readonly items: readonly Item[] } = JSON.parse(
    await kubectl("get", "pods", "-A", "-o", "json", "--field-selector", `spec.nodeName=${node}`),
  );
  const items = all.items.filter(({ spec }) => spec.hostNetwork !== true);
  const addresses = items.flatMap(({ status }) => (status.podIPs ?? []).map(({ ip }) => ip));
  const count = items.length;
  return {
    addresses: addresses.toSorted(),
    links: count,
    neighbours: addresses.length,
    records: count,
    namespaces: count,
  };
}

/** How many pods' networks could not be made, by the events of namespace `faults`. */
export async function failedSandboxes(): Promise<number> {
  const selector = "reason=FailedCreatePodSandBox";
  const counts = 'jsonpath={range .items[*]}{.count}{"\\n"}{end}';
  const out = await kubectl("-n", lab, "get", "events", "--field-selector", selector, "-o", counts);
  return lines(out).reduce((sum, count) => sum + Number(count), 0);
}

/** Tells a figure of a test; it stands in the output of the run. */
export const tell = (line: string): void => {
  process.stdout.write(`faults: ${line}\n`);
};
