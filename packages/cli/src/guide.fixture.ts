/** Runs the commands of a guide as a reader would, so that what is written works. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const root = path.resolve(import.meta.dirname, "../../..");
const execute = promisify(execFile);
const SHOWN_LINES = 10;

/** The `sh` blocks of a guide, from top to bottom, with a lab as the local one; what they printed. */
export async function runGuide(guide: string, lab: string): Promise<string> {
  const page = readFileSync(path.join(root, "docs/guide", guide), "utf8");
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block ?? "");
  if (blocks.length === 0) throw new Error(`${guide} has no commands`);
  const folder = mkdtempSync("/tmp/seam-test-guide-");
  try {
    for (const name of ["bin", "examples", "node_modules"])
      symlinkSync(path.join(root, name), path.join(folder, name));
    const environment = { ...process.env, SEAM_LAB: lab, KUBECONFIG: undefined };
    const script = ["-euxo", "pipefail", "-c", blocks.join("\n")];
    // Shorter than the test's own limit, so that what hangs is seen.
    const options = { cwd: folder, env: environment, timeout: 270_000 };
    return (await execute("bash", script, options)).stdout;
  } catch (error) {
    // The message of a command that failed begins with the whole guide; what it printed at its end tells what went wrong.
    const printed = error instanceof Error ? String(Reflect.get(error, "stderr")) : "";
    const end = printed.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n");
    throw new Error(`${guide} failed:\n${end}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The most that passed in a second, and the rate, of each pod's direction that examples/bandwidth tells of. */
export const peaksIn = (output: string): readonly (readonly [string, number])[] =>
  [...output.matchAll(/^(\S+ \S+) had at most (\S+) of (\S+) Mbit\/s$/gm)].map(
    ([, direction = "", most, rate]) => [direction, Number(most) / Number(rate)],
  );
