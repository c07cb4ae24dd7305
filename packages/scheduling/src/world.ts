/**
 * What the extender knows of the cluster, and the ledger that it makes of it: objects go in as watches bring them, in any order. A
 * reservation lives in `spec.requests` of a node's `Bandwidth`, so a process that starts anew finds all of them.
 */
import {
  type Controller,
  createLedger,
  type Ledger,
  type LedgerRules,
  type Place,
  type PodFacts,
} from "@seam/bandwidth";
import { hasReached, type Json, type KubeObject, textAt } from "@seam/kube";

import { type BandwidthRequest, type NodeBandwidth, readBandwidth } from "./node-bandwidth.ts";
import { type PodReading, regroup, type SeenPod, seePod } from "./seen-pod.ts";

/** How pods are read and judged, and who is told that nodes' accounts have changed. */
export type WorldOptions = {
  readonly reading: PodReading;
  readonly rules: LedgerRules;
  readonly onTouched?: (nodes: readonly string[]) => void;
};

/** A request, and the node in whose `Bandwidth` it belongs. */
type PlacedRequest = { readonly node: string; readonly request: BandwidthRequest };

/** The cluster as it is known. */
export type World = {
  readonly ledger: Ledger;
  /** Reads a pod that may not be known yet. */
  readonly see: (pod: Json) => SeenPod;
  readonly pod: (uid: string) => SeenPod | undefined;
  /** Pods of this scheduler that have no node and can be placed. */
  readonly pending: () => readonly PodFacts[];
  /** Names of the nodes that have a `Bandwidth`. */
  readonly nodes: () => readonly string[];
  /** The last known `Bandwidth` of a node. */
  readonly bandwidth: (node: string) => KubeObject | undefined;
  readonly setPod: (pod: Json) => void;
  readonly removePod: (uid: string) => void;
  readonly setReplicaSet: (uid: string, controller: Controller | null) => void;
  readonly setNode: (name: string, labels: Json | null) => void;
  readonly setBandwidth: (object: KubeObject) => void;
  readonly removeBandwidth: (name: string) => void;
  /** Pods of this scheduler that are bound, have rates, and no request in their node's `Bandwidth`. */
  readonly unrecorded: () => readonly PlacedRequest[];
  /** While a binding is under way, its reservation is what the binder says, not what objects say. */
  readonly hold: (uid: string) => void;
  readonly letGo: (uid: string) => void;
};

type State = {
  readonly options: WorldOptions;
  readonly ledger: Ledger;
  readonly pods: Map<string, SeenPod>;
  readonly controllers: Map<string, Controller | null>;
  readonly replicas: Map<string, Set<string>>;
  readonly places: Map<string, Place>;
  readonly bandwidths: Map<string, { readonly object: KubeObject; readonly read: NodeBandwidth }>;
  readonly held: Set<string>;
  /** Pods that are gone while a request of theirs is left. */
  readonly gone: Set<string>;
};

const NOWHERE: Place = { zone: null, region: null };

/** An empty cluster. */
export function createWorld(options: WorldOptions): World {
  const state: State = {
    options,
    ledger: createLedger(options.rules),
    pods: new Map(),
    controllers: new Map(),
    replicas: new Map(),
    places: new Map(),
    bandwidths: new Map(),
    held: new Set(),
    gone: new Set(),
  };
  const see = (pod: Json): SeenPod => seePod(pod, options.reading, controllerIn(state));
  return {
    ledger: state.ledger,
    see,
    pod: (uid) => state.pods.get(uid),
    pending: () => [...state.pods.values()].filter(isPending).map(({ facts }) => facts),
    nodes: () => [...state.bandwidths.keys()],
    bandwidth: (node) => state.bandwidths.get(node)?.object,
    setPod: (pod) => setPod(state, see(pod)),
    removePod: (uid) => removePod(state, uid),
    setReplicaSet: (uid, controller) => setReplicaSet(state, uid, controller),
    setNode: (name, labels) => setNode(state, name, labels),
    setBandwidth: (object) => setBandwidth(state, object),
    removeBandwidth: (name) => removeBandwidth(state, name),
    unrecorded: () => unrecorded(state),
    hold: (uid) => void state.held.add(uid),
    letGo: (uid) => {
      state.held.delete(uid);
    },
  };
}

const isPending = ({ facts, isOurs, isLeaving, refusal }: SeenPod): boolean =>
  isOurs && facts.node === null && !facts.isTerminal && !isLeaving && refusal === null;

function unrecorded({ pods, bandwidths }: State): readonly PlacedRequest[] {
  const recorded = new Set(
    [...bandwidths].flatMap(([node, { read }]) =>
      read.requests.map(({ podUid }) => `${node}/${podUid}`),
    ),
  );
  return [...pods.values()].flatMap(({ facts, isOurs }) => {
    const { uid, name, namespace, node, rates, isTerminal } = facts;
    const isCounted = isOurs && !isTerminal && (rates.ulMbps > 0 || rates.dlMbps > 0);
    if (node === null || !isCounted || recorded.has(`${node}/${uid}`)) return [];
    return [{ node, request: { podUid: uid, podName: name, namespace, rates } }];
  });
}

const touch = ({ options }: State, nodes: readonly string[]): void => {
  if (nodes.length > 0) options.onTouched?.(nodes);
};

const controllerIn =
  ({ controllers }: State) =>
  ({ uid }: Controller): Controller | null =>
    controllers.get(uid) ?? null;

function setPod(state: State, seen: SeenPod): void {
  const { uid } = seen.facts;
  state.pods.set(uid, seen);
  const { controller } = seen.member;
  if (controller?.kind === "ReplicaSet") {
    const members = state.replicas.get(controller.uid) ?? new Set();
    state.replicas.set(controller.uid, members.add(uid));
  }
  touch(state, state.ledger.setPod(seen.facts));
}

function removePod(state: State, uid: string): void {
  const seen = state.pods.get(uid);
  if (seen !== undefined) leave(state, seen);
  state.pods.delete(uid);
  touch(state, state.ledger.removePod(uid));
}

/** Forgets what refers to a pod, and remembers it while a request of it is left. */
function leave(state: State, { facts: { uid, node }, member }: SeenPod): void {
  const requests = state.bandwidths.get(node ?? "")?.read.requests ?? [];
  if (requests.some(({ podUid }) => podUid === uid)) state.gone.add(uid);
  const set = member.controller?.uid ?? "";
  const members = state.replicas.get(set);
  members?.delete(uid);
  if (members?.size === 0) state.replicas.delete(set);
}

/** A ReplicaSet's controller, or null when it has none or is gone; its pods are grouped anew. */
function setReplicaSet(state: State, uid: string, controller: Controller | null): void {
  if (controller === null) state.controllers.delete(uid);
  else state.controllers.set(uid, controller);
  for (const each of state.replicas.get(uid) ?? []) {
    const seen = state.pods.get(each);
    if (seen !== undefined) setPod(state, regroup(seen, controllerIn(state)));
  }
}

function setNode(state: State, name: string, labels: Json | null): void {
  if (labels === null) state.places.delete(name);
  else {
    state.places.set(name, {
      zone: textAt(labels, "topology.kubernetes.io/zone"),
      region: textAt(labels, "topology.kubernetes.io/region"),
    });
  }
  const known = state.bandwidths.get(name);
  if (known !== undefined) setCapacity(state, known.read);
}

function setCapacity(state: State, { node, capacity }: NodeBandwidth): void {
  const place = state.places.get(node) ?? NOWHERE;
  const { ledger } = state;
  touch(
    state,
    capacity === null ? ledger.removeNode(node) : ledger.setNode(node, { capacity, place }),
  );
}

function setBandwidth(state: State, object: KubeObject): void {
  const read = readBandwidth(object);
  const { node } = read;
  // Another name than its node's is the operator's to complain about.
  if (node !== object.metadata.name) return;
  if (isOlder(object, state.bandwidths.get(node)?.object)) return;
  const before = state.bandwidths.get(node)?.read.requests ?? [];
  state.bandwidths.set(node, { object, read });
  setCapacity(state, read);
  claim(state, node, read.requests);
  unclaim(state, { node, before, after: read.requests });
}

/** What was read or written here may be newer than what a watch brings next. */
function isOlder({ metadata }: KubeObject, known: KubeObject | undefined): boolean {
  if (known === undefined || known.metadata["uid"] !== metadata["uid"]) return false;
  const [version, last] = [metadata.resourceVersion ?? "", known.metadata.resourceVersion ?? ""];
  return version !== last && hasReached(last, version);
}

function removeBandwidth(state: State, name: string): void {
  const known = state.bandwidths.get(name);
  if (known === undefined) return;
  state.bandwidths.delete(name);
  touch(state, state.ledger.removeNode(name));
  unclaim(state, { node: name, before: known.read.requests, after: [] });
}

/** Requests count until their pods' objects name a node; one of a pod that is not known counts as a pod of its own. */
function claim(state: State, node: string, requests: readonly BandwidthRequest[]): void {
  for (const { podUid, podName, namespace, rates } of requests) {
    if (state.held.has(podUid) || state.gone.has(podUid)) continue;
    const known = state.pods.get(podUid)?.facts;
    if (known !== undefined && known.node !== null) continue;
    const group = known?.group ?? { type: "Pod", name: podName, uid: podUid };
    const facts = { uid: podUid, namespace, name: podName, ip: "", isTerminal: false, group };
    touch(state, state.ledger.setClaim({ ...facts, rates, node }));
  }
}

type RequestChange = {
  readonly node: string;
  readonly before: readonly BandwidthRequest[];
  readonly after: readonly BandwidthRequest[];
};

/** Takes back what a node's object had and has no more, unless the pod counts elsewhere by now. */
function unclaim(state: State, { node, before, after }: RequestChange): void {
  const kept = new Set(after.map(({ podUid }) => podUid));
  for (const { podUid } of before) {
    if (kept.has(podUid)) continue;
    state.gone.delete(podUid);
    const isHere = state.ledger.nodeOf(podUid) === node;
    if (isHere && !state.held.has(podUid)) touch(state, state.ledger.release(podUid));
  }
}
