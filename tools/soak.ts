/**
 * `npm run soak`: what takes too long for `npm test`. Round after round the fault tests, on a new lab with a node that is cut off
 * for 60 s, and upstream's end-to-end tests. `--rounds` (3) says how often; the last line sums all.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

import { goTools } from "@seam/lab";

import { bin, root } from "./check.ts";
import { runConformance } from "./conformance.ts";
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
let passed = 0;
let failed = 0;
let skipped = 0;
for (let round = 1; round <= rounds; round += 1) {
  console.log(`\nsoak: round ${round} of ${rounds}`);
  const faults = spawnSync(process.execPath, argv, {
    cwd: root,
    stdio: "inherit",
    env: environment,
  });
  const specs = await runConformance([]);
  passed += specs.passed + (faults.status === 0 ? 1 : 0);
  failed += specs.failed + (faults.status === 0 ? 0 : 1);
  skipped += specs.skipped;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 ? 0 : 1);
