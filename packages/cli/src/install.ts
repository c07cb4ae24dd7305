/**
 * `seam install` and `seam uninstall`: puts Seam into a cluster whose nodes can get its image, and takes it out again;
 * `seam image`: that image.
 */
import { copyFileSync } from "node:fs";

import type { Result } from "@seam/base";
import { installSeam, uninstallSeam } from "@seam/client";
import { createKubeClient, type KubeClient, type KubeError, loadConfig } from "@seam/kube";
import { goTools, labImage } from "@seam/lab";
import type { Command } from "commander";

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

async function writeImage(file: string): Promise<void> {
  const { archive, reference } = await labImage("seam", await goTools());
  copyFileSync(archive, file);
  process.stdout.write(`${file} holds ${reference}\n`);
}

/** Adds `install`, `uninstall` and `image` to the program. */
export function addInstallCommands(program: Command): void {
  const add = (name: string, text: string): Command =>
    program
      .command(name)
      .description(text)
      .option("--kubeconfig <file>", "kubeconfig; default: KUBECONFIG or ~/.kube/config")
      .option("--context <name>", "context of the kubeconfig");
  add("install", "put Seam into a cluster, or bring it to this version")
    .requiredOption(
      "--image <reference>",
      "image with agent and controller, which the nodes can get",
    )
    .action(async ({ image, ...cluster }: Cluster & { readonly image: string }) =>
      withProgress(cluster, (client) => installSeam(client, { image })),
    );
  add("uninstall", "take Seam out of a cluster; its kinds and running pods stay").action(
    async (cluster: Cluster) => withProgress(cluster, (client) => uninstallSeam(client)),
  );
  program
    .command("image <file>")
    .description("write the image of agent and controller as an archive, as docker save would")
    .action(writeImage);
}
