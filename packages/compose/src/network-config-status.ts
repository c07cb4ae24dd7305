/** What to say about a `NetworkConfig`: whether the nodes can go by it. Pure. */
import { formatFieldError } from "@seam/api";
import { newsIn, settle, type Finding } from "./condition.ts";
import type { Verdict } from "./experiment-status.ts";
import type { ObservedNetworkConfig } from "./observed.ts";

/** The status of a NetworkConfig; the rules of its definition refuse most errors before, but not what is older than they are. */
export function judgeNetworkConfig(config: ObservedNetworkConfig, now: number): Verdict {
  const findings = [accepted(config)];
  const at = { generation: config.identity.generation, now };
  return {
    status: {
      phase: config.spec.ok ? "Ready" : "Failed",
      conditions: settle(findings, config.conditions, at),
    },
    news: newsIn(findings, config.conditions),
    wake: null,
  };
}

const accepted = ({ spec }: ObservedNetworkConfig): Finding =>
  spec.ok
    ? {
        type: "Accepted",
        status: "True",
        reason: "Valid",
        message: "every node goes by these settings as soon as it sees them",
      }
    : {
        type: "Accepted",
        status: "False",
        reason: "Invalid",
        message: `${spec.error.map(formatFieldError).join("; ")}; until it is corrected, the nodes keep the last valid settings`,
      };
