/** What `-f` names: a file, a folder of YAML files, or `-` for standard input. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "@seam/base";
import type { SeamError, Source } from "@seam/client";

/** Reads all sources that the words name, folders in the order of their file names. */
export function readSources(words: readonly string[]): Result<readonly Source[], SeamError> {
  const sources: Source[] = [];
  for (const word of words) {
    try {
      const files = word === "-" ? [] : filesOf(word);
      if (word === "-") sources.push({ name: "standard input", text: readFileSync(0, "utf8") });
      else if (files.length === 0)
        return err(unreadable(word, "no .yaml, .yml or .json file in it"));
      for (const name of files) sources.push({ name, text: readFileSync(name, "utf8") });
    } catch (error) {
      return err(unreadable(word, error instanceof Error ? error.message : String(error)));
    }
  }
  return ok(sources);
}

const unreadable = (word: string, why: string): SeamError => ({
  code: "BadInput",
  message: `cannot read ${word}: ${why}`,
  hint: "Name a YAML file, a folder of YAML files, or - for standard input.",
  details: [],
});

function filesOf(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .toSorted()
    .map((name) => join(path, name));
}
