/** Flags of a program's command line. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { err, ok, type Result } from "@seam/base";

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
