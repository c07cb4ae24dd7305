/**
 * Calico's policies, tiers and network sets as their API defines them (projectcalico.org/v3), read for the question who may speak to
 * whom; apart from what makes nodes enforce them, as the other kinds are. Rules are read in calico-rule.ts.
 */
import { type Address, type Cidr, err, ok, type Result } from "@seam/base";
import { child, children, type Json, type KubeObject, textAt } from "@seam/kube";

import type { Pod } from "./attempt.ts";
import { type CalicoRule, readNets, readRule, selectorAt } from "./calico-rule.ts";
import type { Expression } from "./calico-selector.ts";
import { known, listAt, type Reading } from "./policy.ts";

/** One policy; null for a direction that it is not about. */
export type CalicoPolicy = {
  readonly kind: "NetworkPolicy" | "GlobalNetworkPolicy";
  /** Null: of the whole cluster. */
  readonly namespace: string | null;
  readonly name: string;
  readonly tier: string;
  /** A missing order is infinite: such a policy comes last. */
  readonly order: number;
  readonly selector: Expression;
  /** Null: not asked for. */
  readonly namespaces: Expression | null;
  readonly accounts: Expression | null;
  /** Only about what comes to a node's own interfaces, before addresses are translated. */
  readonly preDnat: boolean;
  /** Also about what a node's interfaces forward; without meaning for pods. */
  readonly onForward: boolean;
  readonly ingress: readonly CalicoRule[] | null;
  readonly egress: readonly CalicoRule[] | null;
};

/** Where policies stand; what happens to what a tier's policies are about and none of them decides. */
export type CalicoTier = {
  readonly name: string;
  readonly order: number;
  readonly defaultAction: "Deny" | "Pass";
};

/** Addresses with labels, that selectors can name. */
export type CalicoNetworkSet = {
  /** Null: of the whole cluster. */
  readonly namespace: string | null;
  readonly name: string;
  readonly labels: Json;
  /** Of its namespace. */
  readonly namespaceLabels: Json;
  readonly nets: readonly Cidr[];
  /** Names that a host endpoint has for ports. */
  readonly ports?: Pod["ports"];
};

/** An interface of a node, or all of them. */
export type CalicoHostEndpoint = {
  readonly name: string;
  readonly labels: Json;
  readonly node: string;
  /** `*`: every interface that no other endpoint is for. Null: the one that has one of the addresses. */
  readonly interface: string | null;
  readonly addresses: readonly Address[];
  /** Whether the profile that lets everything pass is among its profiles, which speak when no policy does. */
  readonly isOpen: boolean;
  readonly ports: Pod["ports"];
};

/** What there is of Calico's kinds. */
export type CalicoPolicies = {
  readonly policies: readonly CalicoPolicy[];
  readonly tiers: readonly CalicoTier[];
  /** Also what nodes' interfaces are: their endpoints have labels and addresses as sets of the cluster do (hostSet). */
  readonly sets: readonly CalicoNetworkSet[];
  /** What judges programs of nodes; absent: nothing does. */
  readonly endpoints?: readonly CalicoHostEndpoint[];
};

/** What both kinds of policies have. */
const COMMON = [
  "tier",
  "order",
  "selector",
  "serviceAccountSelector",
  "types",
  "ingress",
  "egress",
  // Never changes what is enforced, by its documentation.
  "performanceHints",
];
const GLOBAL = ["namespaceSelector", "preDNAT", "applyOnForward"];

/**
 * Reads a NetworkPolicy or a GlobalNetworkPolicy; the errors name fields that cannot be understood, of which none is passed over.
 */
export function readCalicoPolicy(object: KubeObject): Result<CalicoPolicy, readonly string[]> {
  const spec = child(object, "spec");
  const reading: Reading = { errors: [] };
  const kind = object.kind === "GlobalNetworkPolicy" ? "GlobalNetworkPolicy" : "NetworkPolicy";
  const isGlobal = kind === "GlobalNetworkPolicy";
  knownIn(reading, spec, isGlobal);
  const selector = (key: string): Expression | null =>
    selectorAt(reading, spec, { path: "spec", key });
  const policy: CalicoPolicy = {
    kind,
    namespace: isGlobal ? null : (object.metadata.namespace ?? ""),
    name: object.metadata.name,
    tier: textAt(spec, "tier") ?? "default",
    order: readOrder(reading, spec),
    selector: selector("selector") ?? { kind: "all" },
    namespaces: isGlobal ? selector("namespaceSelector") : null,
    accounts: selector("serviceAccountSelector"),
    preDnat: spec["preDNAT"] === true,
    onForward: spec["applyOnForward"] === true,
    ...directionsOf(reading, spec),
  };
  return reading.errors.length === 0 ? ok(policy) : err(reading.errors);
}

function knownIn(reading: Reading, spec: Json, isGlobal: boolean): void {
  // What is not asked for may be said.
  const { doNotTrack, ...rest } = spec;
  const asked = isGlobal && doNotTrack === false ? rest : spec;
  known(reading, asked, { path: "spec", keys: isGlobal ? [...COMMON, ...GLOBAL] : COMMON });
}

/** Without types: egress when there are rules for it, ingress when there are some or none at all. */
function directionsOf(reading: Reading, spec: Json): Pick<CalicoPolicy, "ingress" | "egress"> {
  const types = listAt(spec, "types");
  for (const type of types) {
    if (type !== "Ingress" && type !== "Egress")
      reading.errors.push("spec.types: expected Ingress, Egress");
  }
  const rules = (key: "ingress" | "egress"): readonly CalicoRule[] =>
    children(spec, key).map((rule, at) => readRule(reading, rule, `spec.${key}[${at}]`));
  const [ingress, egress] = [rules("ingress"), rules("egress")];
  const isAbout = (type: string, byRules: boolean): boolean =>
    types.length > 0 ? types.includes(type) : byRules;
  return {
    ingress: isAbout("Ingress", ingress.length > 0 || egress.length === 0) ? ingress : null,
    egress: isAbout("Egress", egress.length > 0) ? egress : null,
  };
}

function readOrder(reading: Reading, spec: Json): number {
  const order = spec["order"] ?? Number.POSITIVE_INFINITY;
  if (typeof order === "number") return order;
  reading.errors.push("spec.order: expected a number");
  return Number.POSITIVE_INFINITY;
}

/** Reads a Tier; without a default action it denies. */
export function readCalicoTier(object: KubeObject): Result<CalicoTier, readonly string[]> {
  const spec = child(object, "spec");
  const reading: Reading = { errors: [] };
  known(reading, spec, { path: "spec", keys: ["order", "defaultAction"] });
  const action = spec["defaultAction"] ?? "Deny";
  if (action !== "Deny" && action !== "Pass")
    reading.errors.push("spec.defaultAction: expected Deny, Pass");
  const tier: CalicoTier = {
    name: object.metadata.name,
    order: readOrder(reading, spec),
    defaultAction: action === "Pass" ? "Pass" : "Deny",
  };
  return reading.errors.length === 0 ? ok(tier) : err(reading.errors);
}

/** Reads a NetworkSet or a GlobalNetworkSet, with the labels of its namespace. */
export function readCalicoNetworkSet(
  object: KubeObject,
  namespaceLabels: Json = {},
): Result<CalicoNetworkSet, readonly string[]> {
  const spec = child(object, "spec");
  const reading: Reading = { errors: [] };
  known(reading, spec, { path: "spec", keys: ["nets"] });
  const set: CalicoNetworkSet = {
    namespace: object.kind === "GlobalNetworkSet" ? null : (object.metadata.namespace ?? ""),
    name: object.metadata.name,
    labels: child(object.metadata, "labels"),
    namespaceLabels,
    nets: readNets(reading, spec, { path: "spec", key: "nets" }),
  };
  return reading.errors.length === 0 ? ok(set) : err(reading.errors);
}
