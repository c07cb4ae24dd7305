/** What pods' conditions say of their rates (U3): whether the kernel holds them, and whether what is reserved is kept free. */
import type { KubeClient, KubeObject } from "@seam/kube";
import { GROUP } from "@seam/api";
import { ok } from "@seam/base";

import type { SeamError } from "./error.ts";
import { itemsOf, textOf } from "./fields.ts";
import { listObjects, type Reply } from "./list.ts";

/** A pod's conditions about its rates: the word why not, `yes`, or null where nothing is said. */
export type RatePromise = {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly enforced: string | null;
  readonly guaranteed: string | null;
};

/** What is said, and what is not in force with what to do. */
export type RatePromises = {
  readonly items: readonly RatePromise[];
  readonly faults: readonly SeamError[];
};

const TYPES = { enforced: `${GROUP}/RateEnforced`, guaranteed: `${GROUP}/RateGuaranteed` } as const;

/** Reads the pods of a namespace, or of all. */
export async function readRatePromises(
  kube: Pick<KubeClient, "list">,
  place: { readonly namespace?: string },
): Reply<RatePromises> {
  const pods = await listObjects(kube, { apiVersion: "v1", kind: "Pod", ...place });
  if (!pods.ok) return pods;
  const items = pods.value.map(promiseOf).filter(saysSomething);
  return ok({ items, faults: pods.value.flatMap(faultsOf) });
}

const promiseOf = (pod: KubeObject): RatePromise => ({
  namespace: pod.metadata.namespace ?? "",
  name: pod.metadata.name,
  node: textOf(pod, "spec", "nodeName") ?? "",
  enforced: wordOf(pod, "enforced"),
  guaranteed: wordOf(pod, "guaranteed"),
});

const saysSomething = ({ enforced, guaranteed }: RatePromise): boolean =>
  enforced !== null || guaranteed !== null;

const conditionOf = (pod: KubeObject, which: keyof typeof TYPES): unknown =>
  itemsOf(pod, "status", "conditions").find((each) => textOf(each, "type") === TYPES[which]);

function wordOf(pod: KubeObject, which: keyof typeof TYPES): string | null {
  const condition = conditionOf(pod, which);
  if (condition === undefined) return null;
  return textOf(condition, "status") === "True" ? "yes" : (textOf(condition, "reason") ?? "no");
}

/** Where nobody asked for guarantees the table's word is enough. */
const UNASKED: ReadonlySet<string> = new Set(["GuaranteesOff"]);

function faultsOf(pod: KubeObject): readonly SeamError[] {
  const { namespace, name } = promiseOf(pod);
  return (["enforced", "guaranteed"] as const).flatMap((which) => {
    const condition = conditionOf(pod, which);
    const isBad = condition !== undefined && textOf(condition, "status") === "False";
    if (!isBad || UNASKED.has(textOf(condition, "reason") ?? "")) return [];
    const what = which === "enforced" ? "its rates are not in force" : "it has no guarantee";
    return [
      {
        code: "Failed",
        message: `pod ${namespace}/${name}: ${what}`,
        hint: textOf(condition, "message") ?? "",
        details: [],
      },
    ];
  });
}
