/** `npm run soak`: what is too long for every `npm test`, three times over; the last line sums all. */
import { runConformance } from "./conformance.ts";
import { installSystemPackages } from "./setup/debian.ts";

const repeats = 3;

installSystemPackages();
let passed = 0;
let failed = 0;
let skipped = 0;
for (let round = 1; round <= repeats; round++) {
  const tally = await runConformance([]);
  console.log(`round ${round} of ${repeats}: ${tally.passed} passed, ${tally.failed} failed`);
  passed += tally.passed;
  failed += tally.failed;
  skipped += tally.skipped;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 ? 0 : 1);
