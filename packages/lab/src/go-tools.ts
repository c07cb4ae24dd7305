/**
 * Builds the upstream programs that the modules `tools/go`, `tools/go-e2e`, `tools/go-policy-api`, `tools/go-helm`, `tools/go-kwok` and
 * `tools/go-grpcurl` pin, once: they are kept in the cache folder under a key made of a module's files and the Go version.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { cacheFolder } from "./cache.ts";
import { mustRun } from "./command.ts";
import { goProgram } from "./go-program.ts";

const tools = path.resolve(import.meta.dirname, "../../../tools");
const linkerFlags = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3";

/** A Go module that pins programs. */
type GoModule = {
  readonly folder: string;
  /** What is built, for people. */
  readonly programs: string;
  /** Builds everything into a folder. */
  readonly build: (go: string, into: string) => Promise<void>;
};

const kubernetes: GoModule = {
  folder: `${tools}/go`,
  programs: "Kubernetes, etcd, containerd and CoreDNS (about 10 minutes, once)",
  build: async (go, into) => runGo(go, kubernetes, ["build", "-v", "-o", `${into}/`, "tool"]),
};

const e2e: GoModule = {
  folder: `${tools}/go-e2e`,
  programs: "the Kubernetes end-to-end tests (about 6 minutes, once)",
  build: buildE2e,
};

const policySuite: GoModule = {
  folder: `${tools}/go-policy-api`,
  programs: "the suite of cluster-wide policies (about 3 minutes, once)",
  build: buildPolicySuite,
};

const helm: GoModule = {
  folder: `${tools}/go-helm`,
  programs: "Helm (about 3 minutes, once)",
  build: async (go, into) => runGo(go, helm, ["build", "-v", "-o", `${into}/`, "tool"]),
};

const kwok: GoModule = {
  folder: `${tools}/go-kwok`,
  programs: "kwok (about 2 minutes, once)",
  build: async (go, into) => runGo(go, kwok, ["build", "-v", "-o", `${into}/`, "tool"]),
};

const grpcurl: GoModule = {
  folder: `${tools}/go-grpcurl`,
  programs: "grpcurl (about 1 minute, once)",
  build: async (go, into) => runGo(go, grpcurl, ["build", "-v", "-o", `${into}/`, "tool"]),
};

/** The tests, and what their image holds beside Debian's programs. */
async function buildE2e(go: string, into: string): Promise<void> {
  const agnhost = "k8s.io/kubernetes/test/images/agnhost";
  const ginkgo = "github.com/onsi/ginkgo/v2/ginkgo";
  await runGo(go, e2e, ["build", "-v", "-o", `${into}/`, agnhost, ginkgo]);
  await runGo(go, e2e, ["test", "-c", "-o", `${into}/e2e.test`, "k8s.io/kubernetes/test/e2e"]);
  const source = await mustRun([go, "list", "-f", "{{.Dir}}", agnhost], { cwd: e2e.folder });
  for (const file of ["localhost.crt", "localhost.key"]) {
    copySource(path.join(source.trim(), "porter", file), into);
  }
}

/** The tests, and the definition of the kind that they are about, with all that is experimental in it. */
async function buildPolicySuite(go: string, into: string): Promise<void> {
  // On a fresh machine the module has no folder yet, which `go list` says by an empty line.
  await mustRun([go, "mod", "download", policyModule], { cwd: policySuite.folder });
  const list = [go, "list", "-m", "-f", "{{.Dir}}", policyModule];
  const source = (await mustRun(list, { cwd: policySuite.folder })).trim();
  const work = mkdtempSync(`${into}.work-`);
  try {
    const modfile = policySources(source, work);
    const out = `${into}/policy-api.test`;
    await runGo(go, policySuite, ["test", `-modfile=${modfile}`, "-c", "-o", out, "."]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const definition = "policy.networking.k8s.io_clusternetworkpolicies.yaml";
  copySource(path.join(source, "config/crd/experimental", definition), into);
}

const policyModule = "sigs.k8s.io/network-policy-api";

/** A copy of upstream's module whose probes ask first whether they are left out, and a go.mod that uses it; the path of the latter. */
function policySources(source: string, work: string): string {
  const copy = path.join(work, "module");
  for (const part of ["go.mod", "apis", "conformance", "pkg"]) {
    cpSync(path.join(source, part), path.join(copy, part), { recursive: true });
  }
  const own = path.join(copy, "conformance/utils/kubernetes");
  const helper = path.join(own, "helper.go");
  const text = readFileSync(helper, "utf8");
  const asking = text.replace(
    /^func PokeServer\(.*\{$/m,
    "$&\n\tif isLeftOut(t, protocol) {\n\t\treturn\n\t}",
  );
  if (asking === text) throw new Error(`${policyModule}: no function PokeServer in helper.go`);
  chmodSync(own, 0o755);
  rmSync(helper);
  writeFileSync(helper, asking);
  copySource(path.join(policySuite.folder, "kubernetes/left_out.go"), own);
  const modfile = path.join(work, "go.mod");
  const pinned = readFileSync(path.join(policySuite.folder, "go.mod"), "utf8");
  writeFileSync(modfile, `${pinned}\nreplace ${policyModule} => ${copy}\n`);
  copySource(path.join(policySuite.folder, "go.sum"), work);
  return modfile;
}

/** Copies a file of Go's module cache, where all are read-only, into a folder. */
function copySource(from: string, into: string): void {
  const to = path.join(into, path.basename(from));
  copyFileSync(from, to);
  chmodSync(to, 0o644);
}

function goVersion(go: string, module: GoModule): string {
  const { status, stdout, stderr } = spawnSync(go, ["env", "GOVERSION"], {
    cwd: module.folder,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${go} env GOVERSION failed: ${stderr}`);
  return stdout.trim();
}

function cacheKey(go: string, module: GoModule): string {
  const hash = createHash("sha256").update(goVersion(go, module)).update(linkerFlags);
  for (const file of [
    "go.mod",
    "go.sum",
    ...globSync("**/*.go", { cwd: module.folder }).toSorted(),
  ]) {
    hash.update(readFileSync(path.join(module.folder, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Runs a build command of Go (the flags that all builds share are added), and says every 15 s how far it is. */
async function runGo(
  go: string,
  module: GoModule,
  [command = "", ...rest]: readonly string[],
): Promise<void> {
  const started = performance.now();
  const parameters = [command, "-trimpath", "-ldflags", linkerFlags, ...rest];
  const environment = { ...process.env, CGO_ENABLED: "0" };
  const child = spawn(go, parameters, {
    cwd: module.folder,
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
    // `go test -c` does not tell what it compiles.
    const progress = lines === 0 ? "" : ` ${lines} packages, now ${last}`;
    process.stdout.write(`seam: go ${command}: ${seconds} s${progress}\n`);
  }, 15_000);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("exit", resolve);
  });
  clearInterval(timer);
  if (status !== 0) throw new Error(`go ${command} ended with ${status}: ${last}`);
}

/** The folder with a module's programs; builds them when the cache has none for its key. */
async function builtModule(module: GoModule): Promise<string> {
  const go = await goProgram();
  const folder = path.join(cacheFolder(), "go", cacheKey(go, module));
  if (existsSync(folder)) return folder;
  process.stdout.write(`seam: building ${module.programs}\n`);
  mkdirSync(path.dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.`);
  await module.build(go, unfinished);
  renameSync(unfinished, folder);
  return folder;
}

/** The folder with the programs that a lab runs. */
export const goTools = async (): Promise<string> => builtModule(kubernetes);

/** The folder with the upstream end-to-end tests (`e2e.test`, `ginkgo`) and `agnhost`, the program of their images. */
export const e2eTools = async (): Promise<string> => builtModule(e2e);

/** The folder with `policy-api.test`, upstream's suite of cluster-wide policies, and the definition of their kind. */
export const policySuiteTools = async (): Promise<string> => builtModule(policySuite);

/** The folder with `helm`, which installs Seam's chart. */
export const helmTools = async (): Promise<string> => builtModule(helm);

/** The folder with `kwok`, which plays nodes and kubelets for benchmarks of the control plane. */
export const kwokTools = async (): Promise<string> => builtModule(kwok);

/** The folder with `grpcurl`, by which tests speak to Seam's server as people do. */
export const grpcurlTools = async (): Promise<string> => builtModule(grpcurl);
