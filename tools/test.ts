/** `npm test`: the static checks, every suite, and upstream's end-to-end tests; the last line sums them. */
import {
  e2eTools,
  goTools,
  grpcurlTools,
  helmTools,
  policySuiteTools,
  prometheusTools,
} from "@seam/lab";

import { runChecks, type Tally } from "./check.ts";
import { allSets, runConformance } from "./conformance.ts";
import { installSystemPackages } from "./setup/debian.ts";
import { endWith, runSuite, sum } from "./suite.ts";

const inTurn = async (...suites: readonly string[]): Promise<Tally> =>
  suites.reduce<Promise<Tally>>(
    async (before, suite) => sum([await before, await runSuite(suite)]),
    Promise.resolve(sum([])),
  );

installSystemPackages();
process.env["SEAM_BIN"] = await goTools();
process.env["SEAM_E2E_BIN"] = await e2eTools();
process.env["SEAM_POLICY_SUITE_BIN"] = await policySuiteTools();
process.env["SEAM_HELM_BIN"] = await helmTools();
process.env["SEAM_GRPCURL_BIN"] = await grpcurlTools();
process.env["SEAM_PROMETHEUS_BIN"] = await prometheusTools();
endWith(
  sum([
    runChecks(),
    // Tests of kernels take as long as all others that need no lab, and neither fills both cores.
    ...(await Promise.all([runSuite("root"), inTurn("unit", "plane")])),
    await runSuite("host"),
    await runSuite("lab"),
    await runConformance(allSets),
  ]),
);
