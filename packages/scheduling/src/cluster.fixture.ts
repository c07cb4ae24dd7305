/**
 * The part of an API server that binding needs, in memory: resourceVersions that make a later writer fail, bindings that happen once, and
 * watches that bring changes later than answers do.
 */
import { BANDWIDTH_KIND } from "@seam/api";
import { DEFAULT_RATES } from "@seam/bandwidth";
import { err, millis, ok } from "@seam/base";
import {
  apiError,
  child,
  children,
  type Json,
  type KubeClient,
  type KubeObject,
  textAt,
} from "@seam/kube";

import { type Binder, createBinder } from "./binder.ts";
import { createExtender, type Extender } from "./extender.ts";
import type { PodReading } from "./seen-pod.ts";
import { createRequestWriter } from "./request-writer.ts";
import { createWaitingPods, type WaitingPods } from "./waiting.ts";
import { createWorld, type World } from "./world.ts";

/** What the scheduler is set to by default. */
const READING: PodReading = {
  schedulers: new Set(["vaclab-scheduler"]),
  defaults: DEFAULT_RATES,
};

const CANDIDATES = 4;

type Client = Pick<KubeClient, "get" | "replace" | "bind">;

/** A request as it comes in; an answer other than null is given in its place. */
export type Fault = (
  verb: "get" | "replace" | "bind",
  name: string,
) => "lost" | "lost after" | null;

/** The cluster. */
export type Cluster = {
  readonly client: Client;
  readonly pods: Map<string, KubeObject>;
  readonly bandwidths: Map<string, KubeObject>;
  readonly addNode: (name: string, network: number, local?: number) => void;
  readonly addPod: (name: string, annotations: Json, owner?: string) => KubeObject;
  readonly endPod: (name: string) => void;
  /** What the operator does with a node's requests: it keeps those of pods that are there. */
  readonly tidy: (node: string) => void;
  /** Tells of each change as it happens, before watches do. */
  readonly onChange: (listener: (object: KubeObject, isGone: boolean) => void) => void;
  /** Lets a world follow from now on, after it is told all that is there. */
  readonly follow: (world: World, lag: () => Promise<void>) => Following;
};

type Following = {
  /** Resolves when the world knows all that is so now. */
  readonly watched: () => Promise<void>;
  readonly stop: () => void;
};

type Listener = (object: KubeObject, isGone: boolean) => void;
type Store = {
  readonly pods: Map<string, KubeObject>;
  readonly bandwidths: Map<string, KubeObject>;
  readonly listeners: Set<Listener>;
  version: number;
};

/** An empty cluster. */
export function createCluster(fault: Fault = () => null): Cluster {
  const store: Store = { pods: new Map(), bandwidths: new Map(), listeners: new Set(), version: 1 };
  return {
    client: clientOf(store, fault),
    pods: store.pods,
    bandwidths: store.bandwidths,
    addNode: (name, network, local = 20_000) => {
      const both = (mbps: number): Json => ({ ulMbps: mbps, dlMbps: mbps });
      const capacity = { local: both(local), network: both(network) };
      const metadata = { name, uid: `uid-${name}` };
      save(store, { ...BANDWIDTH_KIND, metadata, spec: { node: name, capacity } });
    },
    addPod: (name, annotations, owner) =>
      save(store, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace: "lab", name, uid: `uid-${name}`, annotations, ...ownedBy(owner) },
        spec: { schedulerName: "vaclab-scheduler" },
      }),
    endPod: (name) => {
      const pod = store.pods.get(name);
      store.pods.delete(name);
      if (pod !== undefined) tell(store, pod, true);
    },
    tidy: (node) => tidy(store, node),
    onChange: (listener) => void store.listeners.add(listener),
    follow: (world, lag) => follow(store, world, lag),
  };
}

const ownedBy = (owner: string | undefined): Json =>
  owner === undefined
    ? {}
    : {
        ownerReferences: [
          { kind: "StatefulSet", name: owner, uid: `uid-${owner}`, controller: true },
        ],
      };

function save(store: Store, object: KubeObject): KubeObject {
  store.version += 1;
  const metadata = { ...object.metadata, resourceVersion: String(store.version) };
  const saved = { ...object, metadata };
  const of = object.kind === "Pod" ? store.pods : store.bandwidths;
  of.set(object.metadata.name, saved);
  tell(store, saved, false);
  return saved;
}

const tell = ({ listeners }: Store, object: KubeObject, isGone: boolean): void => {
  for (const listener of listeners) listener(object, isGone);
};

const missing = apiError(404, { code: 404, reason: "NotFound", message: "not found" });
const conflict = apiError(409, { code: 409, reason: "Conflict", message: "somebody was first" });
const lost = { kind: "transport", code: 0, reason: "Transport", message: "no answer" } as const;

function clientOf(store: Store, fault: Fault): Client {
  const of = (kind: string): Map<string, KubeObject> =>
    kind === "Pod" ? store.pods : store.bandwidths;
  const wire = async <T>(ask: () => T): Promise<T> => {
    await Promise.resolve();
    const said = ask();
    await Promise.resolve();
    return said;
  };
  return {
    get: async ({ kind, name }) =>
      wire(() => {
        const found = of(kind).get(name);
        if (fault("get", name) !== null) return err(lost);
        return found === undefined ? err(missing) : ok(found);
      }),
    replace: async (object) =>
      wire(() => {
        const { name, resourceVersion } = object.metadata;
        const how = fault("replace", name);
        const found = of(object.kind).get(name);
        if (how === "lost") return err(lost);
        if (found === undefined) return err(missing);
        if (found.metadata.resourceVersion !== resourceVersion) return err(conflict);
        const saved = save(store, object);
        return how === null ? ok(saved) : err(lost);
      }),
    bind: async ({ name, uid }, node) =>
      wire(() => {
        const how = fault("bind", name);
        if (how === "lost") return err(lost);
        const pod = store.pods.get(name);
        if (pod === undefined || pod.metadata["uid"] !== uid) return err(missing);
        if (textAt(child(pod, "spec"), "nodeName") !== null) return err(conflict);
        save(store, { ...pod, spec: { ...child(pod, "spec"), nodeName: node } });
        return how === null ? ok(undefined) : err(lost);
      }),
  };
}

function tidy(store: Store, node: string): void {
  const object = store.bandwidths.get(node);
  if (object === undefined) return;
  const uids = new Set([...store.pods.values()].map(({ metadata }) => metadata["uid"]));
  const spec = child(object, "spec");
  const requests = children(spec, "requests").filter((each) => uids.has(each["podUid"]));
  save(store, { ...object, spec: { ...spec, requests } });
}

function follow(store: Store, world: World, lag: () => Promise<void>): Following {
  const take: Listener = (object, isGone) => {
    if (object.kind !== "Pod") return world.setBandwidth(object);
    return isGone ? world.removePod(String(object.metadata["uid"])) : world.setPod(object);
  };
  for (const pod of store.pods.values()) take(pod, false);
  for (const bandwidth of store.bandwidths.values()) take(bandwidth, false);
  // Each kind is in order; the kinds overtake each other, as two watches do.
  const tails = new Map<string, Promise<void>>();
  const state = { isFollowing: true };
  const listener: Listener = (object, isGone) => {
    const before = tails.get(object.kind) ?? Promise.resolve();
    const next = before.then(lag).then(() => {
      if (state.isFollowing) take(object, isGone);
      return undefined;
    });
    tails.set(object.kind, next);
  };
  store.listeners.add(listener);
  return {
    watched: async () => {
      await Promise.all(tails.values());
    },
    stop: () => {
      state.isFollowing = false;
      store.listeners.delete(listener);
    },
  };
}

/** An extender that follows a cluster. */
export type Running = {
  readonly extender: Extender;
  readonly world: World;
  readonly waiting: WaitingPods;
  readonly watched: () => Promise<void>;
  /** Ends the term; resolves when no binding is under way any more, after which another process may lead. */
  readonly stop: () => Promise<void>;
};

/** Starts an extender on a cluster, as a process that has become leader does. */
export function startExtender(
  cluster: Cluster,
  lag: () => Promise<void> = async () => Promise.resolve(),
  overrides: Partial<Parameters<typeof createWorld>[0]> = {},
): Running {
  const world = createWorld({ reading: READING, rules: "fixed", ...overrides });
  const term = new AbortController();
  const writer = createRequestWriter({
    client: cluster.client,
    known: world.bandwidth,
    onSeen: world.setBandwidth,
    isOn: (podUid, node) => world.ledger.nodeOf(podUid) === node,
    onFailed: () => undefined,
    pause: millis(1),
    turn: millis(0),
  });
  const { binder, ended } = countBindings(
    createBinder({ client: cluster.client, world, writer, signal: term.signal, within: millis(0) }),
  );
  const waiting = createWaitingPods({
    ledger: world.ledger,
    wake: async () => Promise.resolve(true),
    pause: millis(1),
  });
  const following = cluster.follow(world, lag);
  return {
    extender: createExtender({
      client: cluster.client,
      world,
      binder,
      waiting,
      candidates: CANDIDATES,
    }),
    world,
    waiting,
    watched: following.watched,
    stop: async () => {
      term.abort();
      writer[Symbol.dispose]();
      waiting[Symbol.dispose]();
      await ended();
      following.stop();
    },
  };
}

/** A binder that tells when no binding is under way. */
function countBindings(bind: Binder): { binder: Binder; ended: () => Promise<unknown> } {
  const underWay = new Set<Promise<unknown>>();
  return {
    binder: async (pod, node) => {
      const binding = bind(pod, node);
      underWay.add(binding);
      return binding.finally(() => underWay.delete(binding));
    },
    ended: async () => Promise.allSettled(underWay),
  };
}
