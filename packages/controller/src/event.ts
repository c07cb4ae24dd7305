/** What of a condition is told as an Event, and how bad it is. */
import type { News } from "@seam/kube";
import type { Finding } from "./condition.ts";

/** Reasons of conditions that do not hold yet, as is usual on the way. */
const USUAL: ReadonlySet<string> = new Set([
  "WaitingForPods",
  "OlderInTheWay",
  "Creating",
  "NotAccepted",
]);

/** The news in a finding. */
export const newsOf = (finding: Finding): News => ({
  severity: isWarning(finding) ? "Warning" : "Normal",
  reason: finding.reason,
  action: "Reconcile",
  message: finding.message,
});

/** `LifetimeEnding` is the one condition that is good when it is False. */
function isWarning({ type, status, reason }: Finding): boolean {
  const isGood = type === "LifetimeEnding" ? status === "False" : status === "True";
  return !isGood && !USUAL.has(reason);
}
