/** The reference of the command line as a page of Markdown, made from the program. Pure. */
import type { Command } from "commander";
import { optionsOf, type Place, placesOf } from "./command-tree.ts";
import { examplesOf } from "./definition.ts";
import { ENVIRONMENT, EXIT_CODES } from "./program.ts";

/** The whole page. */
export function referencePage(program: Command, kinds: readonly string[]): string {
  const [whole, ...places] = placesOf(program);
  return `${[
    "# Reference of the command line",
    "This page is made from the program itself, which says the same with `--help`. How the commands work together is in [the guide](../guide/command-line.md).",
    ...(whole === undefined ? [] : [synopsis(whole)]),
    tableOf(["exit code", "meaning"], EXIT_CODES),
    tableOf(["environment", "meaning"], ENVIRONMENT),
    `Words for KIND, in any case: ${kinds.map((kind) => `\`${kind}\``).join(", ")}.`,
    ...places.map(section),
  ].join("\n\n")}\n`;
}

const section = (place: Place): string => {
  const { path, command } = place;
  const help = command.createHelp();
  const parts = [
    `## ${path}`,
    sentence(command.description()),
    synopsis(place),
    tableOf(
      ["argument", "meaning"],
      command.registeredArguments.map((argument) => [
        help.argumentTerm(argument),
        help.argumentDescription(argument),
      ]),
    ),
    tableOf(
      ["option", "meaning"],
      optionsOf(command).map((option) => [option.flags, help.optionDescription(option)]),
    ),
    tableOf(
      ["command", "meaning"],
      command.commands.map((each) => [each.name(), each.description()]),
    ),
    examples(command),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
};

const synopsis = ({ path, command }: Place): string =>
  fenced([`${path} ${command.usage()}`.trimEnd()]);

const examples = (command: Command): string => {
  const lines = examplesOf(command);
  return lines.length === 0 ? "" : `Examples:\n\n${fenced(lines)}`;
};

const fenced = (lines: readonly string[]): string => ["```text", ...lines, "```"].join("\n");

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;

function tableOf(
  head: readonly [string, string],
  rows: readonly (readonly [string, string])[],
): string {
  if (rows.length === 0) return "";
  const body = rows.map(
    ([name, text]) => `| \`${name}\` | ${text.replaceAll("|", String.raw`\|`)} |`,
  );
  return [`| ${head[0]} | ${head[1]} |`, "|---|---|", ...body].join("\n");
}
