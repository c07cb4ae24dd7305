/** Runs one program to its end. The only place of the lab that waits for a foreign program. */
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";

/** How a program ended. */
export type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs `argv`; a non-zero exit code is an outcome, not an exception. */
export async function run(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly stdinFile?: string } = {},
): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const child = spawn(argv[0] ?? "", argv.slice(1), {
    cwd: options.cwd ?? "/",
    stdio: ["pipe", "pipe", "pipe"],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.on("error", () => {});
  child.on("error", reject);
  child.on("close", (code) => {
    resolve({
      code: code ?? 128,
      stdout: Buffer.concat(out).toString(),
      stderr: Buffer.concat(err).toString(),
    });
  });
  if (options.stdinFile === undefined) child.stdin.end();
  else createReadStream(options.stdinFile).on("error", reject).pipe(child.stdin);
  return promise;
}

/** Runs `argv` and returns what it printed; throws with its error text when it fails. */
export async function mustRun(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly stdinFile?: string } = {},
): Promise<string> {
  const outcome = await run(argv, options);
  if (outcome.code !== 0) {
    throw new Error(
      `\`${argv.join(" ").slice(0, 300)}\` ended with ${outcome.code}: ${outcome.stderr.trim()}`,
    );
  }
  return outcome.stdout;
}
