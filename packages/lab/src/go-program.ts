/**
 * The Go that builds the tools: the one on PATH when it is new enough, else the toolchain that Go itself
 * distributes as a module, which any older Go (Debian's, say) can download.
 */
import { chmodSync, globSync } from "node:fs";
import path from "node:path";

import { cacheFolder } from "./cache.ts";
import { mustRun, run } from "./command.ts";

/** Oldest Go that `tools/go/go.mod` accepts. */
const oldest = [1, 26] as const;
const toolchain = "1.26.8";

/** Path of a Go that is new enough; downloads it when there is none. */
export async function goProgram(): Promise<string> {
  const found = await versionOnPath();
  if (found === null) {
    throw new Error(
      "Go is needed to build Kubernetes: install it, for example with: apt-get install golang-go",
    );
  }
  return isNewEnough(found) ? "go" : downloadToolchain();
}

/** Whether a text such as `go version go1.26.8 linux/amd64` names a version that is new enough. */
export function isNewEnough(text: string): boolean {
  const [, major = "0", minor = "0"] = /go(\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1]);
}

async function versionOnPath(): Promise<string | null> {
  try {
    const { code, stdout } = await run(["go", "version"]);
    return code === 0 ? stdout : null;
  } catch {
    return null;
  }
}

async function downloadToolchain(): Promise<string> {
  process.stdout.write(
    `seam: Go on PATH is older than 1.${oldest[1]}; fetching Go ${toolchain} as a module\n`,
  );
  const processor = process.arch === "arm64" ? "arm64" : "amd64";
  const module = `golang.org/toolchain@v0.0.1-go${toolchain}.linux-${processor}`;
  const modules = path.join(cacheFolder(), "go-toolchain");
  const environment = ["env", `GOMODCACHE=${modules}`, "GOFLAGS=-modcacherw"];
  // Not in tools/go: the old Go could not read a go.mod that is too new for it.
  await mustRun([...environment, "go", "mod", "download", module], { cwd: "/" });
  // A module's files are never executable; the go command does the same when it switches toolchains.
  const root = path.join(modules, module);
  const programs = globSync(["bin/*", `pkg/tool/linux_${processor}/*`], { cwd: root });
  for (const program of programs) chmodSync(path.join(root, program), 0o755);
  return path.join(root, "bin/go");
}
