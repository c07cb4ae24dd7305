/** A pod as the scheduler must know it, from its object. */
import {
  type Controller,
  type GroupMember,
  groupOf,
  type PodFacts,
  type RateOptions,
  type Rates,
  readRates,
  reservedRates,
} from "@seam/bandwidth";
import { child, children, type Json, textAt } from "@seam/kube";

/** How pods are read. */
export type PodReading = RateOptions & {
  /** Values of `spec.schedulerName` whose pods have `defaults` for what they do not say (V18). */
  readonly schedulers: ReadonlySet<string>;
  readonly defaults: Rates;
};

/** A pod. */
export type SeenPod = {
  readonly facts: PodFacts;
  readonly member: GroupMember;
  readonly priority: number;
  /** It is to be placed by this scheduler. */
  readonly isOurs: boolean;
  /** Its deletion has begun. */
  readonly isLeaving: boolean;
  /** Why it cannot be placed anywhere, or null: an annotation that cannot be kept. */
  readonly refusal: string | null;
};

/** Answers with the controller of a ReplicaSet, or null. */
export type ControllerOf = (of: Controller) => Controller | null;

/** Reads a pod's object. */
export function seePod(object: Json, reading: PodReading, controllerOf: ControllerOf): SeenPod {
  const spec = child(object, "spec");
  const status = child(object, "status");
  const member = memberOf(child(object, "metadata"));
  const read = readRates(member.annotations, reading);
  const isOurs = reading.schedulers.has(textAt(spec, "schedulerName") ?? "");
  const phase = textAt(status, "phase");
  const priority = spec["priority"];
  return {
    facts: {
      uid: member.uid,
      namespace: member.namespace,
      name: member.name,
      ip: textAt(status, "podIP") ?? "",
      node: textAt(spec, "nodeName"),
      isTerminal: phase === "Succeeded" || phase === "Failed",
      rates: reservedRates(read, isOurs ? reading.defaults : undefined),
      group: groupOf(member, controllerOf),
    },
    member,
    isOurs,
    priority: typeof priority === "number" ? priority : 0,
    isLeaving: textAt(child(object, "metadata"), "deletionTimestamp") !== null,
    refusal: read.findings.find(({ severity }) => severity === "error")?.message ?? null,
  };
}

/** The pod, after something was learnt of its ReplicaSet. */
export const regroup = (pod: SeenPod, controllerOf: ControllerOf): SeenPod => ({
  ...pod,
  facts: { ...pod.facts, group: groupOf(pod.member, controllerOf) },
});

/** The controller among an object's owners. */
export function controllerIn(metadata: Json): Controller | null {
  const owner = children(metadata, "ownerReferences").find((each) => each["controller"] === true);
  if (owner === undefined) return null;
  const text = (key: string): string => textAt(owner, key) ?? "";
  return { kind: text("kind"), name: text("name"), uid: text("uid") };
}

function memberOf(metadata: Json): GroupMember {
  const annotations = Object.entries(child(metadata, "annotations")).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return {
    namespace: textAt(metadata, "namespace") ?? "",
    name: textAt(metadata, "name") ?? "",
    uid: textAt(metadata, "uid") ?? "",
    annotations: Object.fromEntries(annotations),
    controller: controllerIn(metadata),
  };
}
