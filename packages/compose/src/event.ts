/** What of a condition is told as an Event, and how bad it is. */
import type { News, ObjectRef } from "@seam/kube";
import type { Finding } from "./condition.ts";
import type { Identity } from "./identity.ts";

/** Reasons of conditions that do not hold yet, as is usual on the way. */
const USUAL: ReadonlySet<string> = new Set([
  "WaitingForPods",
  "OlderInTheWay",
  "Creating",
  "NotAccepted",
  "Suspending",
  "Suspended",
]);

/** The news in a finding. */
export const newsOf = (finding: Finding): News => ({
  severity: isWarning(finding) ? "Warning" : "Normal",
  reason: finding.reason,
  action: "Reconcile",
  message: finding.message,
});

/** That something else had changed an object of `owner`. */
export const driftNews = ({ kind }: Pick<Identity, "kind">, repaired: ObjectRef): News => ({
  severity: "Warning",
  reason: "DriftRepaired",
  action: "Reconcile",
  message: `${repaired.kind} ${repaired.name} was changed by something else and is again as this ${kind.toLowerCase()} says; change the ${kind.toLowerCase()} instead`,
});

/** `LifetimeEnding` is the one condition that is good when it is False. */
function isWarning({ type, status, reason }: Finding): boolean {
  const isGood = type === "LifetimeEnding" ? status === "False" : status === "True";
  return !isGood && !USUAL.has(reason);
}
