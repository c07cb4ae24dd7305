/**
 * What the commands are described with: shared options, examples, and actions that are loaded when they run. Descriptions load
 * nothing heavy, so that help and completion come at once.
 */
import { millis, type Millis } from "@seam/base";
import { Argument, type Command, InvalidArgumentError, Option } from "commander";

/** The lab that commands mean when none is named. */
export const defaultLab = process.env["SEAM_LAB"] ?? "seam";

/** Code of the error that says that a command was called wrongly, when its action finds it. */
export const MISUSED = "seam.misused";

/** Which cluster and which namespace. */
export type Target = {
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
};

/** Adds the options of `Target` to a command. */
export const withTarget = (command: Command): Command =>
  withCluster(command.option("-n, --namespace <name>", "namespace; default: that of the context"));

/** Adds the options that name a cluster to a command. */
export const withCluster = (command: Command): Command =>
  command
    .option("--kubeconfig <file>", "default: KUBECONFIG, else the running lab, else ~/.kube/config")
    .option("--context <name>", "context of the kubeconfig");

/** An action whose module is loaded when the command runs. */
export const later =
  <A extends unknown[]>(load: () => Promise<(...given: A) => Promise<void> | void>) =>
  async (...given: A): Promise<void> => {
    const action = await load();
    await action(...given);
  };

const shown = new WeakMap<Command, readonly string[]>();

/** Adds examples to a command's help, each a line that can be copied. */
export function withExamples(command: Command, ...lines: readonly string[]): Command {
  shown.set(command, lines);
  return command.addHelpText("after", () => `\nExamples:\n${indented(lines)}`);
}

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join("\n");

/** The examples of a command. */
export const examplesOf = (command: Command): readonly string[] => shown.get(command) ?? [];

/** The name of the argument that is a kind; completion offers the kinds for it. */
export const KIND = "kind";

/** The name of the argument that begins with a kind. */
export const FIELD = "field";

/** KIND as an argument: kind, plural or short name. */
export const kindArgument = (): Argument =>
  new Argument(`<${KIND}>`, "kind, plural or short name, such as experiment, projects, exp");

/** The option `-o` with the formats of a command; the first is the default. */
export const outputOption = (...formats: readonly [string, ...string[]]): Option =>
  new Option("-o, --output <format>", "how to print").choices(formats).default(formats[0]);

/** The option `-l`. */
export const selectorOption = (): Option =>
  new Option("-l, --selector <labels>", "only objects with these labels, such as app=web,tier!=db");

/** The option that names a lab. */
export const labOption = (): Option =>
  new Option("--name <name>", "which lab").default(defaultLab, "SEAM_LAB, else seam");

const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Parses a duration such as 90s, 2m or 1h. */
export function durationArgument(text: string): Millis {
  const [, count = "", unit = ""] = /^([1-9][0-9]*)(ms|s|m|h)$/.exec(text) ?? [];
  const scale = UNITS[unit];
  if (scale === undefined) {
    throw new InvalidArgumentError("Expected a duration in ms, s, m or h, for example 120s.");
  }
  return millis(Number(count) * scale);
}

/** Parses a whole number of at least 0. */
export function countArgument(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number, for example 20.");
}
