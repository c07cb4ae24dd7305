/** The commands of a program in the order of its help, each with the words that lead to it. Pure. */
import type { Argument, Command, Option } from "commander";
import { FIELD, KIND } from "./definition.ts";

/** A command, and the words that lead to it, such as `seam lab up`. */
export type Place = { readonly path: string; readonly command: Command };

/** A command and all below it. */
export function placesOf(command: Command, before = ""): readonly Place[] {
  const path = before === "" ? command.name() : `${before} ${command.name()}`;
  return [{ path, command }, ...command.commands.flatMap((each) => placesOf(each, path))];
}

/** The options of a command with `--help`, which every command has. */
export const optionsOf = (command: Command): readonly Option[] =>
  command.createHelp().visibleOptions(command);

/** The names of an option: -o and --output. */
export const namesOf = ({ short, long }: Option): readonly string[] =>
  [short, long].filter((name) => name !== undefined);

/** The words that may stand for an argument; none when it can be anything. */
export function wordsFor(argument: Argument, kinds: readonly string[]): readonly string[] {
  if (argument.name() === KIND || argument.name() === FIELD) return kinds;
  return argument.argChoices ?? [];
}

/** What an option or argument takes. */
export type Taken = "nothing" | "words" | "file" | "anything";

/** What an option takes. */
export function takenBy(option: Option): Taken {
  if (!option.required && !option.optional) return "nothing";
  if (option.argChoices !== undefined) return "words";
  return /<file(\.\.\.)?>/.test(option.flags) ? "file" : "anything";
}
