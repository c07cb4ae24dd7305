/** The copies that accounting bandwidth reads: nodes, their `Bandwidth` objects, all pods, and the ReplicaSets between Deployments and pods. */
import { BANDWIDTH_KIND } from "@seam/api";
import {
  type CeilingKeys,
  familiesWith,
  type RateKeys,
  type RateOptions,
  type RateReading,
  type Shares,
} from "@seam/bandwidth";
import {
  type ObservedBandwidth,
  type ObservedBandwidthPod,
  observeBandwidth,
  observeBandwidthPod,
  type ObservedNode,
  type ObservedReplicaSet,
  observeNode,
  observeReplicaSet,
  rateNews,
  bandwidthNews,
} from "@seam/compose";
import {
  type Change,
  children,
  type EventRecorder,
  type KindRef,
  type KubeObject,
  type Reflector,
  startReflector,
  textAt,
} from "@seam/kube";
import { type BandwidthBook, createBandwidthBook, type SilentPods } from "./bandwidth-book.ts";
import { createNamespaceRates, type NamespaceRates } from "./project-bandwidth.ts";
import { type RateWatches, watchRates } from "./rate-watches.ts";
import type { WatchOptions } from "./watches.ts";

/** What the operator of the cluster chose. */
export type BandwidthSettings = {
  /** The capacity of a node of which nothing else is known. */
  readonly defaults: Shares;
  /** The annotations of pods that are read first. */
  readonly keys: Pick<RateKeys, "egress" | "ingress">;
  readonly units: RateReading;
  /** The annotations with how far pods may go beyond their rates. */
  readonly ceilings: CeilingKeys;
  readonly silent: SilentPods;
};

/** The copies and the accounts that are kept of them. */
export type BandwidthWatches = {
  readonly node: (name: string) => ObservedNode | undefined;
  readonly object: (name: string) => ObservedBandwidth | undefined;
  readonly book: Pick<BandwidthBook, "account" | "staleOn">;
  /** The node is gone; who had asked for it may count elsewhere. */
  readonly forget: (node: string) => void;
  /** What the pods of a namespace reserve. */
  readonly reservedIn: NamespaceRates["of"];
  /** What is told of the rates of pods. */
  readonly rates: Pick<RateWatches, "statusOf" | "measured">;
  readonly settings: BandwidthSettings;
  readonly copies: readonly Pick<Reflector<unknown>, "synced" | typeof Symbol.asyncDispose>[];
};

/** How they are started. */
export type BandwidthWatchOptions = Pick<
  WatchOptions,
  "client" | "namespace" | "onWork" | "onError"
> & {
  readonly report: EventRecorder["report"];
  readonly settings: BandwidthSettings;
  /** Called with NAMESPACE/NAME of a pod that is counted, or not any more, or on a node of which more is used than there is, or not any more. */
  readonly onReservation: (pod: string) => void;
  /** Called with a namespace whose pods reserve more or less than before. */
  readonly onRates: (namespace: string) => void;
};

/** Starts the copies. */
export function watchBandwidth(options: BandwidthWatchOptions): BandwidthWatches {
  const { settings, onWork } = options;
  const book = createBandwidthBook(settings.silent);
  const touch = (nodes: readonly string[]): void => {
    for (const name of new Set(nodes)) onWork(`Bandwidth/${name}`);
  };
  const nodes = copy<ObservedNode>(options, {
    ref: { apiVersion: "v1", kind: "Node" },
    project: observeNode,
    uidOf: ({ uid }) => uid,
    accept: ({ value }) => touch([value.name]),
  });
  const objects = copy<ObservedBandwidth>(options, {
    ref: BANDWIDTH_KIND,
    project: observeBandwidth,
    wantsManagedFields: true,
    uidOf: ({ identity }) => identity.uid,
    accept: (change, before) => {
      const { value, kind } = change;
      touch([value.identity.name, ...book.acceptBandwidth(change)]);
      if (kind === "deleted") tellEnd(options, value, nodes.get(value.identity.name) === undefined);
      const after = change.kind === "set" ? change.value : undefined;
      changedReservations(before, after).forEach(options.onReservation);
    },
  });
  const replicaSets = copy<ObservedReplicaSet>(options, {
    ref: { apiVersion: "apps/v1", kind: "ReplicaSet" },
    project: observeReplicaSet,
    uidOf: ({ uid }) => uid,
    accept: (change) => touch(book.acceptReplicaSet(change)),
  });
  const rates = watchRates(options);
  const reserved = createNamespaceRates();
  const pods = watchPods(options, (change) => {
    touch(book.acceptPod(change));
    rates.acceptPod(change);
    const namespace = reserved.accept(change);
    if (namespace !== null) options.onRates(namespace);
  });
  return {
    node: nodes.get,
    object: objects.get,
    book,
    forget: (node) => touch(book.forget(node).filter((other) => other !== node)),
    reservedIn: reserved.of,
    rates,
    settings,
    copies: [nodes, objects, replicaSets, pods, rates.copy],
  };
}

/** Whoever removed it: the garbage collector may be faster than this operator, and then nobody has said why. */
function tellEnd(
  { report }: BandwidthWatchOptions,
  { identity, status }: ObservedBandwidth,
  isWithoutNode: boolean,
): void {
  const { name } = identity;
  if (isWithoutNode && status["status"] !== "Deleting")
    report(identity, bandwidthNews("deleting", name));
  report(identity, bandwidthNews("deleted", name));
}

/** The pods of which two versions of an object say something else. */
function changedReservations(
  before: ObservedBandwidth | undefined,
  after: ObservedBandwidth | undefined,
): readonly string[] {
  const [was, is] = [podsIn(before), podsIn(after)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((pod) => was.get(pod) !== is.get(pod));
}

/** What an object says of pods, by NAMESPACE/NAME. */
function podsIn(object: ObservedBandwidth | undefined): ReadonlyMap<string, string> {
  const { status = {} } = object ?? {};
  const reason = textAt(status, "errorReason") === null ? "" : "overcommitted";
  return new Map(
    children(status, "reservations").map(({ namespace, podName }) => [
      `${String(namespace)}/${String(podName)}`,
      reason,
    ]),
  );
}

function watchPods(
  options: BandwidthWatchOptions,
  accept: (change: Told<ObservedBandwidthPod>) => void,
): Reflector<ObservedBandwidthPod> {
  const { keys, ceilings, units } = options.settings;
  const rates: RateOptions = { families: familiesWith(keys), ceilings, units };
  return copy<ObservedBandwidthPod>(options, {
    ref: { apiVersion: "v1", kind: "Pod" },
    project: (object) => observeBandwidthPod(object, rates),
    uidOf: ({ uid }) => uid,
    accept: (change, before) => {
      accept(change);
      if (change.kind === "set") tellFindings(options, change.value, before);
    },
  });
}

/** What is doubtful about annotations is told when it is first seen. */
function tellFindings(
  { report }: BandwidthWatchOptions,
  pod: ObservedBandwidthPod,
  before: ObservedBandwidthPod | undefined,
): void {
  const known = before?.findings.map(({ message }) => message) ?? [];
  const { namespace, name, uid } = pod;
  const about = { apiVersion: "v1", kind: "Pod", namespace, name, uid };
  const findings = pod.findings.filter(({ message }) => !known.includes(message));
  for (const news of rateNews({ findings })) report(about, news);
}

type Told<T> = Pick<Change<T>, "kind" | "value">;

type Copied<T> = {
  readonly ref: KindRef;
  readonly project: (object: KubeObject) => T;
  readonly wantsManagedFields?: boolean;
  readonly uidOf: (value: T) => string;
  readonly accept: (change: Told<T>, before: T | undefined) => void;
};

/** All objects of a kind. A list that is made anew may show an object under the name of one whose end was not seen: that is told first. */
function copy<T>(
  { client, onError }: BandwidthWatchOptions,
  { uidOf, accept, ...copied }: Copied<T>,
): Reflector<T> {
  const known = new Map<string, T>();
  return startReflector<T>({
    client,
    ...copied,
    onChange: ({ kind, key, value }) => {
      const before = known.get(key);
      const isSuccessor = before !== undefined && uidOf(before) !== uidOf(value);
      if (isSuccessor) accept({ kind: "deleted", value: before }, before);
      if (kind === "set") known.set(key, value);
      else known.delete(key);
      accept({ kind, value }, isSuccessor ? undefined : before);
    },
    onError: (error) => onError(copied.ref.kind, error),
  });
}
