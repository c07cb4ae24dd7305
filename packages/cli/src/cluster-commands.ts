/** How the commands on a whole cluster are called: install, uninstall, image, node, doctor, version. */
import { Argument, type Command } from "commander";
import { later, outputOption, withCluster, withExamples, withTarget } from "./definition.ts";

/** Adds the commands to the program. */
export function addClusterCommands(program: Command): void {
  addNode(program);
  addInstall(program);
  addDoctor(program);
  addVersion(program);
}

function addNode(program: Command): void {
  withExamples(
    withTarget(
      program
        .command("node")
        .description("what a node should look like, what it looks like, and the steps between"),
    )
      .argument("<node>", "name of the node")
      .addOption(outputOption("table", "json", "yaml"))
      .action(later(async () => (await import("./node.ts")).node)),
    "seam node n2",
  );
}

function addInstall(program: Command): void {
  const add = (name: string, text: string): Command =>
    program
      .command(name)
      .description(text)
      .option("--kubeconfig <file>", "kubeconfig; default: KUBECONFIG or ~/.kube/config")
      .option("--context <name>", "context of the kubeconfig");
  withExamples(
    add("install", "put Seam into a cluster, or bring it to this version")
      .requiredOption(
        "--image <reference>",
        "image with agent and controller, which the nodes can get",
      )
      .action(later(async () => (await import("./install.ts")).install)),
    "seam install --image localhost/seam/seam:dev",
  );
  withExamples(
    add("uninstall", "take Seam out of a cluster; its kinds and running pods stay").action(
      later(async () => (await import("./install.ts")).uninstall),
    ),
    "seam uninstall --kubeconfig cluster.yaml",
  );
  withExamples(
    program
      .command("image <file>")
      .description("write an image of Seam as an archive, as docker save would")
      .option("--server", "that of the API server, in place of that of agent and controller")
      .action(later(async () => (await import("./install.ts")).writeImage)),
    "seam image seam.tar",
    "seam image server.tar --server",
  );
}

function addDoctor(program: Command): void {
  withExamples(
    program
      .command("doctor")
      .description("what this machine lacks for a lab, and what the cluster lacks for Seam")
      .addArgument(
        new Argument(
          "[area]",
          "one of the two; default: the machine, and the cluster when one is named",
        ).choices(["machine", "cluster"]),
      )
      .option("--kubeconfig <file>", "the cluster; default: KUBECONFIG, else the local lab")
      .option("--context <name>", "context of the kubeconfig")
      .addOption(outputOption("table", "json"))
      .action(later(async () => (await import("./doctor.ts")).doctor)),
    "seam doctor",
    "seam doctor cluster -o json",
  );
}

function addVersion(program: Command): void {
  withExamples(
    withCluster(
      program
        .command("version")
        .description("versions of this program, of Kubernetes and of the Seam in the cluster"),
    )
      .option("--client", "of this program alone; no cluster is asked")
      .addOption(outputOption("table", "json"))
      .action(later(async () => (await import("./versions.ts")).version)),
    "seam version",
    "seam version --client",
  );
}
