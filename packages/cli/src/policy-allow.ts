/** `seam policy allow` and `seam policy deny`: policies in a line, applied as `seam apply` does, and waited for. */
import type { Millis } from "@seam/base";
import { allowancePolicies, denialPolicy, type EnforcementAnswer, type Seam } from "@seam/client";

import { applySources } from "./apply.ts";
import type { Target } from "./definition.ts";
import { fail, print, withSeam } from "./session.ts";

type WriteFlags = Target & {
  readonly dryRun?: boolean;
  readonly wait: boolean;
  readonly timeout: Millis;
};
type AllowFlags = WriteFlags & {
  readonly from: string;
  readonly to: string;
  readonly port?: readonly string[];
};

/** The action of `seam policy allow`. */
export async function allow(flags: AllowFlags): Promise<void> {
  const { from, to, port: ports = [] } = flags;
  await withSeam(flags, async (seam) => {
    const policies = allowancePolicies({ namespace: seam.namespace, from, to, ports });
    if (policies.ok) await write(seam, policies.value, flags);
    else fail({ code: "BadInput", message: policies.error, hint: "", details: [] });
  });
}

/** The action of `seam policy deny`. */
export async function deny(flags: WriteFlags): Promise<void> {
  await withSeam(flags, async (seam) => write(seam, [denialPolicy(seam.namespace)], flags));
}

async function write(
  seam: Seam,
  policies: readonly object[],
  { dryRun = false, wait, timeout }: WriteFlags,
): Promise<void> {
  const applied = await applySources(seam, sourcesOf(policies), { dryRun });
  if (!wait || applied.length < policies.length) return;
  const written = applied.map(({ ref, version }) => ({ ...ref, version }));
  const answer = await seam.policiesEnforced({ policies: written, timeout });
  if (!answer.ok) fail(answer.error);
  else if (answer.value.kind === "behind") fail(lateness(answer.value, timeout));
  else print(enforcementText(answer.value));
}

const sourcesOf = (objects: readonly object[]): readonly { name: string; text: string }[] => [
  { name: "seam policy", text: objects.map((each) => JSON.stringify(each)).join("\n---\n") },
];

type Answer<K extends EnforcementAnswer["kind"]> = Extract<EnforcementAnswer, { readonly kind: K }>;

/** What became of the policies, for people. Pure. */
export function enforcementText(answer: Answer<"enforced" | "unknown">): string {
  if (answer.kind === "unknown") {
    const { message, hint } = answer.why;
    return `whether they are in force is not known: ${[message, hint].filter((part) => part !== "").join("\n")}`;
  }
  const seconds = (answer.took / 1000).toFixed(2);
  return `enforced on ${count(answer.nodes.length)} after ${seconds} s`;
}

/** Which nodes are behind, as a failure. Pure. */
export const lateness = (
  { late, nodes }: Answer<"behind">,
  timeout: Millis,
): Parameters<typeof fail>[0] => ({
  code: "Timeout",
  message: `the policies are written, but after ${timeout / 1000} s not in force on ${late.join(", ")}, of ${count(nodes.length)}`,
  hint: `See whether the agents run there: seam get pods -n seam-system -o wide, then seam node ${late[0] ?? "NODE"}`,
  details: [],
});

const count = (nodes: number): string => (nodes === 1 ? "1 node" : `${nodes} nodes`);
