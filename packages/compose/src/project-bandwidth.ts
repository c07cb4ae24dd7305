/** What a project says of its pods' bandwidth, which admission holds them to (U1). Pure. */
import type { Project } from "@seam/api";

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

/** What admission does with what the project says of bandwidth (U1). */
export function bandwidthRules(spec: Project["spec"]): readonly Finding[] {
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
  const excess = RATES.filter(
    (field) => (limits?.default?.[field] ?? 0) > (limits?.max?.[field] ?? Infinity),
  );
  const type = "BandwidthLimitsEnforced";
  if (excess.length > 0) {
    const message = excess
      .map((field) => `spec.limits.default.${field}: expected at most spec.limits.max.${field}`)
      .join("; ");
    return [{ type, status: "False", reason: "DefaultAboveMax", message }];
  }
  const message = [`new pods are held to ${rules.join(", ")}`, ...advice].join("; ");
  return [{ type, status: "True", reason: "Enforced", message }];
}
