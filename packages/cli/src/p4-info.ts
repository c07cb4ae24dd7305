/** `seam p4 info`: what a control plane is told of a program, and the entries that the program has. */
import { writeFileSync } from "node:fs";
import { ok } from "@seam/base";
import {
  analyse,
  entriesOf,
  type P4Info,
  p4InfoOf,
  protoJson,
  protoText,
  type WriteRequest,
} from "@seam/p4";
import { type PreprocessOptions, programFiles, tell } from "./p4.ts";

type Format = "text" | "json" | "binary";

type Options = PreprocessOptions & {
  readonly format: Format;
  readonly out?: string;
  readonly entries?: string;
};

/** The action of `seam p4 info`. */
export async function infoOfFile(name: string, options: Options): Promise<void> {
  const { include: folders, define: defines, json } = options;
  const { program, tree, diagnostics } = analyse(name, { sources: programFiles, folders, defines });
  tell(diagnostics);
  if (program === undefined || tree === undefined) return;
  const format = json === true ? "json" : options.format;
  const info = p4InfoOf(program, tree);
  const entries = options.entries === undefined ? ok(undefined) : entriesOf(program, tree);
  if (!info.ok) fail(name, info.error);
  else if (!entries.ok) fail(name, entries.error);
  else await write({ info: info.value, entries: entries.value }, { ...options, format });
}

function fail(name: string, message: string): void {
  process.stderr.write(message.startsWith(`${name}:`) ? `${message}\n` : `${name}: ${message}\n`);
  process.exitCode = 1;
}

type Told = { readonly info: P4Info; readonly entries: WriteRequest | undefined };

async function write(
  { info, entries }: Told,
  { format, out, entries: file }: Options,
): Promise<void> {
  const bytes = await infoBytes(info, format);
  if (out === undefined) process.stdout.write(bytes);
  else writeFileSync(out, bytes);
  if (file !== undefined && entries !== undefined)
    writeFileSync(file, await entryBytes(entries, format));
}

/** Only bytes need the code of the services. */
async function infoBytes(info: P4Info, format: Format): Promise<string | Uint8Array> {
  if (format !== "binary") return written(info, format);
  const { p4InfoBytes } = await import("@seam/wire");
  return p4InfoBytes(protoJson(info));
}

async function entryBytes(entries: WriteRequest, format: Format): Promise<string | Uint8Array> {
  if (format !== "binary") return written(entries, format);
  const { writeRequestBytes } = await import("@seam/wire");
  return writeRequestBytes(protoJson(entries));
}

const written = (message: P4Info | WriteRequest, format: "text" | "json"): string =>
  format === "json" ? `${protoJson(message)}\n` : protoText(message);
