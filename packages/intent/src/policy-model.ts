/**
 * Policies of every kind as gates need them: tiers one after another, in each of them policies by their order, in each of those rules one
 * after another. The first rule that means a connection decides about it, or passes it on to the next tier.
 */
import { type Cidr, formatCidr } from "@seam/base";
import type { PortSet, Transport } from "@seam/state";

import { isSelected, type Labels, type LabelSelector } from "./policy-selector.ts";

/** Which pods: of the only namespace, or of all whose labels are selected. */
export type PodSelector = {
  readonly namespaces: string | LabelSelector;
  readonly pods: LabelSelector;
};

/** Whom a rule is about; equal peers have equal texts. */
export type Peer = { readonly text: string } & (
  | ({ readonly kind: "pods" } & PodSelector)
  | { readonly kind: "block"; readonly cidr: Cidr; readonly except: readonly Cidr[] }
);

/** A port that containers call so. */
export type NamedPort = { readonly protocol: Transport; readonly name: string };

/** What a rule is about: what has a number, and ports by their names. */
export type Ports = { readonly numbered: PortSet; readonly named: readonly NamedPort[] };

/** Lets pass for good, denies for good, or leaves it to the next tier. */
export type Action = "accept" | "deny" | "pass";

/** A rule that could be read; no peers: everyone. */
export type Rule = {
  readonly action: Action;
  readonly peers: readonly Peer[] | null;
  readonly ports: Ports;
};

/** Where policies stand beside each other, and what becomes of connections that none of them decides about. */
export type Tier = { readonly order: number; readonly otherwise: "next" | "deny" };

/** Tiers come by their order; the numbers leave room for others, and are those of Calico. */
export const TIERS = {
  admin: { order: 1000, otherwise: "next" },
  networkPolicy: { order: 1_000_000, otherwise: "deny" },
  baseline: { order: 10_000_000, otherwise: "next" },
} as const satisfies Readonly<Record<string, Tier>>;

/** A policy; null for a direction that it says nothing about. */
export type Policy = {
  readonly tier: Tier;
  /** Within the tier; equal ones come by their names. */
  readonly order: number;
  readonly subject: PodSelector;
  readonly ingress: readonly Rule[] | null;
  readonly egress: readonly Rule[] | null;
};

/** A policy, and what of it was not understood, by field. */
export type PolicyReading = { readonly policy: Policy; readonly faults: readonly string[] };

/** Pods as a rule's peer. */
export const podPeer = ({ namespaces, pods }: PodSelector): Peer => ({
  kind: "pods",
  namespaces,
  pods,
  text: JSON.stringify([
    typeof namespaces === "string" ? namespaces : [namespaces.text],
    pods.text,
  ]),
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

/** Whether a pod is selected; its namespace has these labels, or null when it is not known. */
export function selectsPod(
  { namespaces, pods }: PodSelector,
  pod: { readonly namespace: string; readonly labels: Labels },
  labels: Labels | null,
): boolean {
  const isNear =
    typeof namespaces === "string"
      ? namespaces === pod.namespace
      : labels !== null && isSelected(namespaces, labels);
  return isNear && isSelected(pods, pod.labels);
}
