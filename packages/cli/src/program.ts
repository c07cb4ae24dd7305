/** The whole command line as data: every command with its arguments, options and examples; nothing runs yet. */
import { Argument, Command } from "commander";
import { addClusterCommands } from "./cluster-commands.ts";
import { later, withExamples } from "./definition.ts";
import { addBenchCommands, addLabCommands } from "./lab-commands.ts";
import { addObjectCommands } from "./object-commands.ts";
import { VERSION } from "./package-version.ts";
import { addP4Commands } from "./p4-commands.ts";
import { addPodCommands } from "./pod-commands.ts";
import { addPolicyCommands } from "./policy-commands.ts";
import { addOpenCommand, addServerCommand, addTokenCommand } from "./server-commands.ts";
import { addStoreCommands } from "./store-commands.ts";

/** What the exit codes mean. */
export const EXIT_CODES = [
  ["0", "done"],
  ["1", "failed, and standard error says why and what to do; or the answer of seam can is no"],
  ["2", "wrong usage: an unknown command, option, kind or value"],
  ["other", "seam exec and seam lab exec end with the exit code of the command they ran"],
] as const;

/** What of the environment matters. */
export const ENVIRONMENT = [
  ["KUBECONFIG", "the kubeconfig, when --kubeconfig does not name one"],
  [
    "SEAM_DATABASE_URL",
    "URL of the store's PostgreSQL, when neither --directory nor --url-file is given",
  ],
  ["SEAM_STORE_DIRECTORY", "where the store's embedded PostgreSQL is, when neither is named"],
  ["SEAM_LAB", "the lab that commands mean, when --name does not name one; otherwise seam"],
  ["NO_COLOR", "no colours; a file or a pipe never gets any"],
] as const;

/** The shells that completions are made for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

const rows = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.map(([name, text]) => `  ${name.padEnd(22)}${text}`).join("\n");

/** The program; parsing arguments with it runs a command. */
export function createProgram(): Command {
  const program = new Command("seam")
    .description("a programmable-network testbed on Kubernetes")
    .version(VERSION, "-V, --version", "print the version of this program")
    .exitOverride()
    .showSuggestionAfterError();
  addObjectCommands(program);
  addPodCommands(program);
  addPolicyCommands(program);
  addP4Commands(program);
  addClusterCommands(program);
  addStoreCommands(program);
  addServerCommand(program);
  addTokenCommand(program);
  addOpenCommand(program);
  addLabCommands(program);
  addBenchCommands(program);
  addCompletion(program);
  withExamples(
    program,
    "seam apply -f examples/first-experiment",
    "seam wait experiment first-experiment -n first",
    "seam get --help",
  );
  return program.addHelpText(
    "after",
    `\nExit codes:\n${rows(EXIT_CODES)}\n\nEnvironment:\n${rows(ENVIRONMENT)}`,
  );
}

function addCompletion(program: Command): void {
  withExamples(
    program
      .command("completion")
      .description("print a script that lets a shell complete commands, options and kinds")
      .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
      .action(later(async () => (await import("./completion.ts")).completion)),
    "source <(seam completion bash)",
    "seam completion bash > ~/.local/share/bash-completion/completions/seam",
    "seam completion zsh > ~/.zsh/completions/_seam",
    "seam completion fish > ~/.config/fish/completions/seam.fish",
  );
}
