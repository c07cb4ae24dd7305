/** Who reaches whom among the pods of a namespace, now and when documents were applied. */
import { type Address, type Family, ok } from "@seam/base";
import type { KubeObject } from "@seam/kube";
import { type Matrix, matrixOf, type Port } from "@seam/reach";

import type { Source } from "./documents.ts";
import { type KubeReader, listObjects, type Reply } from "./list.ts";
import { planObjects } from "./plan.ts";
import { type InForce, namespaceLabels, POD, podOf, portOf, readInForce } from "./reach.ts";
import { readerAfter } from "./reader-after.ts";
import type { Seam } from "./seam.ts";

/** What a table is about. */
export type ReachTableOptions = {
  /** Documents that would be applied: policies of any kind and what they refer to, or experiments with policies. */
  readonly sources: readonly Source[];
  /** As 80/TCP; without any all that containers and policies name, and the others as one. */
  readonly ports: readonly string[];
  readonly family: Family;
};

/** The table, and what could not be taken into account. */
export type ReachTable = { readonly matrix: Matrix; readonly notes: readonly string[] };

/** Reachability among all pods of the connection's namespace, now and when documents were applied. */
export async function tabulateReach(seam: Seam, options: ReachTableOptions): Reply<ReachTable> {
  const { kube, namespace } = seam;
  const ports: Port[] = [];
  for (const word of options.ports) {
    const port = portOf(word, { kind: "address", address: NOWHERE, node: null });
    if (!port.ok) return port;
    ports.push(port.value);
  }
  const listed = await listObjects(kube, { ...POD, namespace });
  if (!listed.ok) return listed;
  const now = await sideOf(kube, namespace, listed.value);
  if (!now.ok) return now;
  const proposed = await proposedSide(seam, listed.value, options.sources);
  if (!proposed.ok) return proposed;
  const world = { ...now.value, proposed: proposed.value, family: options.family };
  const matrix = matrixOf(ports.length === 0 ? world : { ...world, ports });
  return ok({ matrix, notes: notesOf(now.value.notes, proposed.value?.notes ?? null) });
}

const NOWHERE: Address = { family: "ipv4", bytes: [0, 0, 0, 0] };

/** The pods of the pod network among these, and what decides about them. */
async function sideOf(
  kube: KubeReader,
  namespace: string,
  pods: readonly KubeObject[],
): Reply<InForce> {
  const labels = await namespaceLabels(kube, namespace);
  if (!labels.ok) return labels;
  const own = pods.map((each) => podOf(each, labels.value)).filter((each) => !each.hostNetwork);
  return readInForce(kube, own, false);
}

/** The same pods when the documents were applied; null without documents. */
async function proposedSide(
  { kube, namespace }: Seam,
  pods: readonly KubeObject[],
  sources: readonly Source[],
): Reply<InForce | null> {
  if (sources.length === 0) return ok(null);
  const plan = await planObjects(kube, sources, { namespace, force: true });
  if (!plan.ok) return plan;
  return sideOf(readerAfter(kube, plan.value.objects), namespace, pods);
}

/** What is so on one side of the change alone says on which. */
function notesOf(now: readonly string[], after: readonly string[] | null): readonly string[] {
  if (after === null) return now;
  return [
    ...now.map((note) => (after.includes(note) ? note : `before the change: ${note}`)),
    ...after.filter((note) => !now.includes(note)).map((note) => `after the change: ${note}`),
  ];
}
