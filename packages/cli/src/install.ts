/**
 * `seam install` and `seam uninstall`: puts Seam into a cluster whose nodes can get its image, and takes it out again;
 * `seam image`: that image.
 */
import { copyFileSync } from "node:fs";

import type { Result } from "@seam/base";
import { installSeam, uninstallSeam } from "@seam/client";
import { createKubeClient, type KubeClient, type KubeError, loadConfig } from "@seam/kube";
import { goTools, labImage } from "@seam/lab";

type Cluster = { readonly kubeconfig?: string; readonly context?: string };

type Work = (client: KubeClient) => AsyncGenerator<string, Result<void, KubeError>>;

/** Does `work` on the cluster and prints what it tells; throws when it fails. */
async function withProgress({ kubeconfig, context }: Cluster, work: Work): Promise<void> {
  const config = loadConfig({
    ...(kubeconfig === undefined ? {} : { path: kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  if (!config.ok) throw new Error(config.error);
  const client = createKubeClient(config.value);
  try {
    const progress = work(client);
    let step = await progress.next();
    for (; step.done !== true; step = await progress.next())
      process.stdout.write(`${step.value}\n`);
    if (!step.value.ok) throw new Error(step.value.error.message);
  } finally {
    client.close();
  }
}

/** The action of `seam image`. */
export async function writeImage(
  file: string,
  { server }: { readonly server?: boolean },
): Promise<void> {
  const name = server === true ? "server" : "seam";
  const { archive, reference } = await labImage(name, await goTools());
  copyFileSync(archive, file);
  process.stdout.write(`${file} holds ${reference}\n`);
}

/** The action of `seam install`. */
export const install = async ({
  image,
  ...cluster
}: Cluster & { readonly image: string }): Promise<void> =>
  withProgress(cluster, (client) => installSeam(client, { image }));

/** The action of `seam uninstall`. */
export const uninstall = async (cluster: Cluster): Promise<void> =>
  withProgress(cluster, (client) => uninstallSeam(client));
