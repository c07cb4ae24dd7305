/** One CNI call from request to answer: carried out, and, when it failed, told in the log and on its pod. */
import type { Log } from "@seam/daemon";

import { type CniNode, handleCni } from "./cni.ts";
import { type CniAnswer, type CniRequest, codes, fail } from "./cni-message.ts";
import type { Reports } from "./reports.ts";

/** What a call works on, and where its failure is told. */
export type CniPlace = { readonly node: CniNode; readonly log: Log; readonly reports: Reports };

/** Carries out a command; a failure is told in the log and on its pod. */
export function carryOut(place: CniPlace, request: CniRequest): CniAnswer {
  const answer = guarded(place, request);
  if (answer.ok) return answer;
  const fields = { command: request.command, arguments: request.environment.get("ARGS") };
  place.log.warn({ ...fields, error: answer.error }, "CNI command failed");
  place.reports.cni(request, answer.error);
  return answer;
}

/** What throws is the store (a full disk, say): the runtime may try again. */
function guarded({ node, reports }: CniPlace, request: CniRequest): CniAnswer {
  try {
    return handleCni(node, request);
  } catch (error) {
    const details = error instanceof Error ? error.message : String(error);
    reports.node({
      severity: "Warning",
      reason: "StoreFailed",
      message: `the agent's records on this node cannot be written, so pods neither start nor end: ${details}; free space in /var/lib/seam, or see whether its disk is broken`,
    });
    return fail(codes.tryAgainLater, "the agent could not remember the change", details);
  }
}
