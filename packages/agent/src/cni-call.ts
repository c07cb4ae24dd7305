/** One CNI call from request to answer: carried out, and, when it failed, told in the log, on its pod and on the node. */
import type { Log } from "@seam/daemon";

import { type CniAnswer, type CniRequest, MEMORY_FAULT } from "./cni-message.ts";
import type { CniQueue } from "./cni-queue.ts";
import type { Reports } from "./reports.ts";

/** What carries out a call, and where its failure is told. */
export type CniPlace = { readonly queue: CniQueue; readonly log: Log; readonly reports: Reports };

/** Carries out a command. */
export async function carryOut(place: CniPlace, request: CniRequest): Promise<CniAnswer> {
  const answer = await place.queue(request);
  if (answer.ok) return answer;
  const fields = { command: request.command, arguments: request.environment.get("ARGS") };
  place.log.warn({ ...fields, error: answer.error }, "CNI command failed");
  place.reports.cni(request, answer.error);
  const { msg, details } = answer.error;
  if (msg.startsWith(MEMORY_FAULT)) {
    place.reports.node({
      severity: "Warning",
      reason: "StoreFailed",
      message: `the agent's records on this node cannot be written, so no pod can start: ${msg}; ${details}`,
    });
  }
  return answer;
}
