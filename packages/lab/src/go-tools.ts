/**
 * Builds the upstream programs that `tools/go/go.mod` pins, once: they are kept in the cache folder
 * under a key made of that module's files and the Go version.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync } from "node:fs";
import path from "node:path";

import { cacheFolder } from "./cache.ts";
import { goProgram } from "./go-program.ts";

const module = path.resolve(import.meta.dirname, "../../../tools/go");
const linkerFlags = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3";

function goVersion(go: string): string {
  const { status, stdout, stderr } = spawnSync(go, ["env", "GOVERSION"], {
    cwd: module,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${go} env GOVERSION failed: ${stderr}`);
  return stdout.trim();
}

function cacheKey(go: string): string {
  const hash = createHash("sha256").update(goVersion(go)).update(linkerFlags);
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(path.join(module, file)));
  return hash.digest("hex").slice(0, 16);
}

/** Runs the build, and says every 15 s how far it is. */
async function build(go: string, folder: string): Promise<void> {
  const started = performance.now();
  const parameters = [
    "build",
    "-v",
    "-trimpath",
    "-ldflags",
    linkerFlags,
    "-o",
    `${folder}/`,
    "tool",
  ];
  const environment = { ...process.env, CGO_ENABLED: "0" };
  const child = spawn(go, parameters, {
    cwd: module,
    env: environment,
    stdio: ["ignore", "inherit", "pipe"],
  });
  let lines = 0;
  let last = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    lines += text.split("\n").length - 1;
    last = text.trim().split("\n").at(-1) ?? last;
  });
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - started) / 1000);
    process.stdout.write(
      `seam: building Go tools: ${lines} packages in ${seconds} s, now ${last}\n`,
    );
  }, 15_000);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("exit", resolve);
  });
  clearInterval(timer);
  if (status !== 0) throw new Error(`go build ended with ${status}: ${last}`);
}

/** The folder with the built programs; builds them when the cache has none for this key. */
export async function goTools(): Promise<string> {
  const go = await goProgram();
  const folder = path.join(cacheFolder(), "go", cacheKey(go));
  if (existsSync(folder)) return folder;
  process.stdout.write(
    "seam: building Kubernetes, etcd, containerd and CoreDNS (about 10 minutes, once)\n",
  );
  mkdirSync(path.dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.`);
  await build(go, unfinished);
  renameSync(unfinished, folder);
  return folder;
}
