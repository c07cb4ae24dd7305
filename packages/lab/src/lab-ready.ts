/** Waits until a lab is of use: every node Ready, and a name of the cluster answered by its DNS. */
import { createKubeClient, type KubeClient, readKubeconfig } from "@seam/kube";

import { listNodes } from "./api-client.ts";
import { run } from "./command.ts";
import { corednsIsAvailable } from "./coredns.ts";
import { forwarderPort } from "./forwarder.ts";
import { familyOf, labFolders, preferred, ranges } from "./layout.ts";
import { existingLab } from "./made-lab.ts";
import { waitUntil } from "./processes.ts";

const ask = `const { Resolver } = require("node:dns").promises;
const resolver = new Resolver({ timeout: 500, tries: 1 });
resolver.setServers([process.argv[1]]);
resolver.resolve("kubernetes.default.svc.cluster.local", process.argv[2]).then(() => process.exit(0), () => process.exit(1));`;

/** Yields one line per thing that became ready; throws when one does not in time. */
export async function* labReady(name: string): AsyncGenerator<string> {
  const { state } = labFolders(name);
  const lab = existingLab(name);
  const access = { port: forwarderPort(state) ?? 0, pki: `${state}/pki` };
  const count = lab.nodes.length;
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
  const dns = preferred(lab, ranges.dns);
  await waitUntil(`DNS at ${dns} to answer on node n1`, 30, async () => dnsAnswers(name, dns));
  yield "DNS answers";
}

/** A client of a lab, as its administrator. */
export function openClient(kubeconfig: string): KubeClient {
  const config = readKubeconfig(kubeconfig);
  if (!config.ok) throw new Error(config.error);
  return createKubeClient(config.value);
}

/** Whether the service of the API server, which has the cluster's preferred family, has an address. */
async function dnsAnswers(name: string, server: string): Promise<boolean> {
  const netns = `--net=/run/netns/seam-${name}-n1`;
  const record = familyOf(server) === "ipv4" ? "A" : "AAAA";
  const node = [process.execPath, "-e", ask, server, record];
  return (await run(["nsenter", netns, "--", ...node])).code === 0;
}
