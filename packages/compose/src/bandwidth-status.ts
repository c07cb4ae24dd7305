/** What to say of a `Bandwidth`: its status, without the time, and the events about it (V5, V15, V16). Pure. */
import type { RateReport } from "@seam/api";
import type { NodeAccount } from "@seam/bandwidth";
import { type Json, type News, textAt } from "@seam/kube";
import type { ObservedBandwidth, ObservedBandwidthPod } from "./bandwidth-observed.ts";
import type { HeldBandwidth, OtherStanding } from "./bandwidth-plan.ts";

/** A status and, when that is news, the events about it. */
export type BandwidthVerdict = { readonly status: Json; readonly news: readonly News[] };

/** The status of an object that is accounted; what the agent has measured is null when it tells nothing. */
export function judgeHeld(
  { node, bandwidth }: HeldBandwidth,
  account: NodeAccount,
  measured: RateReport["measured"],
): BandwidthVerdict {
  const { capacity, used, remaining, reservations } = account;
  const state = node.faults.length > 0 ? "Error" : "Created";
  const errorReason = [...node.faults, ...overcommitments(account)].join("; ");
  const figures = {
    capacity,
    used,
    remaining,
    reservations,
    ...(measured === null ? {} : { measured: { network: measured } }),
  };
  return verdict(bandwidth, { state, errorReason, figures });
}

/** More is used than there is, which no placement has made. */
const overcommitments = ({ capacity, overcommitted }: NodeAccount): readonly string[] =>
  overcommitted.map(({ resource, direction, excessMbps }) => {
    const most = capacity[resource][`${direction}Mbps`];
    const way = direction === "ul" ? "uplink" : "downlink";
    return `pods have ${most + excessMbps} of ${most} Mbit/s ${resource} ${way}; no other gets any of it here until some of them are gone`;
  });

/** The status of an object that is not accounted. */
export function judgeOther({ kind, bandwidth }: OtherStanding): BandwidthVerdict {
  switch (kind) {
    case "waiting":
      return verdict(bandwidth, { state: "Creating", errorReason: "", figures: {} });
    case "orphaned":
    case "leaving":
      return verdict(bandwidth, { state: "Deleting", errorReason: "", figures: {} });
    case "misnamed":
      return verdict(bandwidth, { state: "Error", errorReason: misnamed(bandwidth), figures: {} });
  }
}

function misnamed({ identity: { name }, node }: ObservedBandwidth): string {
  return `spec.node: expected ${name}, as the object is called, or nothing; found ${node ?? ""}; correct it, or delete this object, as node ${node ?? ""} has one of its own`;
}

type State = "Created" | "Creating" | "Error" | "Deleting";
type Said = { readonly state: State; readonly errorReason: string; readonly figures: Json };

function verdict(
  { identity: { name }, status: before }: ObservedBandwidth,
  { state, errorReason, figures }: Said,
): BandwidthVerdict {
  const isNewState = before["status"] !== state;
  const reasonBefore = textAt(before, "errorReason") ?? "";
  // How much is missing changes with every pod; that something is, once.
  const isNewReason = state === "Error" ? errorReason !== reasonBefore : reasonBefore === "";
  return {
    status: { status: state, errorReason, ...figures },
    news: [
      ...(isNewState && state !== "Error" ? [bandwidthNews(STEPS[state], name)] : []),
      ...(errorReason !== "" && isNewReason ? [failure(errorReason)] : []),
    ],
  };
}

/** What happens to an object, in the words of vaclab-k8s-plugins. */
export type BandwidthStep = "created" | "creating" | "deleting" | "deleted";

const STEPS = { Created: "created", Creating: "creating", Deleting: "deleting" } as const;

const MESSAGES: { readonly [S in BandwidthStep]: string } = {
  created: "is accounted",
  creating: "is accounted as soon as the node and its pods are known",
  deleting: "is removed, as its node is",
  deleted: "is removed",
};

/** The event about a step. */
export const bandwidthNews = (step: BandwidthStep, name: string): News => ({
  severity: "Normal",
  reason: `vaclab_node_bandwidth_${step}`,
  action: "Reconcile",
  message: `the bandwidth of node ${name} ${MESSAGES[step]}`,
});

const failure = (message: string): News => ({
  severity: "Warning",
  reason: "vaclab_node_bandwidth_failed",
  action: "Reconcile",
  message,
});

/** What is doubtful about a pod's annotations, as events on the pod: the value, how it was read, and the right form. */
export const rateNews = ({ findings }: Pick<ObservedBandwidthPod, "findings">): readonly News[] =>
  findings.map(({ severity, message }) => ({
    severity: severity === "advice" ? "Normal" : "Warning",
    reason: severity === "error" ? "BandwidthRefused" : "BandwidthDoubtful",
    action: "Account",
    message,
  }));
