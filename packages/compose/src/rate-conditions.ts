/** The conditions of a pod about its rates (U3), from what the agent of its node tells. Pure. */
import {
  GROUP,
  type PodRateState,
  type RateReport,
  RATES_ANNOTATION,
  type RateState,
  readRateReport,
} from "@seam/api";
import { child, type Json, type KubeObject, textAt } from "@seam/kube";
import { type Condition, conditionsIn, type Finding, settle } from "./condition.ts";

const TYPES = { limit: `${GROUP}/RateEnforced`, guarantee: `${GROUP}/RateGuaranteed` } as const;
const OWN: ReadonlySet<string> = new Set(Object.values(TYPES));

const GOOD = {
  limit: { reason: "Enforced", message: "the pod is held to the rates that it names" },
  guarantee: {
    reason: "Guaranteed",
    message: "what is reserved for the pod is kept free on its node's links to others",
  },
} as const;

/** Those of a pod's conditions that are about its rates. */
export const rateConditionsIn = (status: Json): readonly Condition[] =>
  conditionsIn(status).filter(({ type }) => OWN.has(type));

/** The conditions that a pod should have; `now` is in milliseconds since 1970. */
function rateConditions(
  state: PodRateState | null,
  before: readonly Condition[],
  now: number,
): readonly Condition[] {
  const finding = (part: keyof typeof TYPES, said: RateState): readonly Finding[] => {
    if (said === null) return [];
    const type = TYPES[part];
    return [
      said === true
        ? { type, status: "True", ...GOOD[part] }
        : { type, status: "False", reason: said.reason, message: said.message },
    ];
  };
  const findings = [
    ...finding("limit", state?.limit ?? null),
    ...finding("guarantee", state?.guarantee ?? null),
  ];
  return settle(findings, before, { generation: 0, now });
}

/** Which pod, and what it says of its rates. */
type ConditionedPod = {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly conditions: readonly Condition[];
};

/** What to apply to a pod's status so that it says what is so; null when it does. */
export function rateStatusOf(
  { name, namespace, uid, conditions: before }: ConditionedPod,
  state: PodRateState | null,
  now: number,
): KubeObject | null {
  const wanted = inOrder(rateConditions(state, before, now));
  if (JSON.stringify(inOrder(before)) === JSON.stringify(wanted)) return null;
  const metadata = { name, namespace, uid };
  return { apiVersion: "v1", kind: "Pod", metadata, status: { conditions: wanted } };
}

const inOrder = (conditions: readonly Condition[]): readonly Json[] =>
  conditions.toSorted((one, other) => one.type.localeCompare(other.type)).map(formOf);

/** A condition as pods have it. */
const formOf = ({ type, status, reason, message, lastTransitionTime }: Condition): Json => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime,
});

/** What the agent of a node tells. */
export type ObservedRateReport = RateReport & { readonly node: string };

/** Reads the Lease of an agent. */
export const observeRateReport = (object: KubeObject): ObservedRateReport => ({
  node: textAt(child(object, "spec"), "holderIdentity") ?? "",
  ...readRateReport(textAt(child(object.metadata, "annotations"), RATES_ANNOTATION) ?? ""),
});
