/** Which pods a project takes, by their rates: bad values, more than one pod may have, more than is left of the quota (U1, U5). Pure. */
import {
  CEILING_KEYS,
  isRefused,
  KUBERNETES_KEYS,
  readRates,
  type Rates,
  type RateOptions,
  reservedRates,
  wholeMbps,
} from "@seam/bandwidth";
import { bitsPerSecond } from "@seam/base";
import { child, type Json, type KubeObject } from "@seam/kube";

import type { Answer, JsonPatch, Review } from "./review.ts";
import type { Tenant } from "./tenant.ts";

/** What a question is judged by. */
export type Scene = {
  readonly tenant: Tenant;
  /** What the project's other pods have reserved. */
  readonly used: Rates;
  readonly reading: Required<Pick<RateOptions, "families">> & RateOptions;
};

/** An answer, and what the pod then has reserved. */
export type Judgement = { readonly answer: Answer; readonly rates: Rates };

type Direction = {
  readonly word: "egress" | "ingress";
  readonly field: "egressMbps" | "ingressMbps";
  readonly rate: "ulMbps" | "dlMbps";
  readonly read: "ul" | "dl";
};

const DIRECTIONS: readonly Direction[] = [
  { word: "egress", field: "egressMbps", rate: "ulMbps", read: "ul" },
  { word: "ingress", field: "ingressMbps", rate: "dlMbps", read: "dl" },
];

/** A pod's annotations. */
function annotationsOf(pod: KubeObject): { readonly [key: string]: string } {
  const found = child(child(pod, "metadata"), "annotations");
  return Object.fromEntries(
    Object.entries(found).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

/** Whether a pod has ended, or shares its node's network, where no rate of its own can hold. */
export function holdsNothing(pod: KubeObject): boolean {
  const phase = child(pod, "status")["phase"];
  return phase === "Succeeded" || phase === "Failed" || child(pod, "spec")["hostNetwork"] === true;
}

/** What a pod has reserved by its annotations. */
export const ratesOf = (pod: KubeObject, reading: RateOptions): Rates =>
  reservedRates(readRates(annotationsOf(pod), reading));

/** What a new pod gets: the project's rates where it names none, and the scheduler that places by rates. */
export type Gifts = Pick<Scene, "tenant" | "reading"> & {
  /** Of pods with a rate, unless they chose another than Kubernetes' own; null: they keep that. */
  readonly scheduler: string | null;
};

/** Changes a new pod. */
export function complete({ pod, operation }: Review, gifts: Gifts): Answer {
  const { tenant, reading, scheduler } = gifts;
  const annotations = annotationsOf(pod);
  const rates = readRates(annotations, reading);
  const added = DIRECTIONS.flatMap(({ word, field, read }) => {
    // As a LimitRange has it: without a default, what is allowed at most.
    const fallback = tenant.fallback[field] ?? tenant.most[field];
    const isNamed = reading.families.some((each) => annotations[each[word]] !== undefined);
    if (fallback === null || rates[read] !== null || isNamed) return [];
    return [{ key: KUBERNETES_KEYS[word], value: `${fallback}M` }];
  });
  const isMeant = operation === "CREATE" && !holdsNothing(pod);
  const hasRate = rates.ul !== null || rates.dl !== null || added.length > 0;
  const isPlaced = hasRate && scheduler !== null && isLeftToKubernetes(pod);
  const patch = [
    ...(added.length === 0 ? [] : patchFor(pod, added)),
    ...(isPlaced ? [{ op: "add", path: "/spec/schedulerName", value: scheduler } as const] : []),
  ];
  return { allowed: true, warnings: [], patch: isMeant ? patch : [] };
}

/** Whether nobody chose where the pod goes, nor who chooses. */
function isLeftToKubernetes(pod: KubeObject): boolean {
  const { nodeName, schedulerName } = child(pod, "spec");
  return nodeName === undefined && (schedulerName ?? "default-scheduler") === "default-scheduler";
}

type Added = { readonly key: string; readonly value: string };

/** A patch cannot add to annotations that are not there. */
function patchFor(pod: KubeObject, added: readonly Added[]): readonly JsonPatch[] {
  const values: Json = Object.fromEntries(added.map(({ key, value }) => [key, value]));
  const path = "/metadata/annotations";
  if (pod.metadata["annotations"] === undefined) return [{ op: "add", path, value: values }];
  return added.map(({ key, value }) => ({
    op: "add",
    path: `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`,
    value,
  }));
}

/** Whether the pod may be, or become so. */
export function judge(review: Review, scene: Scene): Judgement {
  const { pod, before } = review;
  const read = readRates(annotationsOf(pod), scene.reading);
  const rates = holdsNothing(pod) ? reservedRates({ ul: null, dl: null }) : reservedRates(read);
  const had = before === null ? null : ratesOf(before, scene.reading);
  const refused = isRefused(read)
    ? read.findings.filter(({ severity }) => severity === "error").map(({ message }) => message)
    : DIRECTIONS.flatMap((direction) => [
        ...faultsOf({ direction, rates, had, pod }, scene),
        ...ceilingFaults(review, direction, scene),
      ]);
  const warnings = read.findings
    .filter(({ severity }) => severity !== "error")
    .map(({ message }) => message);
  const answer: Answer =
    refused.length === 0
      ? { allowed: true, warnings, patch: [] }
      : { allowed: false, warnings, message: refused.join("; ") };
  return { answer, rates };
}

type Asked = {
  readonly direction: Direction;
  readonly rates: Rates;
  /** Before a change; null for a new pod. */
  readonly had: Rates | null;
  readonly pod: KubeObject;
};

function faultsOf({ direction, rates, had, pod }: Asked, scene: Scene): readonly string[] {
  const { rate, word } = direction;
  const asked = rates[rate];
  // Less than before is never refused: it cannot make anything worse.
  const isLess = had !== null && asked > 0 && asked <= had[rate];
  if (holdsNothing(pod) || isLess) return [];
  const key = KUBERNETES_KEYS[word];
  const fault =
    asked === 0
      ? withoutRate(direction, scene.tenant, key)
      : (aboveMost(direction, asked, { ...scene, key }) ??
        aboveQuota(direction, asked, { ...scene, key }));
  return fault === null ? [] : [fault];
}

/** How far a pod may go beyond its rate; what a pod may have at most holds for that as well. */
function ceilingFaults(
  { pod, before }: Review,
  { word, field, read }: Direction,
  { tenant, reading }: Scene,
): readonly string[] {
  const highest = (of: KubeObject): number => {
    const rates = readRates(annotationsOf(of), reading);
    return rates.most[read] === rates[read] ? 0 : wholeMbps(rates.most[read] ?? bitsPerSecond(0));
  };
  const asked = highest(pod);
  const most = tenant.most[field];
  const isLess = before !== null && asked <= highest(before);
  if (most === null || asked <= most || isLess || holdsNothing(pod)) return [];
  const key = (reading.ceilings ?? CEILING_KEYS)[word];
  return [
    `${word}: up to ${asked} Mbit/s asked, and a pod of this project may have ${most} (spec.limits.max.${field}); ask for at most ${most}M in ${key}`,
  ];
}

type Keyed = Scene & { readonly key: string };

function aboveMost(
  { field, word }: Direction,
  asked: number,
  { tenant, key }: Keyed,
): string | null {
  const most = tenant.most[field];
  return most === null || asked <= most
    ? null
    : `${word}: ${asked} Mbit/s asked, and a pod of this project may have ${most} (spec.limits.max.${field}); ask for at most ${most}M in ${key}`;
}

function aboveQuota({ field, word, rate }: Direction, asked: number, scene: Keyed): string | null {
  const quota = scene.tenant.quota[field];
  const used = scene.used[rate];
  return quota === null || asked <= quota - used
    ? null
    : `${word}: ${asked} Mbit/s asked, and ${Math.max(0, quota - used)} of the project's ${quota} are left (spec.quota.${field}; used ${used}); ask for less in ${scene.key}, end other pods, or have the quota raised`;
}

/** A pod must name a rate where others' are held: without one it could use all of what those reserve. */
function withoutRate({ field }: Direction, { quota, most }: Tenant, key: string): string | null {
  const rule = quota[field] === null ? "limits.max" : "quota";
  return quota[field] === null && most[field] === null
    ? null
    : `metadata.annotations: expected ${key}, such as "10M", as the project has spec.${rule}.${field}; or set spec.limits.default.${field} of the project`;
}
