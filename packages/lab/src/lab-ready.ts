/** Waits until a lab is of use: every node Ready, and a name of the cluster answered by its DNS. */
import { createKubeClient, type KubeClient, readKubeconfig } from "@seam/kube";

import { listNodes } from "./api-client.ts";
import { run } from "./command.ts";
import { corednsIsAvailable } from "./coredns.ts";
import { forwarderPort } from "./forwarder.ts";
import { labFolders, ranges } from "./layout.ts";
import { readText, waitUntil } from "./processes.ts";

const ask = `const { Resolver } = require("node:dns").promises;
const resolver = new Resolver({ timeout: 500, tries: 1 });
resolver.setServers([process.argv[1]]);
resolver.resolve4("kubernetes.default.svc.cluster.local").then(() => process.exit(0), () => process.exit(1));`;

/** Yields one line per thing that became ready; throws when one does not in time. */
export async function* labReady(name: string): AsyncGenerator<string> {
  const { state } = labFolders(name);
  const access = { port: forwarderPort(state) ?? 0, pki: `${state}/pki` };
  const count = Number(readText(`${state}/node-count`));
  await waitUntil(
    `${count} Ready nodes (look at: seam lab logs --name ${name} n1-kubelet)`,
    120,
    async () => (await listNodes(access)).filter((node) => node.ready).length === count,
  );
  yield `${count} nodes Ready`;
  const client = openClient(`${state}/kubeconfig`);
  try {
    await waitUntil("CoreDNS", 60, async () => corednsIsAvailable(client));
  } finally {
    client.close();
  }
  await waitUntil(`DNS at ${ranges.dns} to answer on node n1`, 30, async () => dnsAnswers(name));
  yield "DNS answers";
}

/** A client of a lab, as its administrator. */
export function openClient(kubeconfig: string): KubeClient {
  const config = readKubeconfig(kubeconfig);
  if (!config.ok) throw new Error(config.error);
  return createKubeClient(config.value);
}

async function dnsAnswers(name: string): Promise<boolean> {
  const netns = `--net=/run/netns/seam-${name}-n1`;
  return (await run(["nsenter", netns, "--", process.execPath, "-e", ask, ranges.dns])).code === 0;
}
