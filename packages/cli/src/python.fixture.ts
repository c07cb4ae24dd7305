/** The Python client as the guide installs it, into a folder of the cache that is made anew when a source of it changed. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "@seam/lab";
import { fileOf } from "./chart.fixture.ts";

const execute = promisify(execFile);

/** The blocks of the guide in a language, from top to bottom. */
export function blocksOf(language: "python" | "sh"): readonly string[] {
  const page = readFileSync(fileOf("docs/guide/python.md"), "utf8");
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  return blocks.filter(([, found]) => found === language).map(([, , block]) => block ?? "");
}

/** The interpreter that has the client. */
export async function installedPython(): Promise<string> {
  const folders = path.join(cacheFolder(), "python-client");
  const folder = path.join(folders, key());
  const finished = path.join(folder, "finished");
  const python = path.join(folder, "seam-python/bin/python");
  if (existsSync(finished)) return python;
  // Nothing else of the folder is of use: the client was another.
  rmSync(folders, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  symlinkSync(fileOf("clients"), path.join(folder, "clients"));
  await execute("bash", ["-euo", "pipefail", "-c", blocksOf("sh").join("\n")], { cwd: folder });
  rmSync(path.join(folder, "clients"));
  writeFileSync(finished, "");
  return python;
}

function key(): string {
  const hash = createHash("sha256").update(readFileSync(fileOf("docs/reference/openapi.json")));
  const files = globSync("**/*.{py,toml,yaml,md}", { cwd: fileOf("clients/python") }).toSorted();
  for (const file of files)
    hash.update(file).update(readFileSync(fileOf(`clients/python/${file}`)));
  return hash.update(blocksOf("sh").join("\n")).digest("hex").slice(0, 12);
}
