/**
 * Who has how much of which node (V4, V14): the ledger, fed with pods, ReplicaSets and requests as they are seen, in any order. Every
 * change tells whose accounts may be others now.
 */
import {
  createLedger,
  groupOf,
  NO_RATES,
  type NodeAccount,
  type NodeFacts,
  type PlacedPod,
  type PodFacts,
  type Rates,
  reservedRates,
} from "@seam/bandwidth";
import { type Millis, millis } from "@seam/base";
import type { ObservedBandwidth, ObservedBandwidthPod, ObservedReplicaSet } from "@seam/compose";
import type { Change } from "@seam/kube";
import { createBandwidthRequests, type PlacedRequest } from "./bandwidth-requests.ts";
import { createReplicaSets } from "./replica-sets.ts";

/** What is accounted to pods that say nothing: those of one scheduler get `rates`, all others nothing (V18). */
export type SilentPods = { readonly scheduler: string; readonly rates: Rates };

type Told<T> = Pick<Change<T>, "kind" | "value">;

/** The accounts; what is taken in answers with the names of the nodes that it touches. */
export type BandwidthBook = {
  readonly acceptPod: (change: Told<ObservedBandwidthPod>) => readonly string[];
  readonly acceptReplicaSet: (change: Told<ObservedReplicaSet>) => readonly string[];
  readonly acceptBandwidth: (change: Told<ObservedBandwidth>) => readonly string[];
  /** The account of a node that has these facts from now on. */
  readonly account: (node: string, facts: NodeFacts) => NodeAccount | null;
  /** The node is gone, and what was asked of it. */
  readonly forget: (node: string) => readonly string[];
  /** Which of a node's requests are of no pod any more, and when others may turn out to be. */
  readonly staleOn: (node: string) => Stale;
};

/** Requests to remove, by the pods' uids. */
type Stale = { readonly uids: ReadonlySet<string>; readonly next: Millis | null };

/** A pod is older than the request for it; it is seen that much after the request at the latest, if it exists. */
const UNSEEN_MS = 3000;
/** Binding follows the request at once; a scheduler that has not bound by then has given up, or ended. */
const UNBOUND_MS = 60_000;

/** Empty accounts. `now` is a clock that nobody sets, in milliseconds. */
export function createBandwidthBook(
  silent: SilentPods,
  now: () => number = () => performance.now(),
): BandwidthBook {
  const ledger = createLedger();
  const pods = new Map<string, ObservedBandwidthPod>();
  const sets = createReplicaSets();
  const requests = createBandwidthRequests(now);
  const enter = (pod: ObservedBandwidthPod): readonly string[] => {
    const absent = pod.scheduler === silent.scheduler ? silent.rates : NO_RATES;
    const rates = reservedRates(pod.rates, absent);
    return ledger.setPod(factsOf(pod, rates, groupOf(pod, sets.controllerOf)));
  };
  const claim = (uid: string): readonly string[] => {
    const [request] = requests.of(uid);
    return request === undefined ? ledger.release(uid) : ledger.setClaim(claimOf(request));
  };
  const remove = (pod: ObservedBandwidthPod): readonly string[] => {
    pods.delete(pod.uid);
    sets.leave(pod);
    requests.expire(pod.uid);
    return [...ledger.removePod(pod.uid), ...requests.of(pod.uid).map(({ node }) => node)];
  };
  return {
    acceptPod: ({ kind, value }) => {
      if (kind === "deleted") return remove(value);
      pods.set(value.uid, value);
      sets.join(value);
      return enter(value);
    },
    acceptReplicaSet: (change) =>
      sets.accept(change).flatMap((uid) => {
        const pod = pods.get(uid);
        return pod === undefined ? [] : enter(pod);
      }),
    // What was asked outlives an object that somebody deletes: the next one gets it.
    acceptBandwidth: ({ kind, value: { identity, requests: asked } }) =>
      kind === "deleted" ? [] : requests.set(identity.name, asked).flatMap(claim),
    account: (node, facts) => {
      ledger.setNode(node, facts);
      return ledger.account(node);
    },
    forget: (node) => {
      ledger.removeNode(node);
      return requests.set(node, []).flatMap(claim);
    },
    staleOn: (node) => judgeRequests(requests.on(node), { pods, at: now() }),
  };
}

const factsOf = (
  { uid, namespace, name, ip, node, isTerminal }: ObservedBandwidthPod,
  rates: Rates,
  group: PodFacts["group"],
): PodFacts => ({ uid, namespace, name, ip, node, isTerminal, rates, group });

/** What counts for a pod that nobody has seen yet. */
const claimOf = ({ podUid, podName, namespace, node, bandwidth }: PlacedRequest): PlacedPod => ({
  uid: podUid,
  namespace,
  name: podName,
  ip: "",
  node,
  isTerminal: false,
  rates: bandwidth,
  group: { type: "Pod", name: podName, uid: podUid },
});

type Facts = { readonly pods: ReadonlyMap<string, ObservedBandwidthPod>; readonly at: number };

function judgeRequests(requests: readonly PlacedRequest[], { pods, at }: Facts): Stale {
  const left = requests.map((request) => ({
    uid: request.podUid,
    leftMs: request.since + patienceWith(request, pods.get(request.podUid)) - at,
  }));
  const pending = left.filter(({ leftMs }) => leftMs > 0 && leftMs < Infinity);
  return {
    uids: new Set(left.filter(({ leftMs }) => leftMs <= 0).map(({ uid }) => uid)),
    next:
      pending.length === 0 ? null : millis(Math.min(...pending.map(({ leftMs }) => leftMs)) + 1),
  };
}

/** How long a request may stand that its pod does not bear out, in milliseconds. */
function patienceWith({ node }: PlacedRequest, pod: ObservedBandwidthPod | undefined): number {
  if (pod === undefined) return UNSEEN_MS;
  if (pod.isTerminal) return -Infinity;
  if (pod.node === null) return UNBOUND_MS;
  return pod.node === node ? Infinity : -Infinity;
}
