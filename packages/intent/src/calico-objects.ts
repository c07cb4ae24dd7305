/** Calico's tiers and sets of networks (projectcalico.org/v3). */
import {
  type Cidr,
  err,
  familyBits,
  ok,
  parseAddress,
  parseNetwork,
  type Result,
} from "@seam/base";

import {
  collect,
  fieldsOf,
  labelsOf,
  listAt,
  type Record as Fields,
  specOf,
} from "./policy-fields.ts";
import { type Tier, TIERS } from "./policy-model.ts";
import type { PolicyPod } from "./policy-pod.ts";

/** Reads a tier; one that is always there keeps its place. */
export function readCalicoTier(
  name: string,
  object: unknown,
): { readonly tier: Tier; readonly faults: readonly string[] } {
  const spec = specOf(object);
  const { faults, given } = collect();
  given<Fields>(fieldsOf(spec, "spec", ["order", "defaultAction"]), {});
  const tier: Tier = {
    order: given<number>(readOrder(spec["order"]), Infinity),
    otherwise: spec["defaultAction"] === "Pass" ? "next" : "deny",
  };
  const fixed = Object.entries(TIERS).find(([each]) => each === name)?.[1];
  if (fixed === undefined) return { tier, faults };
  const isSame = tier.order === fixed.order && tier.otherwise === fixed.otherwise;
  const action = fixed.otherwise === "deny" ? "Deny" : "Pass";
  const fault = `spec: tier ${name} always has order ${fixed.order} and defaultAction ${action}`;
  return { tier: fixed, faults: isSame ? [] : [fault] };
}

/** A set of networks that has labels; or a host endpoint, which is one of its addresses. */
export type NetworkSet = {
  /** Null: of the cluster. */
  readonly namespace: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly cidrs: readonly Cidr[];
  /** Names that a host endpoint has for ports. */
  readonly ports: PolicyPod["ports"];
};

/** Reads the set of a namespace; null: of the cluster. What cannot be read is left out. */
export function readNetworkSet(
  namespace: string | null,
  object: unknown,
): { readonly set: NetworkSet; readonly faults: readonly string[] } {
  const spec = specOf(object);
  const { faults, given } = collect();
  given<Fields>(fieldsOf(spec, "spec", ["nets"]), {});
  const cidrs = given(listAt(spec, "nets", "spec"), []).flatMap((each, at) => {
    const net = given<Cidr | null>(readNet(each, `spec.nets[${at}]`), null);
    return net === null ? [] : [net];
  });
  return { set: { namespace, labels: labelsOf(object), cidrs, ports: [] }, faults };
}

/** An order; without one it comes last. */
export const readOrder = (value: unknown): Result<number, string> => {
  if (value === undefined || value === null) return ok(Infinity);
  return typeof value === "number" ? ok(value) : err("spec.order: expected a number");
};

/** A network, or one address. */
export function readNet(value: unknown, path: string): Result<Cidr, string> {
  const text = String(value);
  const address = parseAddress(text);
  const network = parseNetwork(address.ok ? `${text}/${familyBits(address.value.family)}` : text);
  return network.ok ? network : err(`${path}: ${network.error}`);
}
