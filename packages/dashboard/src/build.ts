/** Builds the page's files into `dist`, with hashed names and compressed beside the plain ones; does nothing when no source has changed. */
import { createHash } from "node:crypto";
import { globSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { build } from "vite";

const home = path.resolve(import.meta.dirname, "..");
const SOURCES = ["index.html", "package.json", "public/**/*.*", "src/**/*.{ts,tsx,css}"];
/** Beside the files: the hash of what they were made of. */
const MARK = "sources.txt";
const TEXT = /\.(css|html|js|svg)$/;

/** Where the files are, which are current then; throws what the bundler says of sources that it cannot build. */
export async function buildDashboard(): Promise<string> {
  const folder = path.join(home, "dist");
  const hash = hashOfSources();
  if (markIn(folder) === hash) return folder;
  const made = `${folder}.${process.pid}`;
  await build({
    root: home,
    configFile: false,
    logLevel: "warn",
    plugins: [react()],
    build: { outDir: made, emptyOutDir: true, target: "es2023", chunkSizeWarningLimit: 1024 },
  });
  compressIn(made);
  writeFileSync(path.join(made, MARK), hash);
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
  return folder;
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  const files = globSync(SOURCES, { cwd: home, exclude: ["**/*.{test,fixture}.ts"] });
  for (const file of files.toSorted())
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(home, file)))
      .update("\0");
  return hash.digest("hex");
}

function markIn(folder: string): string | null {
  try {
    return readFileSync(path.join(folder, MARK), "utf8");
  } catch {
    return null;
  }
}

function compressIn(folder: string): void {
  for (const name of globSync("**/*", { cwd: folder }).filter((each) => TEXT.test(each))) {
    const file = path.join(folder, name);
    const bytes = readFileSync(file);
    const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}
