/** Which pods come and go with a StatefulSet; pure. */
import { isDeepStrictEqual } from "node:util";
import type { ObservedPod } from "@seam/compose";
import { fieldOf, numberOf, textOf } from "./fields.ts";
import type { PlannedObject } from "./planned-object.ts";

/** A pod that comes or goes. */
export type PodChange = {
  readonly namespace: string;
  readonly name: string;
  readonly action: "make" | "remove";
  /** Null: the scheduler chooses it. */
  readonly node: string | null;
  /** Of a pod that goes. */
  readonly addresses: readonly string[];
};

/** The pods that come and go; a pod whose template changes goes, and comes again wherever the scheduler wants. */
export function podChanges(
  { ref, before, after }: PlannedObject,
  pods: readonly ObservedPod[],
): readonly PodChange[] {
  if (ref.kind !== "StatefulSet") return [];
  const present = pods.filter((pod) => pod.workload === ref.name && !pod.isTerminating);
  const names = Array.from({ length: replicasIn(after) }, (_, at) => `${ref.name}-${at}`);
  const isReplaced =
    before !== null && after !== null && !isDeepStrictEqual(templateIn(before), templateIn(after));
  const stays = ({ name }: Pick<ObservedPod, "name">): boolean =>
    !isReplaced && names.includes(name);
  const namespace = ref.namespace ?? "";
  const node = textOf(templateIn(after), "spec", "nodeSelector", "kubernetes.io/hostname") ?? null;
  return [
    ...present
      .filter((pod) => !stays(pod))
      .map((pod) => ({ ...placeOf(pod), action: "remove" as const })),
    ...names
      .filter((name) => !present.some((pod) => pod.name === name && stays(pod)))
      .map((name) => ({ namespace, name, action: "make" as const, node, addresses: [] })),
  ];
}

const placeOf = ({ namespace, name, node, addresses }: ObservedPod): Omit<PodChange, "action"> => ({
  namespace,
  name,
  node,
  addresses,
});

const replicasIn = (set: unknown): number => numberOf(set, "spec", "replicas") ?? 0;
const templateIn = (set: unknown): unknown => fieldOf(set, "spec", "template");
