/** Installs the Debian packages that Seam needs, in one call that is named before it runs. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";

import { debianPackages } from "@seam/lab";

const isInstalled = (name: string): boolean =>
  spawnSync("dpkg-query", ["-W", "-f=${db:Status-Status}", name], {
    encoding: "utf8",
  }).stdout === "installed";

const isOnPath = (program: string): boolean =>
  spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

const fail = (message: string): never => {
  console.error(`seam: ${message}`);
  process.exit(1);
};

/** Runs a command with its output shown; ends the program when it fails. */
function show(command: string, parameters: readonly string[]): void {
  console.log(`seam: ${command} ${parameters.join(" ")}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status } = spawnSync(command, parameters, { stdio: "inherit", env: environment });
  if (status !== 0) fail(`${command} failed; run the command above by hand to see why.`);
}

/** Installs what is missing; says what to run and exits 1 without root. A second run does nothing. */
export function installSystemPackages(): void {
  if (process.getuid?.() !== 0) {
    const task = process.env["npm_lifecycle_event"] ?? "start";
    fail(`root is needed to make network namespaces. Run: sudo npm run ${task}`);
  }
  const missing = [...debianPackages, ...(isOnPath("go") ? [] : ["golang-go"])].filter(
    (name) => !isInstalled(name),
  );
  if (missing.length === 0) return;
  console.log(`seam: Debian packages missing: ${missing.join(" ")}`);
  if (missing.includes("postgresql-15")) keepDebianFromMakingCluster();
  show("apt-get", ["update", "-qq"]);
  show("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing]);
}

/** The store's tests start PostgreSQL themselves: Debian's package would also make a cluster of its own and start it. */
function keepDebianFromMakingCluster(): void {
  const folder = "/etc/postgresql-common/createcluster.d";
  const file = `${folder}/seam.conf`;
  if (existsSync(file)) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, "create_main_cluster = false\n");
}
