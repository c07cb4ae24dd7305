/** Which pods must go from a node so that another has bandwidth there. */
import type { Misfit, PlacedPod } from "@seam/bandwidth";

import type { SeenPod } from "./seen-pod.ts";
import type { World } from "./world.ts";

/** A node, and the pods that kube-scheduler would evict from it anyway. */
export type Candidate = { readonly node: string; readonly victims: readonly string[] };

/**
 * The uids of the pods to evict from the candidate: the given ones, and as few others of lower priority as it takes, lowest priority
 * and widest first; null when no eviction from this node helps.
 */
export function victimsFor(
  world: World,
  pod: SeenPod,
  { node, victims }: Candidate,
): readonly string[] | null {
  const missing = (evicted: readonly string[]): readonly Misfit[] =>
    world.ledger.fit(pod.facts, [node], evicted)[0]?.misfits ?? [];
  const chosen = [...victims];
  for (const each of candidatesOn(world, pod, node)) {
    if (missing(chosen).length === 0) break;
    if (!chosen.includes(each.uid)) chosen.push(each.uid);
  }
  if (missing(chosen).length > 0) return null;
  return chosen.reduceRight<readonly string[]>((kept, uid) => {
    const rest = kept.filter((each) => each !== uid);
    return victims.includes(uid) || missing(rest).length > 0 ? kept : rest;
  }, chosen);
}

/** Pods that are bound to the node, so that kube-scheduler knows them there, and have a lower priority. */
const candidatesOn = (world: World, pod: SeenPod, node: string): readonly PlacedPod[] =>
  world.ledger
    .podsOn(node)
    .map((placed) => ({ placed, seen: world.pod(placed.uid) }))
    .filter(({ seen }) => seen?.facts.node === node && seen.priority < pod.priority)
    .sort(
      (one, other) =>
        (one.seen?.priority ?? 0) - (other.seen?.priority ?? 0) ||
        width(other.placed) - width(one.placed),
    )
    .map(({ placed }) => placed);

const width = ({ rates }: PlacedPod): number => Math.max(rates.ulMbps, rates.dlMbps);
