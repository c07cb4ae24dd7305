/** What to say about a ClusterNetworkPolicy, or a policy or a host endpoint of Calico's: whether nodes understand all of it. Pure. */
import { type Finding, newsIn, settle } from "./condition.ts";
import type { Verdict } from "./experiment-status.ts";
import type { ObservedClusterPolicy } from "./observed.ts";

/** The status of such a policy; its kind has conditions and nothing else. */
export function judgeClusterPolicy(policy: ObservedClusterPolicy, now: number): Verdict {
  const findings = [accepted(policy)];
  const at = { generation: policy.identity.generation, now };
  return {
    status: { conditions: settle(findings, policy.conditions, at) },
    news: newsIn(findings, policy.conditions),
    wake: null,
  };
}

const LEFT_OUT = {
  policy:
    "such a rule accepts nobody if it accepts or allows, and denies everybody if it denies or passes",
  "host endpoint":
    "such a field is left out, and an endpoint is in force only where it is clear which interface it is for",
} as const satisfies Readonly<Record<ObservedClusterPolicy["kind"], string>>;

const accepted = ({ kind, faults }: ObservedClusterPolicy): Finding =>
  faults.length === 0
    ? {
        type: "Accepted",
        status: "True",
        reason: "Understood",
        message: "every node enforces it as soon as it sees it",
      }
    : {
        type: "Accepted",
        status: "False",
        reason: "NotUnderstood",
        message: `${faults.join("; ")}; ${LEFT_OUT[kind]}; correct it, or take a Seam that knows it`,
      };
