/** Who reaches whom among the pods of a namespace, or of the cluster, now and when documents were applied. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Address, err, type Family, ok } from "@seam/base";
import { isJson, type KubeClient, type KubeObject, type ObjectRef } from "@seam/kube";
import { type Matrix, matrixSteps, type Pod, type Port } from "@seam/reach";

import type { Source } from "./documents.ts";
import type { SeamError } from "./error.ts";
import { type KubeReader, listObjects, type Reply } from "./list.ts";
import { planObjects } from "./plan.ts";
import { type InForce, namespaceLabels, POD, podOf, portOf, readInForce } from "./reach.ts";
import { readerAfter } from "./reader-after.ts";

/** What a table is about. */
export type ReachTableOptions = {
  /** Documents that would be applied: policies of any kind and what they refer to, or experiments with policies. */
  readonly sources: readonly Source[];
  /** Objects that would be deleted. */
  readonly removed?: readonly ObjectRef[];
  /** As 80/TCP; without any all that containers and policies name, and the others as one. */
  readonly ports: readonly string[];
  readonly family: Family;
  /** Which pods; absent: all. */
  readonly labelSelector?: string;
  /** So many pods at most; the work grows with their square. */
  readonly mostPods?: number;
};

/** The table, and what could not be taken into account. */
export type ReachTable = { readonly matrix: Matrix; readonly notes: readonly string[] };

/** The cluster, and the namespace whose pods are asked about; null: all. */
export type TablePlace = { readonly kube: KubeClient; readonly namespace: string | null };

/** Reachability among all pods of a namespace, now and when documents were applied. */
export async function tabulateReach(
  place: TablePlace,
  options: ReachTableOptions,
): Reply<ReachTable> {
  const ports = portsOf(options);
  if (!ports.ok) return ports;
  const pods = await podsAt(place, options);
  if (!pods.ok) return pods;
  const now = await sideOf(place.kube, pods.value);
  if (!now.ok) return now;
  const proposed = await proposedSide(place, pods.value, options);
  if (!proposed.ok) return proposed;
  const world = { ...now.value, proposed: proposed.value, family: options.family };
  const named = ports.value.length === 0 ? {} : { ports: ports.value };
  const matrix = await inTurns(matrixSteps({ ...world, ...named }));
  return ok({ matrix, notes: notesOf(now.value.notes, proposed.value?.notes ?? null) });
}

function portsOf({ ports: words }: ReachTableOptions): Awaited<Reply<readonly Port[]>> {
  const ports: Port[] = [];
  for (const word of words) {
    const port = portOf(word, { kind: "address", address: NOWHERE, node: null });
    if (!port.ok) return port;
    ports.push(port.value);
  }
  return ok(ports);
}

async function podsAt(
  { kube, namespace }: TablePlace,
  options: ReachTableOptions,
): Reply<readonly KubeObject[]> {
  const { labelSelector } = options;
  const ref = namespace === null ? POD : { ...POD, namespace };
  const listed = await listObjects(kube, ref, labelSelector === undefined ? {} : { labelSelector });
  if (!listed.ok) return listed;
  // An absent namespace has no pods either.
  const there = namespace === null ? ok(null) : await namespaceLabels(kube, namespace);
  if (!there.ok) return there;
  const pods = listed.value.filter(isInTable);
  const { mostPods = Infinity } = options;
  return pods.length > mostPods ? err(tooMany(pods.length, options)) : ok(pods);
}

const NOWHERE: Address = { family: "ipv4", bytes: [0, 0, 0, 0] };

/** A pod that has ended speaks to nobody. */
const isInTable = ({ spec, status }: KubeObject): boolean =>
  !(isJson(spec) && spec["hostNetwork"] === true) &&
  !(isJson(status) && ENDED.has(String(status["phase"])));
const ENDED: ReadonlySet<string> = new Set(["Succeeded", "Failed"]);

const tooMany = (count: number, { mostPods }: ReachTableOptions): SeamError => ({
  code: "Refused",
  message: `${count} pods are more than the ${mostPods} that a table is made of`,
  hint: "Ask about two of them: seam can FROM TO --port PORT.",
  details: [],
});

/** No turn of the event loop is longer: others wait on it. */
const TURN_MS = 10;

/** Runs steps to their end, with room for other work between them. */
async function inTurns<T>(steps: Generator<void, T, void>): Promise<T> {
  let turnEndsAt = performance.now() + TURN_MS;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() < turnEndsAt) continue;
    await nextTurn();
    turnEndsAt = performance.now() + TURN_MS;
  }
}

/** Pods of the pod network, and what decides about them. */
async function sideOf(kube: KubeReader, objects: readonly KubeObject[]): Reply<InForce> {
  const pods: Pod[] = [];
  const groups = Map.groupBy(objects, ({ metadata }) => metadata.namespace ?? "");
  for (const [namespace, members] of groups) {
    const labels = await namespaceLabels(kube, namespace);
    if (!labels.ok) return labels;
    pods.push(...members.map((each) => podOf(each, labels.value)));
  }
  return readInForce(kube, pods, false);
}

/** Nothing is applied. */
const NO_PLAN = ok({ objects: [] });

/** The same pods when the documents were applied; null without a change. */
async function proposedSide(
  { kube, namespace }: TablePlace,
  pods: readonly KubeObject[],
  { sources, removed = [] }: ReachTableOptions,
): Reply<InForce | null> {
  if (sources.length === 0 && removed.length === 0) return ok(null);
  const options = { namespace: namespace ?? "default", force: true };
  const plan = sources.length === 0 ? NO_PLAN : await planObjects(kube, sources, options);
  if (!plan.ok) return plan;
  const gone = removed.map((ref) => ({ ref, after: null }));
  return sideOf(readerAfter(kube, [...gone, ...plan.value.objects]), pods);
}

/** What is so on one side of the change alone says on which. */
function notesOf(now: readonly string[], after: readonly string[] | null): readonly string[] {
  if (after === null) return now;
  return [
    ...now.map((note) => (after.includes(note) ? note : `before the change: ${note}`)),
    ...after.filter((note) => !now.includes(note)).map((note) => `after the change: ${note}`),
  ];
}
