/** The controller's process for tests, signed in with the rights of its manifest and no others. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kubectl } from "./nodes.fixture.ts";

/** A file of the checkout. */
export const fileOf = (path: string): string =>
  fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** A kubeconfig beside `kubeconfig` with the controller's rights, by a token of its service account. */
export async function signInAsController(kubeconfig: string): Promise<string> {
  const manifest = fileOf("deploy/seam.yaml");
  await kubectl(kubeconfig, "apply", "--server-side", "--force-conflicts", "-f", manifest);
  // No program answers them here, and without an answer a project's pod with a rate is refused.
  for (const kind of ["mutating", "validating"])
    await kubectl(kubeconfig, "delete", `${kind}webhookconfiguration`, "seam-bandwidth");
  return signInAs(kubeconfig, "seam-system", "seam-controller");
}

/** A kubeconfig beside `kubeconfig` for a service account, by a token of it. */
export async function signInAs(
  kubeconfig: string,
  namespace: string,
  account: string,
): Promise<string> {
  const token = await kubectl(kubeconfig, "create", "token", account, "-n", namespace);
  const config = JSON.parse(readFileSync(kubeconfig, "utf8"));
  config.users[0].user = { token: token.trim() };
  const limited = join(kubeconfig, "..", `kubeconfig-${account}`);
  writeFileSync(limited, JSON.stringify(config));
  return limited;
}

/** Starts the process; what it prints goes to `onOutput`. */
export function startController(
  flags: readonly string[],
  onOutput: (text: string) => void,
): ChildProcess {
  const main = fileOf("packages/controller/src/main.ts");
  const child = spawn(process.execPath, [main, "--identity=test", ...flags]);
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => onOutput(String(chunk)));
  return child;
}

/** Ends the process; its exit code. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill(signal);
  return exited;
}
