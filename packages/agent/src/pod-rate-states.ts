/** What a round of reconciliation means for the rates of each pod (U3): asked for and in force, or why not. Pure. */
import type { PodRateState, RateLack, RateState } from "@seam/api";

import type { Lack } from "./guarantees.ts";
import type { RatedAttachment } from "./pod-rates.ts";
import type { Round } from "./reconcile.ts";

/** What a round found and did. */
export type RatedRound = {
  readonly attachments: readonly RatedAttachment[];
  readonly failed: Round["failed"];
  /** Why nothing, or not all, is guaranteed. */
  readonly lacks: readonly Lack[];
  /** Whether it is known what is to be guaranteed. */
  readonly isDecided: boolean;
};

/** By the pods' uids; pods without rates are left out. A pod of several interfaces has what the worst of them has. */
export function podRateStates(round: RatedRound): ReadonlyMap<string, PodRateState> {
  const guarantee = guaranteeState(round);
  const states = new Map<string, PodRateState>();
  for (const attachment of round.attachments) {
    const before = states.get(attachment.podUid);
    const limit = worse(before?.limit ?? null, limitState(attachment, round.failed));
    const own = isReserved(attachment) ? guarantee : null;
    if (limit === null && own === null) continue;
    states.set(attachment.podUid, { limit, guarantee: own });
  }
  return states;
}

const isReserved = ({ guarantee }: RatedAttachment): boolean =>
  guarantee !== undefined && guarantee !== null;

function limitState({ device, shaping }: RatedAttachment, failed: Round["failed"]): RateState {
  const failure = failed.find(
    ({ step }) => step.kind === "set-rates" && step.shaping.device === device,
  );
  if (failure !== undefined) return refusal("KernelRefused", failure.error.message);
  return (shaping?.ul ?? null) === null && (shaping?.dl ?? null) === null ? null : true;
}

function guaranteeState({ failed, lacks, isDecided }: RatedRound): RateState {
  if (!isDecided) return null;
  const failure = failed.find(({ step }) => step.kind === "share-uplink");
  if (failure !== undefined) return refusal("KernelRefused", failure.error.message);
  const [first] = lacks;
  if (first === undefined) return true;
  return { reason: first.reason, message: lacks.map(({ message }) => message).join("; ") };
}

const refusal = (reason: string, message: string): RateLack => ({
  reason,
  message: `${message}; tried again every 10 s; a node needs htb, tbf and eBPF classifiers (sch_htb, sch_tbf, cls_bpf) and Linux 6.6`,
});

const worse = (one: RateState, other: RateState): RateState => {
  if (one !== null && one !== true) return one;
  return other ?? one;
};
