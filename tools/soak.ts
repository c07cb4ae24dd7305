/**
 * `npm run soak`: what takes too long for `npm test`. First random P4 programs, texts and packets 200 times as often, 200,000 placements by bandwidth, 500 under each of the faults of
 * schedulers, 200 kills of the controller during 200 changes, random policies of all kinds against 71,280 probes, and ten minutes of
 * killing parts of nodes while policies are pressed, and 5,000 pods on 5,000 nodes; then round after round the fault tests on a new lab, with a node that is cut off
 * for 60 s and 300 pods made and deleted, and upstream's end-to-end tests. `--rounds` (3) says how often; the last line sums all.
 */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";

import { goTools } from "@seam/lab";

import { root, type Tally } from "./check.ts";
import { allSets, runConformance } from "./conformance.ts";
import { installSystemPackages } from "./setup/debian.ts";
import { endWith, runSuite, sum } from "./suite.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "3" } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`seam: --rounds: expected a whole number from 1, found "${values.rounds}"`);
  process.exit(2);
}

type Document = {
  readonly figures: readonly { readonly figure: string; readonly value: number }[];
};

/** Places pods on as many nodes as Kubernetes is made for; passes when no node has more than it has. */
function placeOnManyNodes(): Tally {
  const what = ["bench", "scheduling", "--nodes", "5000", "--pods", "5000", "--rounds", "1"];
  const { status, stdout } = spawnSync(path.join(root, "bin/seam"), [...what, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  process.stdout.write(stdout);
  const document: Document | null = status === 0 ? JSON.parse(stdout) : null;
  const failures = (document?.figures ?? [{ figure: "ended with", value: status ?? -1 }])
    .filter(({ value }) => value !== 0)
    .map(({ figure, value }) => `seam ${what.join(" ")}: ${figure} ${value}`);
  const failed = failures.length;
  return { passed: failed === 0 ? 1 : 0, failed, skipped: 0, failures };
}

installSystemPackages();
process.env["SEAM_BIN"] = await goTools();
process.env["SEAM_CUT_SECONDS"] = "60";
process.env["SEAM_CYCLES"] = "300";
process.env["SEAM_FAULT_PODS"] = "500";
process.env["SEAM_KILLS"] = "200";
process.env["SEAM_P4_RUNS"] = "200";
process.env["SEAM_PLACEMENTS"] = "100000";
process.env["SEAM_POLICY_ROUNDS"] = "40";
process.env["SEAM_KILL_SECONDS"] = "600";
const tallies: Tally[] = [
  await runSuite("unit", [
    "packages/scheduling/src/placements.test.ts",
    "packages/p4/src/interpret/modes.test.ts",
    "packages/p4/src/robust.test.ts",
  ]),
  await runSuite("plane", [
    "packages/controller/src/crash.root.test.ts",
    "packages/scheduling/src/faults.root.test.ts",
  ]),
  await runSuite("lab", ["packages/conformance/src/policies.lab.test.ts"]),
  placeOnManyNodes(),
];
for (let round = 1; round <= rounds; round += 1) {
  console.log(`\nsoak: round ${round} of ${rounds}`);
  tallies.push(await runSuite("lab", ["packages/cli/src/faults.lab.test.ts"]));
  tallies.push(await runConformance(allSets));
}
endWith(sum(tallies));
