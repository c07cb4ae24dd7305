/**
 * What a node enforces of policies at its own interfaces (decision 21), as Calico's HostEndpoints have it. An interface without a gate
 * is open, unlike a pod's link.
 */
import { type Changed, type GateRules, NO_RULES, rulesChange, type SideChange } from "./policy.ts";

/** Where connections of an interface of the node itself are judged. */
export type HostPoint =
  /** To programs of the node. */
  | "local-ingress"
  /** From programs of the node. */
  | "local-egress"
  /** Of others, and comes in by the interface. */
  | "forward-ingress"
  /** Of others, and goes out by the interface. */
  | "forward-egress"
  /** All that comes in, by the addresses and ports as they were sent: before services are translated. */
  | "pre-dnat";

export const HOST_POINTS = [
  "local-ingress",
  "local-egress",
  "forward-ingress",
  "forward-egress",
  "pre-dnat",
] as const satisfies readonly HostPoint[];

/** The interface that stands for all of the node's that are not a pod's and have no gate of their own. */
export const ANY_INTERFACE = "*";

/** What may pass one interface of the node, or `ANY_INTERFACE`. */
export type HostGate = {
  readonly interface: string;
  /** Null: all connections pass. */
  readonly rules: Readonly<Record<HostPoint, GateRules | null>>;
  /**
   * What comes in and passes `local-ingress` and `forward-ingress` though their rules do not let it, by the addresses and ports as they were
   * sent: a policy that lets something in before translation has the last word in Calico. Absent: nothing.
   */
  readonly admitted?: GateRules;
};

/** What is different about such a gate. */
export type HostGateChange = {
  readonly exists: Changed<boolean>;
  /** Where there is no gate, all points are open. */
  readonly points: Readonly<Record<HostPoint, SideChange>>;
  readonly admitted: SideChange["rules"];
};

/** How one gate of an interface becomes another; null: there is none. */
export function hostGateChange(before: HostGate | null, after: HostGate | null): HostGateChange {
  const pointChange = (point: HostPoint): SideChange => {
    const [earlier = null, later = null] = [before?.rules[point], after?.rules[point]];
    return {
      open: { before: earlier === null, after: later === null },
      rules: rulesChange(earlier ?? NO_RULES, later ?? NO_RULES),
    };
  };
  return {
    exists: { before: before !== null, after: after !== null },
    admitted: rulesChange(before?.admitted ?? NO_RULES, after?.admitted ?? NO_RULES),
    points: {
      "local-ingress": pointChange("local-ingress"),
      "local-egress": pointChange("local-egress"),
      "forward-ingress": pointChange("forward-ingress"),
      "forward-egress": pointChange("forward-egress"),
      "pre-dnat": pointChange("pre-dnat"),
    },
  };
}
