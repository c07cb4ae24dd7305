/** What schedulers have asked for pods, by `spec.requests` of the nodes, and since when that is known. */
import type { BandwidthRequest } from "@seam/compose";

/** A request at its node. */
export type PlacedRequest = BandwidthRequest & {
  readonly node: string;
  /** When it was first seen, in milliseconds; never, when its pod was seen to go. */
  readonly since: number;
};

/** The requests of all nodes. */
export type BandwidthRequests = {
  /** A node has these requests now; the uids of pods for which that is something else than before. */
  readonly set: (node: string, requests: readonly BandwidthRequest[]) => readonly string[];
  readonly on: (node: string) => readonly PlacedRequest[];
  /** Of a pod; the latest one first. */
  readonly of: (uid: string) => readonly PlacedRequest[];
  /** The pod was there and is gone. */
  readonly expire: (uid: string) => void;
};

/** No requests. */
export function createBandwidthRequests(now: () => number): BandwidthRequests {
  const nodes = new Map<string, ReadonlyMap<string, PlacedRequest>>();
  const pods = new Map<string, Map<string, PlacedRequest>>();
  const put = (request: PlacedRequest): void => {
    const { podUid, node } = request;
    pods.set(podUid, (pods.get(podUid) ?? new Map()).set(node, request));
  };
  const take = ({ podUid, node }: PlacedRequest): void => {
    const of = pods.get(podUid);
    of?.delete(node);
    if (of?.size === 0) pods.delete(podUid);
  };
  const replace = (node: string, after: ReadonlyMap<string, PlacedRequest>): void => {
    if (after.size === 0) nodes.delete(node);
    else nodes.set(node, after);
  };
  return {
    set: (node, requests) => {
      const before = nodes.get(node) ?? new Map<string, PlacedRequest>();
      const at = now();
      const after = new Map(
        requests.map((request) => {
          const since = before.get(request.podUid)?.since ?? at;
          return [request.podUid, { ...request, node, since }];
        }),
      );
      replace(node, after);
      const gone = [...before.values()].filter(({ podUid }) => !after.has(podUid));
      const changed = [...after.values()].filter(
        (request) => !isSame(request, before.get(request.podUid)),
      );
      gone.forEach(take);
      changed.forEach(put);
      return [...gone, ...changed].map(({ podUid }) => podUid);
    },
    on: (node) => [...(nodes.get(node)?.values() ?? [])],
    of: (uid) => [...(pods.get(uid)?.values() ?? [])].toSorted((a, b) => b.since - a.since),
    expire: (uid) => {
      for (const request of pods.get(uid)?.values() ?? []) {
        const expired = { ...request, since: -Infinity };
        put(expired);
        replace(request.node, new Map(nodes.get(request.node)).set(uid, expired));
      }
    },
  };
}

const isSame = (one: PlacedRequest, other: PlacedRequest | undefined): boolean =>
  one.since === other?.since &&
  one.bandwidth.ulMbps === other.bandwidth.ulMbps &&
  one.bandwidth.dlMbps === other.bandwidth.dlMbps;
