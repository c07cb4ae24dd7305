/**
 * What a policy of the cluster says about host endpoints (projectcalico.org/v3, GlobalNetworkPolicy: preDNAT, applyOnForward, doNotTrack),
 * and its rules as they are for what an endpoint forwards and for what comes in before translation: there only the other end is known.
 */
import { err, ok, type Result } from "@seam/base";

import type { Record as Fields } from "./policy-fields.ts";
import type { HostUse, Rule } from "./policy-model.ts";
import { EVERY_PORT } from "./policy-reading.ts";

/** What a policy says about host endpoints; one of a namespace, or that asks for one, says nothing. */
export function readHostUse(
  spec: Fields,
  namespace: string | null,
): Result<HostUse | null, string> {
  if (spec["doNotTrack"] === true)
    return err("spec.doNotTrack: not supported; expected preDNAT, applyOnForward or neither");
  if (namespace !== null) return ok(null);
  const narrowing = ["namespaceSelector", "serviceAccountSelector"].find((key) =>
    isGiven(spec[key]),
  );
  if (spec["preDNAT"] !== true) {
    if (narrowing !== undefined) return ok(null);
    return ok(spec["applyOnForward"] === true ? "forward" : "local");
  }
  if (narrowing !== undefined)
    return err(
      `spec.${narrowing}: expected none beside preDNAT, as host endpoints have no namespace`,
    );
  if (spec["applyOnForward"] !== true)
    return err("spec.applyOnForward: expected true beside preDNAT");
  const hasEgress = [spec["types"], spec["egress"]].some(
    (list, at) => Array.isArray(list) && (at === 0 ? list.includes("Egress") : list.length > 0),
  );
  return hasEgress
    ? err("spec.egress: expected none beside preDNAT, which is about what comes in")
    : ok("pre-dnat");
}

const isGiven = (selector: unknown): boolean =>
  typeof selector === "string" && selector.trim() !== "";

type Place = {
  readonly onHosts: HostUse | null | "unclear";
  readonly direction: "ingress" | "egress";
  readonly path: string;
};

/** The rules, if all that they ask can be judged wherever the policy is in force on host endpoints. */
export function judgeableRules(
  rules: readonly Rule[],
  { onHosts, direction, path }: Place,
): Result<null, string> {
  if (onHosts !== "forward" && onHosts !== "pre-dnat") return ok(null);
  const [end, more] =
    direction === "ingress"
      ? (["destination", ", no selector and no names of ports"] as const)
      : (["source", " and no selector"] as const);
  return rules.every((rule) => isJudgeable(rule, direction))
    ? ok(null)
    : err(
        `${path}.${end}: expected no addresses${more} beside applyOnForward or preDNAT, as host endpoints judge what they forward by its other end`,
      );
}

const isJudgeable = ({ own, ports }: Rule, direction: Place["direction"]): boolean =>
  own === null && (direction === "egress" || ports.named.length === 0);

/** The rules where the own end is not known; one that asks for it fails closed. */
export const withoutOwnEnd = (
  rules: readonly Rule[],
  direction: Place["direction"],
): readonly Rule[] =>
  rules.flatMap((rule): readonly Rule[] => {
    if (isJudgeable(rule, direction)) return [rule];
    if (rule.action === "accept" || rule.action === "log") return [];
    const ports = direction === "ingress" && rule.ports.named.length > 0 ? EVERY_PORT : rule.ports;
    return [{ ...rule, action: "deny", own: null, ports }];
  });
