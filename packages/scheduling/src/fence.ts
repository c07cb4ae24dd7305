/** Nothing is written after a term: another process may lead, and does not know of it. */
import { err, millis } from "@seam/base";
import { type KubeClient, type KubeError, LEASE_LOOK } from "@seam/kube";

const TERM_OVER: KubeError = {
  kind: "usage",
  code: 0,
  reason: "TermOver",
  message: "this process does not lead any more, so it writes nothing",
};

/** How long the API server may take to act on a binding; later it refuses it. */
const BINDING_LASTS = millis(2000);
/**
 * How long a new leader waits before it reads the cluster: the one before sees at its next look that the lease is gone, asks for nothing
 * after that, and what it has asked for is done by then or refused.
 */
export const SETTLE = millis(LEASE_LOOK + BINDING_LASTS);

/** The client, whose writes are refused from when `isOver` says so. */
export function fenceWrites(client: KubeClient, isOver: () => boolean): KubeClient {
  return {
    ...client,
    replace: async (object) => (isOver() ? err(TERM_OVER) : client.replace(object)),
    patch: async (ref, patch) => (isOver() ? err(TERM_OVER) : client.patch(ref, patch)),
    bind: async (pod, node) => (isOver() ? err(TERM_OVER) : client.bind(pod, node, BINDING_LASTS)),
  };
}
