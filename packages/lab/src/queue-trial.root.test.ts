/** What kernels lack to hold pods to their rates, on the kernel of this machine. */
import { expect, test } from "vitest";

import { RATE_QUEUES, tryQueues } from "./queue-trial.ts";

test("U3: this machine's kernel has what rates need", () => {
  expect(tryQueues(RATE_QUEUES)).toBeNull();
});

test("U3: what a kernel does not know is named, with what it says, whatever comes before it", () => {
  const refused = { needs: "sch_none", command: "qdisc add dev lo root handle 3: none_such" };
  const other = { needs: "cls_none", command: "filter add dev lo parent 1: none_such" };
  expect(tryQueues([refused, ...RATE_QUEUES, other])).toMatch(
    /^no sch_none: Error: .*; no cls_none: Error: [^;]*$/,
  );
});
