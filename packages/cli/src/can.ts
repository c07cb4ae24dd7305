/** `seam can`: whether policies let one end speak to another, which of them decides, and what to change. */
import { askReach, type ReachAnswer } from "@seam/client";
import type { Family } from "@seam/base";
import { endName, trafficName } from "@seam/reach";
import type { Target } from "./definition.ts";
import { fail, print, withSeam } from "./session.ts";

type CanFlags = Target & {
  readonly port: string;
  readonly family?: Family;
  readonly output: "table" | "json";
};

/** The action of `seam can`; it ends with 1 when the answer is no. */
export async function can(from: string, to: string, flags: CanFlags): Promise<void> {
  await withSeam(flags, async (seam) => {
    const question = { from, to, port: flags.port, family: flags.family ?? null };
    const answer = await askReach(seam, question);
    if (!answer.ok) {
      fail(answer.error);
      return;
    }
    print(
      flags.output === "json" ? JSON.stringify(jsonOf(answer.value), null, 2) : text(answer.value),
    );
    if (!answer.value.verdict.allowed) process.exitCode = 1;
  });
}

function text({ attempt, verdict, explanation, notes }: ReachAnswer): string {
  const [from, to] = [endName(attempt.from), endName(attempt.to)];
  const family = attempt.family === "ipv4" ? "IPv4" : "IPv6";
  return [
    `${verdict.allowed ? "yes" : "no"}: ${from} to ${to}, ${trafficName(attempt)}, ${family}`,
    `  ${from} ${explanation.egress}`,
    `  ${to} ${explanation.ingress}`,
    ...explanation.remedies.map((remedy) => `to allow it, ${remedy}`),
    ...notes.map((note) => `note: ${note}`),
  ].join("\n");
}

const jsonOf = ({ attempt, verdict, explanation, notes }: ReachAnswer): object => ({
  allowed: verdict.allowed,
  from: endName(attempt.from),
  to: endName(attempt.to),
  ...("port" in attempt ? { port: attempt.port } : {}),
  ...("type" in attempt ? { type: attempt.type, code: attempt.code } : {}),
  protocol: attempt.protocol,
  family: attempt.family,
  ...explanation,
  notes,
});
