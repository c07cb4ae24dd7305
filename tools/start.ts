/**
 * `npm start`: the main job, as the `seam` commands that a user would type: a cluster (a lab on this machine,
 * or the one that `--kubeconfig` or KUBECONFIG names), the first experiment, and its measured traffic.
 */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";

import { root } from "./check.ts";
import { installSystemPackages } from "./setup/debian.ts";

const { values } = parseArgs({
  options: { name: { type: "string", default: "seam" }, kubeconfig: { type: "string" } },
});
const existing = values.kubeconfig ?? process.env["KUBECONFIG"];
const kubeconfig = existing ?? `/var/lib/seam-lab/${values.name}/kubeconfig`;

/** Runs one command of Seam, shown as it would be typed; the first failure ends the program. */
function seam(...words: readonly string[]): void {
  console.log(`\n$ seam ${words.join(" ")}`);
  const { status } = spawnSync(path.join(root, "bin/seam"), words, { stdio: "inherit", cwd: root });
  if (status !== 0) process.exit(status ?? 1);
}

const cluster = ["--kubeconfig", kubeconfig];
const experiment = ["first-experiment", "--namespace", "first"];

if (existing === undefined) {
  installSystemPackages();
  seam("lab", "up", "--api", "--name", values.name);
}
seam("apply", "--filename", "examples/first-experiment", ...cluster);
seam("wait", "experiment", ...experiment, "--for", "Ready", ...cluster);
seam("traffic", ...experiment, ...cluster);

const inLab = `
The dashboard:  bin/seam lab logs open --name ${values.name}
End it all:     npm run stop`;

console.log(`
What runs:      bin/seam describe experiment ${experiment.join(" ")} ${cluster.join(" ")}
A node:         bin/seam lab exec n1 --name ${values.name} -- ip route
The guide:      docs/guide/first-experiment.md${existing === undefined ? inLab : ""}`);
