/**
 * Policies of every kind as gates need them: tiers one after another, in each of them policies by their order, in each of those rules one
 * after another. The first rule that means a connection decides about it, or passes it on to the next tier.
 */
import { type Cidr, FAMILIES, type Family, formatCidr } from "@seam/base";
import type { PortSet, Transport } from "@seam/state";

import { ACCOUNT_LABEL, type Expression, NAMESPACE_LABEL, PREFIX } from "./calico-selector.ts";
import {
  EVERYTHING,
  isSelected,
  labelOf,
  type Labels,
  type LabelSelector,
} from "./policy-selector.ts";

/** Which pods: of the only namespace, or of all whose labels are selected. */
export type PodSelector = {
  readonly namespaces: string | LabelSelector;
  readonly pods: LabelSelector;
  /** Calico's selectors ask about more than a pod's own labels, and about sets of networks too. Null: of pods alone. */
  readonly endpoints?: Expression | null;
};

/** Whom a rule is about; equal peers have equal texts. */
export type Peer = { readonly text: string } & (
  | ({ readonly kind: "pods" } & PodSelector)
  | { readonly kind: "block"; readonly cidr: Cidr; readonly except: readonly Cidr[] }
  | { readonly kind: "networks"; readonly cidrs: readonly Cidr[] }
);

/** Who is meant by all of some peers and by none of others; by no peer of the first: everyone is. */
export type Condition = { readonly all: readonly Peer[]; readonly none: readonly Peer[] };

/** A port that containers call so, and where Calico's rules name it host endpoints too. */
export type NamedPort = {
  readonly protocol: Transport;
  readonly name: string;
  readonly isOfHosts: boolean;
};

/** What a rule is about: what has a number, and ports by their names. */
export type Ports = { readonly numbered: PortSet; readonly named: readonly NamedPort[] };

/** Lets pass for good, denies for good, leaves it to the next tier, or only shows that it begins. */
export type Action = "accept" | "deny" | "pass" | "log";

/** A rule that could be read; no peers: everyone. */
export type Rule = {
  readonly action: Action;
  readonly families: readonly Family[];
  readonly peers: readonly (Peer | Condition)[] | null;
  readonly ports: Ports;
  /** What must be true of the pod itself, by its address of the family. */
  readonly own: Condition | null;
};

/** What a rule is about that says no more. */
export const ANYONE = { families: FAMILIES, own: null } as const;

/** Where policies stand beside each other, and what becomes of connections that none of them decides about. */
export type Tier = { readonly order: number; readonly otherwise: "next" | "deny" };

/** Tiers that are always there, with the names and the orders that they have in Calico. */
export const TIERS = {
  "kube-admin": { order: 1000, otherwise: "next" },
  default: { order: 1_000_000, otherwise: "deny" },
  "kube-baseline": { order: 10_000_000, otherwise: "next" },
} as const satisfies Readonly<Record<string, Tier>>;

/** What a policy says about nodes' own interfaces (projectcalico.org/v3, HostEndpoint). */
export type HostUse =
  /** What programs of the node say and hear. */
  | "local"
  /** That, and what the node forwards. */
  | "forward"
  /** What comes in, before its destination is translated; such a policy is not about pods. */
  | "pre-dnat";

/** A policy; null for a direction that it says nothing about. */
export type Policy = {
  /** Name of its tier. While there is no such tier, it is not in force. */
  readonly tier: string;
  /** Within the tier; equal ones come by their names. */
  readonly order: number;
  readonly subject: PodSelector;
  /** Null: nothing. */
  readonly onHosts: HostUse | null;
  /** Whether its egress is also about what pods say to their own node. */
  readonly onOwnNode: boolean;
  readonly ingress: readonly Rule[] | null;
  readonly egress: readonly Rule[] | null;
};

/** A policy, and what of it was not understood, by field. */
export type PolicyReading = { readonly policy: Policy; readonly faults: readonly string[] };

/** Pods as a rule's peer. */
export const podPeer = ({ namespaces, pods, endpoints = null }: PodSelector): Peer => ({
  kind: "pods",
  namespaces,
  pods,
  endpoints,
  text: JSON.stringify([
    typeof namespaces === "string" ? namespaces : [namespaces.text],
    pods.text,
    ...(endpoints === null ? [] : [endpoints.text]),
  ]),
});

/** Networks as a rule's peer. */
export const networksPeer = (cidrs: readonly Cidr[]): Peer => ({
  kind: "networks",
  cidrs,
  text: cidrs.map(formatCidr).toSorted().join(" "),
});

/** Addresses as a rule's peer. */
export const blockPeer = (cidr: Cidr, except: readonly Cidr[]): Peer => ({
  kind: "block",
  cidr,
  except,
  text: [cidr, ...except].map(formatCidr).join(" "),
});

/** Where nodes stand among pods: no namespace has this name. */
export const NODES = "";

/** What selectors can ask about: a pod, or a set of networks or a host endpoint, of no service account and maybe of no namespace. */
export type Labelled = {
  readonly namespace: string | null;
  readonly labels: Labels;
  readonly serviceAccount: string | null;
};

/** Labels around what is selected; null for what is not known. */
export type Surroundings = {
  readonly namespace: (name: string) => Labels | null;
  /** By namespace/name. */
  readonly account: (key: string) => Labels | null;
};

/** Whether it is selected. */
export function selects(
  { namespaces, pods, endpoints = null }: PodSelector,
  of: Labelled,
  around: Surroundings,
): boolean {
  const isNear =
    typeof namespaces === "string" ? namespaces === of.namespace : isIn(namespaces, of, around);
  if (!isNear || !isSelected(pods, of.labels)) return false;
  return endpoints === null || endpoints.selects((key) => endpointLabel(key, of, around));
}

function isIn(namespaces: LabelSelector, { namespace }: Labelled, around: Surroundings): boolean {
  if (namespace === null) return namespaces === EVERYTHING;
  const labels = around.namespace(namespace);
  return labels !== null && isSelected(namespaces, labels);
}

/** A label as Calico's selectors see it (libcalico-go/lib/backend/k8s/conversion). */
function endpointLabel(key: string, of: Labelled, around: Surroundings): string | undefined {
  const { namespace, labels, serviceAccount } = of;
  if (key === NAMESPACE_LABEL) return namespace ?? undefined;
  if (serviceAccount !== null) {
    if (key === ACCOUNT_LABEL) return serviceAccount;
    if (key === "projectcalico.org/orchestrator") return "k8s";
    if (key.startsWith(PREFIX.account))
      return inherited(
        key.slice(PREFIX.account.length),
        serviceAccount,
        around.account(`${namespace}/${serviceAccount}`),
      );
  }
  if (namespace !== null && key.startsWith(PREFIX.namespace))
    return inherited(key.slice(PREFIX.namespace.length), namespace, around.namespace(namespace));
  return labelOf(labels, key);
}

/** A label of what something belongs to, of which the name is one too. */
const inherited = (key: string, name: string, labels: Labels | null): string | undefined =>
  key === "projectcalico.org/name" ? name : labelOf(labels ?? {}, key);
