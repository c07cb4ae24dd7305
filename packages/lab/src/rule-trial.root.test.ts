/** What kernels lack for rules of policies, on the kernel of this machine. */
import { expect, test } from "vitest";

import { POLICY_RULES, tryRules } from "./rule-trial.ts";

test("this machine's kernel has what policies need", () => {
  expect(POLICY_RULES.length).toBeGreaterThan(3);
  expect(tryRules(POLICY_RULES)).toBeNull();
});

test("what the kernel refuses is named with what it says, and nothing else is (I14)", () => {
  const refused = { needs: "nft_other", command: "add rule inet seam c jump nowhere" };
  const [first] = POLICY_RULES;
  expect(first).toBeDefined();
  expect(tryRules([...POLICY_RULES, refused, refused])).toMatch(
    /^no nft_other: Error: .*No such file or directory; no nft_other: [^;]*$/,
  );
});
