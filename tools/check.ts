/** The static checks, each counted as one test: types, lint, format, dead code. */
import { spawnSync } from "node:child_process";
import path from "node:path";

type Check = { readonly name: string; readonly argv: readonly string[] };

/** The outcome of a run of checks or tests. */
export type Tally = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Names of what failed. */
  readonly failures: readonly string[];
};

export const root = path.resolve(import.meta.dirname, "..");
export const bin = (tool: string): string => path.join(root, "node_modules/.bin", tool);

const checks: readonly Check[] = [
  { name: "types", argv: ["tsc", "-b"] },
  { name: "lint", argv: ["oxlint", "packages", "tools"] },
  { name: "format", argv: ["oxfmt", "--check", "packages", "tools"] },
  { name: "dead code", argv: ["knip", "--no-progress", "--treat-config-hints-as-errors"] },
];

function passes({ name, argv }: Check): boolean {
  const [tool = "", ...parameters] = argv;
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin(tool), ...parameters], {
    cwd: root,
    encoding: "utf8",
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
  if (status !== 0) console.log(`${stdout}${stderr}`);
  return status === 0;
}

/** Runs every check, also after one failed. */
export function runChecks(): Tally {
  const failures = checks.filter((check) => !passes(check)).map(({ name }) => `check ${name}`);
  const failed = failures.length;
  return { passed: checks.length - failed, failed, skipped: 0, failures };
}

if (import.meta.main && runChecks().failed > 0) process.exit(1);
