/** Runs a program's command line to its end. Exit codes: 0 done, 1 failed, 2 wrong usage; `exec` has that of its command. */
import { type Command, CommanderError } from "commander";
import { MISUSED } from "./definition.ts";

/** Parses the arguments of the process and runs the command that they name; what fails is told on standard error. */
export async function runProgram(program: Command): Promise<void> {
  // A reader that has seen enough, such as `head`, closes the pipe.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // All others Commander has told itself.
      if (error.code === MISUSED) process.stderr.write(`error: ${error.message}\n`);
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else {
      process.stderr.write(`seam: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    }
  }
}
