/** What to say about a ClusterNetworkPolicy, or a policy of Calico's: whether nodes understand all of it. Pure. */
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

const accepted = ({ faults }: ObservedClusterPolicy): Finding =>
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
        message: `${faults.join("; ")}; such a rule accepts nobody if it accepts or allows, and denies everybody if it denies or passes; correct it, or take a Seam that knows it`,
      };
