/**
 * `npm run soak`: what takes too long for `npm test`. The fault tests round after round, each time on a new lab, with a node that
 * is cut off for 60 s. `--rounds` (3) says how often; the last line sums them.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

import { goTools } from "@seam/lab";

import { bin, root } from "./check.ts";
import { installSystemPackages } from "./setup/debian.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "3" } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`seam: --rounds: expected a whole number from 1, found "${values.rounds}"`);
  process.exit(2);
}

installSystemPackages();
const environment = { ...process.env, SEAM_BIN: await goTools(), SEAM_CUT_SECONDS: "60" };
const argv = [bin("vitest"), "run", "--project", "lab", "packages/cli/src/faults.lab.test.ts"];
const passed = Array.from({ length: rounds }, (_, round) => {
  console.log(`\nsoak: round ${round + 1} of ${rounds}`);
  return spawnSync(process.execPath, argv, { cwd: root, stdio: "inherit", env: environment });
}).filter(({ status }) => status === 0).length;
console.log(`${passed} rounds passed, ${rounds - passed} failed`);
process.exit(passed === rounds ? 0 : 1);
