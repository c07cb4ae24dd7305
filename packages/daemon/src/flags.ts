/** Flags of a program's command line. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { err, ok, type Result } from "@seam/base";

import { LOG_LEVELS, type LogLevel, logLevelOf } from "./daemon.ts";

type FlagSpecs = NonNullable<ParseArgsConfig["options"]>;

/** The values of the flags by name; the error says which one is wrong, and where help is. */
export function readFlags<const F extends FlagSpecs>(
  argv: readonly string[],
  options: F,
): Result<ReturnType<typeof parseArgs<{ options: F }>>["values"], string> {
  try {
    return ok(parseArgs({ args: [...argv], options }).values);
  } catch (error) {
    return err(`${error instanceof Error ? error.message : String(error)}; see --help`);
  }
}

/** What environment variables say, under the names of the flags that they stand for. */
export const readVariables = (
  flagOf: { readonly [variable: string]: string },
  env: { readonly [variable: string]: string | undefined },
): { readonly [flag: string]: string } =>
  Object.fromEntries(
    Object.entries(flagOf).flatMap(([variable, flag]) => {
      const text = env[variable];
      return text === undefined ? [] : [[flag, text]];
    }),
  );

/** The port that a flag's text names; the error says what was expected. */
export function portFlag(flag: string, text: string): Result<number, string> {
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535
    ? ok(Number(text))
    : err(`${flag}: expected a port from 0 to 65535, for example 9810; found ${text}`);
}

/** The one of some words that a flag's text is; the error says what was expected. */
export function wordFlag<T extends string>(
  flag: string,
  text: string,
  words: readonly T[],
): Result<T, string> {
  const found = words.find((each) => each === text);
  return found === undefined
    ? err(`${flag}: expected one of ${words.join(", ")}; found ${text}`)
    : ok(found);
}

/** The level that the text of `--log-level` names; the error says what was expected. */
export function logLevelFlag(text: string): Result<LogLevel, string> {
  const level = logLevelOf(text);
  return level === null
    ? err(`--log-level: expected one of ${LOG_LEVELS.join(", ")}; found ${text}`)
    : ok(level);
}
