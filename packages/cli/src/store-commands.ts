/** How `seam store` is called. */
import type { Command } from "commander";
import { later, outputOption, withExamples } from "./definition.ts";

/** Adds `store` and its commands to the program. */
export function addStoreCommands(program: Command): void {
  const store = program
    .command("store")
    .description("the PostgreSQL in which Seam keeps revisions, events, logs, audit and results");
  const add = (usage: string, text: string): Command =>
    withStore(store.command(usage).description(text));
  withExamples(
    add("status", "where the store is, how far its schema is, and what it keeps for how long")
      .addOption(outputOption("table", "json"))
      .action(later(async () => (await import("./store.ts")).status)),
    "seam store status",
    "seam store status --url-file /etc/seam/database-url -o json",
  );
  withExamples(
    add("migrate", "bring the schema to the newest step, or to one that is named")
      .option("--to <step>", "a step that seam store status names, or nothing")
      .option("--discard", "go back, and lose the rows that only later steps have")
      .action(later(async () => (await import("./store.ts")).migrate)),
    "seam store migrate",
    "seam store migrate --to 0003-journal --discard",
  );
  withExamples(
    add("backup <file>", "write everything into a new file, while others work on").action(
      later(async () => (await import("./store.ts")).backup),
    ),
    "seam store backup seam-store.backup",
  );
  withExamples(
    add("restore <file>", "read a backup into an empty store, of either kind").action(
      later(async () => (await import("./store.ts")).restore),
    ),
    "seam store restore seam-store.backup --directory /srv/seam/store",
  );
  withExamples(store, "seam store status", "seam store backup seam-store.backup");
}

/** Adds the options that name a store to a command. */
export const withStore = (command: Command): Command =>
  command
    .option(
      "--directory <directory>",
      "the embedded PostgreSQL's; default: SEAM_STORE_DIRECTORY, else /var/lib/seam/store",
    )
    .option(
      "--url-file <file>",
      "file that holds the URL of another PostgreSQL, 15 or later; default: SEAM_DATABASE_URL",
    );
