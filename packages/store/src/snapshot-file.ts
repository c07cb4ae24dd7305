/**
 * The form of a backup: gzip of lines. Each is a word, a tab and JSON; the first says what the file is, then comes a line for each row, as
 * PostgreSQL writes it, and the last has a hash of all before. So a file that is cut or changed is known before anything is written.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, open, rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { ok, type Result } from "@seam/base";
import { failure, fieldOf, messageOf, type StoreError } from "./error.ts";

/** What is said of a backup before its rows. */
export type Head = {
  readonly format: "seam-store";
  readonly formatVersion: 1;
  /** The step of the schema that its rows have. */
  readonly migration: string;
  readonly madeAt: string;
  /** Columns of each table. */
  readonly columns: { readonly [table: string]: readonly string[] };
};

type Line = { readonly word: string; readonly json: string };

const HEAD = "#seam-store";
const END = "#end";

/** Writes a backup, whole or not at all; `rows` gives its lines. */
export async function writeBackup(
  file: string,
  head: Head,
  rows: AsyncIterable<Line>,
): Promise<number> {
  const unfinished = `${file}.partial`;
  const target = await open(unfinished, "w", 0o600);
  try {
    await chmod(unfinished, 0o600);
    let count = 0;
    const lines = async function* (): AsyncGenerator<string> {
      const hash = createHash("sha256");
      const said = `${HEAD}\t${JSON.stringify(head)}\n`;
      hash.update(said);
      yield said;
      for await (const { word, json } of rows) {
        const line = `${word}\t${json}\n`;
        hash.update(line);
        count += 1;
        yield line;
      }
      yield `${END}\t${JSON.stringify({ rows: count, sha256: hash.digest("hex") })}\n`;
    };
    await pipeline(lines, createGzip(), target.createWriteStream({ flush: true }));
    await rename(unfinished, file);
    return count;
  } catch (error) {
    await target.close().catch(() => undefined);
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Refuses a name that is taken. */
export const isTaken = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Reads a backup to its end and checks it. */
export async function checkBackup(file: string): Promise<Result<Head, StoreError>> {
  try {
    const { head, end, wanted } = await scan(file);
    if (head?.word !== HEAD)
      return failure("invalid", `${file}: expected a backup of Seam's store`);
    if (end?.json !== wanted) return damaged(file, "its end is missing or does not fit");
    const read: Head = JSON.parse(head.json);
    if (read.formatVersion === 1) return ok(read);
    return failure("refused", `${file} was made by a newer Seam; restore it with that`);
  } catch (error) {
    if (fieldOf(error, "code").startsWith("E")) return failure("invalid", messageOf(error));
    return damaged(file, messageOf(error));
  }
}

type Scan = {
  readonly head: Line | null;
  readonly end: Line | null;
  /** What the end must say. */
  readonly wanted: string;
};

async function scan(file: string): Promise<Scan> {
  const hash = createHash("sha256");
  let head: Line | null = null;
  let end: Line | null = null;
  let rows = -1;
  for await (const line of linesOf(file)) {
    if (end !== null) throw new Error("something follows its end");
    if (line.word === END) end = line;
    else {
      head ??= line;
      rows += 1;
      hash.update(`${line.word}\t${line.json}\n`);
    }
  }
  return { head, end, wanted: JSON.stringify({ rows, sha256: hash.digest("hex") }) };
}

const damaged = (file: string, why: string): ReturnType<typeof failure> =>
  failure("invalid", `${file} is damaged: ${why}. Nothing was restored`);

/** The rows of a backup that was checked. */
export async function* rowsOf(file: string): AsyncGenerator<Line> {
  for await (const line of linesOf(file)) {
    if (line.word !== HEAD && line.word !== END) yield line;
  }
}

async function* linesOf(file: string): AsyncGenerator<Line> {
  const source = createReadStream(file);
  const plain = createGunzip();
  source.on("error", (error) => plain.destroy(error));
  source.pipe(plain);
  // Not by readline: that also ends lines at U+2028, which JSON may hold.
  let rest = Buffer.alloc(0);
  for await (const chunk of plain) {
    if (!Buffer.isBuffer(chunk)) continue;
    const parts: Buffer[] = splitLines(Buffer.concat([rest, chunk]));
    rest = Buffer.from(parts.pop() ?? "");
    yield* parts.map(lineOf);
  }
  if (rest.length > 0) yield lineOf(rest);
}

function splitLines(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let begin = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, begin)) {
    parts.push(bytes.subarray(begin, end));
    begin = end + 1;
  }
  return [...parts, bytes.subarray(begin)];
}

function lineOf(bytes: Buffer): Line {
  const line = bytes.toString();
  const tab = line.indexOf("\t");
  return { word: line.slice(0, tab), json: line.slice(tab + 1) };
}
