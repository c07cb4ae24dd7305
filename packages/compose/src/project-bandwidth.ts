/** What a project says of its pods' bandwidth, which admission holds them to (U1), and what of it is used. Pure. */
import type { Project } from "@seam/api";
import type { Rates } from "@seam/bandwidth";
import type { Json, KubeObject } from "@seam/kube";
import { children, child, textAt } from "@seam/kube";

import type { Finding } from "./condition.ts";
import type { ObservedProject } from "./observed.ts";

/** Whether the project says what bandwidth its pods may have. */
export const isBandwidthLimited = ({ spec }: ObservedProject): boolean =>
  spec.ok && bandwidthRulesOf(spec.value).length > 0;

const RATES = ["egressMbps", "ingressMbps"] as const;

/** Which fields speak of bandwidth. */
function bandwidthRulesOf({ quota, limits }: Project["spec"]): readonly string[] {
  const places = [
    ["spec.quota", quota],
    ["spec.limits.default", limits?.default],
    ["spec.limits.max", limits?.max],
  ] as const;
  return places.flatMap(([place, said]) =>
    RATES.filter((field) => said?.[field] !== undefined).map((field) => `${place}.${field}`),
  );
}

/**
 * Whether the API server asks admission about pods: `off`, it has no configuration that says so; `starting`, nobody has answered since it was
 * made, and pods with rates are refused meanwhile; `on`, with or without somebody who answers, as what nobody answers is refused.
 */
export type AdmissionState = "off" | "starting" | "on";

/** What the `ValidatingWebhookConfiguration` of admission says; null: there is none. */
export function admissionState(configuration: KubeObject | null): AdmissionState {
  const webhooks = configuration === null ? [] : children(configuration, "webhooks");
  // One that lets pods pass while nobody answers holds nobody to anything.
  if (webhooks.length === 0 || webhooks.some(({ failurePolicy }) => failurePolicy === "Ignore"))
    return "off";
  const isTrusted = webhooks.every((each) => textAt(child(each, "clientConfig"), "caBundle"));
  return isTrusted ? "on" : "starting";
}

/** What of a project's quota of bandwidth its pods reserve, whole Mbit/s, by the fields of the quota. */
export function bandwidthUsage({ spec }: ObservedProject, used: Rates): readonly Json[] {
  const quota = spec.ok ? spec.value.quota : undefined;
  const amounts = { egressMbps: used.ulMbps, ingressMbps: used.dlMbps };
  return RATES.flatMap((resource) => {
    const limit = quota?.[resource];
    return limit === undefined
      ? []
      : [{ resource, used: String(amounts[resource]), limit: String(limit) }];
  });
}

/** What admission does with what the project says of bandwidth (U1). */
export function bandwidthRules(
  spec: Project["spec"],
  admission: AdmissionState,
): readonly Finding[] {
  const rules = bandwidthRulesOf(spec);
  if (rules.length === 0) return [];
  const { quota, limits } = spec;
  const undefaulted = RATES.filter(
    (field) =>
      quota?.[field] !== undefined &&
      limits?.default?.[field] === undefined &&
      limits?.max?.[field] === undefined,
  );
  const advice = undefaulted.map(
    (field) => `a pod without such a rate is refused, unless spec.limits.default.${field} is set`,
  );
  const type = "BandwidthLimitsEnforced";
  const excess = excessOf(limits);
  if (excess.length > 0)
    return [{ type, status: "False", reason: "DefaultAboveMax", message: excess.join("; ") }];
  const held = rules.join(", ");
  switch (admission) {
    case "off":
      return [
        {
          type,
          status: "False",
          reason: "AdmissionOff",
          message: `nobody holds pods to ${held}; install Seam with the value admission.enabled, which makes the webhooks seam-bandwidth`,
        },
      ];
    case "starting":
      return [
        {
          type,
          status: "False",
          reason: "AdmissionStarting",
          message: `new pods are refused until seam-admission, which holds them to ${held}, has started; see kubectl -n seam-system get pods -l app.kubernetes.io/name=seam-admission`,
        },
      ];
    case "on": {
      const message = [`new pods are held to ${held}`, ...advice].join("; ");
      return [{ type, status: "True", reason: "Enforced", message }];
    }
  }
}

/** Defaults that no pod may have. */
const excessOf = (limits: Project["spec"]["limits"]): readonly string[] =>
  RATES.filter((field) => (limits?.default?.[field] ?? 0) > (limits?.max?.[field] ?? Infinity)).map(
    (field) => `spec.limits.default.${field}: expected at most spec.limits.max.${field}`,
  );
