/** What people see of the gates of a node's pods. Pure. */
import type { PolicyIntent } from "@seam/intent";

import type { Attachment } from "./store.ts";

/** A pod's link, whether the kernel has a gate for it, and the policies that act there. */
export type GateView = {
  /** namespace/name; empty when the runtime did not say. */
  readonly pod: string;
  readonly device: string;
  /** `kept`: as it was before this agent began, which has not seen all objects yet. */
  readonly gate: "open" | "closed" | "kept";
  /** Policies that are about connections to the pod, such as lab-a/db; null: none is, so all pass. */
  readonly ingress: readonly string[] | null;
  readonly egress: readonly string[] | null;
};

/** What is known of gates. */
export type GateFacts = {
  /** Whether the kernel has it from this agent. */
  readonly hasGate: (device: string) => boolean;
  /** Whether this agent has written policies. */
  readonly hasBegun: boolean;
  readonly policiesOf: PolicyIntent["policiesOf"];
};

/** By pod. */
export const gateViews = (
  attachments: readonly Pick<Attachment, "pod" | "device">[],
  { hasGate, hasBegun, policiesOf }: GateFacts,
): readonly GateView[] =>
  attachments
    .map(({ pod, device }): GateView => ({
      pod,
      device,
      gate: hasBegun ? (hasGate(device) ? "open" : "closed") : "kept",
      ingress: policiesOf(device, "ingress"),
      egress: policiesOf(device, "egress"),
    }))
    .toSorted((one, other) => one.pod.localeCompare(other.pod));
