/** `seam`: the command line. Exit codes: 0 done, 1 failed, 2 wrong usage. */
import { Command, CommanderError } from "commander";

import { addChangingCommands } from "./changing.ts";
import { addBenchCommands } from "./bench.ts";
import { addDoctorCommand } from "./doctor.ts";
import { addInstallCommands } from "./install.ts";
import { addLabCommands } from "./lab.ts";
import { addNodeCommand } from "./node.ts";
import { addReadingCommands } from "./reading.ts";
import { addTrafficCommand } from "./traffic.ts";

const program = new Command("seam")
  .description("a programmable-network testbed on Kubernetes")
  .exitOverride()
  .showSuggestionAfterError();
addChangingCommands(program);
addReadingCommands(program);
addNodeCommand(program);
addInstallCommands(program);
addDoctorCommand(program);
addTrafficCommand(program);
addLabCommands(program);
addBenchCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`seam: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
