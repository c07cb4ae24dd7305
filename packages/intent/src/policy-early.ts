/**
 * Addresses of this node's new pods: their links have them before their objects do, as kubelet tells them when containers already run.
 * Until then a rule that denies such a pod by its labels would not know it.
 */
import type { Peers } from "./policy-peers.ts";
import type { PolicyEndpoint, PolicyPod } from "./policy-pod.ts";

/** What of pods and links is needed for it. */
export type EarlyAddresses = {
  readonly setPod: (key: string, pod: PolicyPod | null) => void;
  readonly setEndpoint: (device: string, endpoint: PolicyEndpoint | null) => void;
};

/** Tells peers of pods, with the addresses of their links where their objects have none. */
export function createEarlyAddresses({ setPod }: Pick<Peers, "setPod">): EarlyAddresses {
  const links = new Map<string, PolicyEndpoint>();
  /** Pods whose objects have no addresses. */
  const pending = new Map<string, PolicyPod>();
  const tell = (key: string): void => {
    const pod = pending.get(key);
    if (pod === undefined) return;
    const own = [...links.values()].filter((each) => isOf(each, key, pod));
    setPod(key, { ...pod, addresses: own.flatMap(({ addresses }) => addresses) });
  };
  return {
    setPod: (key, pod) => {
      if (pod === null || pod.hostNetwork || pod.addresses.length > 0) {
        pending.delete(key);
        setPod(key, pod);
        return;
      }
      pending.set(key, pod);
      tell(key);
    },
    setEndpoint: (device, endpoint) => {
      const before = links.get(device)?.pod?.key;
      if (endpoint === null) links.delete(device);
      else links.set(device, endpoint);
      for (const key of new Set([before, endpoint?.pod?.key])) if (key !== undefined) tell(key);
    },
  };
}

const isOf = ({ pod: of }: PolicyEndpoint, key: string, pod: PolicyPod): boolean =>
  of?.key === key && (of.uid === "" || of.uid === pod.uid);
