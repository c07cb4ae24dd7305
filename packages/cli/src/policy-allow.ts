/** `seam policy allow` and `seam policy deny`: policies in a line, applied as `seam apply` does. */
import { allowancePolicies, denialPolicy } from "@seam/client";

import { applySources } from "./apply.ts";
import type { Target } from "./definition.ts";
import { fail, withSeam } from "./session.ts";

type DryFlag = Target & { readonly dryRun?: boolean };
type AllowFlags = DryFlag & {
  readonly from: string;
  readonly to: string;
  readonly port?: readonly string[];
};

/** The action of `seam policy allow`. */
export async function allow(flags: AllowFlags): Promise<void> {
  const { from, to, port: ports = [], dryRun = false } = flags;
  await withSeam(flags, async (seam) => {
    const policies = allowancePolicies({ namespace: seam.namespace, from, to, ports });
    if (policies.ok) await applySources(seam, sourcesOf(policies.value), { dryRun });
    else fail({ code: "BadInput", message: policies.error, hint: "", details: [] });
  });
}

/** The action of `seam policy deny`. */
export async function deny(flags: DryFlag): Promise<void> {
  await withSeam(flags, async (seam) => {
    const sources = sourcesOf([denialPolicy(seam.namespace)]);
    await applySources(seam, sources, { dryRun: flags.dryRun === true });
  });
}

const sourcesOf = (objects: readonly object[]): readonly { name: string; text: string }[] => [
  { name: "seam policy", text: objects.map((each) => JSON.stringify(each)).join("\n---\n") },
];
