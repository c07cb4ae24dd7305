/** The part of `seam` that is in the server's image: the API, and its store's commands. */
import { Command } from "commander";
import { runProgram } from "./run-program.ts";
import { addServerCommand, addTokenCommand } from "./server-commands.ts";
import { addStoreCommands } from "./store-commands.ts";

const program = new Command("seam")
  .description("Seam's API server and its store; all other commands are in the checkout")
  .exitOverride()
  .showSuggestionAfterError();
addStoreCommands(program);
addServerCommand(program);
addTokenCommand(program);
await runProgram(program);
