/** `seam install`: puts Seam into a cluster whose nodes can get its image. */
import { installSeam } from "@seam/client";
import { createKubeClient, loadConfig } from "@seam/kube";
import type { Command } from "commander";

type InstallFlags = {
  readonly image: string;
  readonly kubeconfig?: string;
  readonly context?: string;
};

async function install({ image, kubeconfig, context }: InstallFlags): Promise<void> {
  const config = loadConfig({
    ...(kubeconfig === undefined ? {} : { path: kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  if (!config.ok) throw new Error(config.error);
  const client = createKubeClient(config.value);
  try {
    const progress = installSeam(client, { image });
    let step = await progress.next();
    for (; step.done !== true; step = await progress.next())
      process.stdout.write(`${step.value}\n`);
    if (!step.value.ok) throw new Error(step.value.error.message);
  } finally {
    client.close();
  }
}

/** Adds `install` to the program. */
export function addInstallCommand(program: Command): void {
  program
    .command("install")
    .description("put Seam into a cluster, or bring it to this version")
    .requiredOption(
      "--image <reference>",
      "image with agent and controller, which the nodes can get",
    )
    .option("--kubeconfig <file>", "kubeconfig; default: KUBECONFIG or ~/.kube/config")
    .option("--context <name>", "context of the kubeconfig")
    .action(install);
}
