/** Programs that run for minutes: their output goes to a log, and lines say how far they are. */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";

/** With what a program runs, and where its output goes. */
export type ProgramPlace = {
  readonly environment: NodeJS.ProcessEnv;
  /** The file of its output, written anew. */
  readonly log: string;
  /** What it writes to its standard output once for each part that is done. */
  readonly mark: RegExp;
};

/** A program that was started. */
export type LoggedProgram = {
  /** Its exit status; null when a signal ended it. Rejects when it cannot be started. */
  readonly ended: Promise<number | null>;
  /** Parts that are done so far. */
  readonly done: () => number;
};

/** Starts a program. */
export function startLogged(
  [program = "", ...parameters]: readonly string[],
  { environment, log: file, mark }: ProgramPlace,
): LoggedProgram {
  const log = createWriteStream(file);
  const child = spawn(program, parameters, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let done = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    done += text.split(mark).length - 1;
    log.write(text);
  });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => {
      log.end(() => resolve(code));
    });
  });
  return { ended, done: () => done };
}

/** Every 15 s how many parts are done and after how many seconds, as `tell` puts it; until the program ends. */
export async function* progressOf(
  { ended, done }: LoggedProgram,
  tell: (done: number, seconds: number) => string,
): AsyncGenerator<string> {
  const started = performance.now();
  const pause = async (): Promise<"running"> =>
    new Promise((resolve) => {
      setTimeout(() => resolve("running"), 15_000).unref();
    });
  while ((await Promise.race([ended, pause()])) === "running") {
    yield tell(done(), Math.round((performance.now() - started) / 1000));
  }
}
