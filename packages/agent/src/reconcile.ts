/** Makes the node what it should be: observe, intend, plan, apply. */
import { existsSync } from "node:fs";

import { ok, type Result } from "@seam/base";
import { type ClusterFacts, intendNode, type OwnNode } from "@seam/intent";
import { applyStep, isPodDevice, type KernelError, observeNode, OWN_NETNS } from "@seam/kernel";
import { plan, type Step } from "@seam/plan";
import type { NodeState } from "@seam/state";

import { podDevices } from "./adopt.ts";
import type { RatedAttachment } from "./pod-rates.ts";

/** What was done in one round: the steps that worked and those that did not. */
export type Round = {
  readonly applied: readonly Step[];
  readonly failed: readonly { readonly step: Step; readonly error: KernelError }[];
};

/** What a node should look like, what it looks like, and the steps between. */
export type Comparison = {
  readonly desired: NodeState;
  readonly observed: NodeState;
  readonly steps: readonly Step[];
};

/** Looks at the node and changes nothing. Pods whose link is gone, or just goes, are not part of what it should be. */
export function compareNode(
  cluster: ClusterFacts,
  own: OwnNode,
  attachments: readonly RatedAttachment[],
): Result<Comparison, KernelError> {
  const devices = podDevices();
  if (!devices.ok) return devices;
  const present = attachments.filter(({ device }) => devices.value.includes(device));
  const intended = intendNode(cluster, own, present);
  const ends = present.map(({ device, netns, ifName }) => ({
    device,
    podNetns: netns,
    podDevice: ifName,
  }));
  const keys = intended.sysctls.map(({ key }) => key);
  const observed = observeNode(keys, OWN_NETNS, ends);
  if (!observed.ok) return observed;
  // What nobody has said yet stays.
  const uplinks = own.uplinks === undefined ? observed.value.uplinks : intended.uplinks;
  const desired = { ...intended, uplinks };
  return ok({ desired, observed: observed.value, steps: plan(observed.value, desired) });
}

/** One round; an error means that the node could not even be observed. */
export function reconcileNode(
  cluster: ClusterFacts,
  own: OwnNode,
  attachments: readonly RatedAttachment[],
): Result<Round, KernelError> {
  const compared = compareNode(cluster, own, attachments);
  if (!compared.ok) return compared;
  const outcomes = compared.value.steps.map((step) => ({ step, result: applyStep(step) }));
  return ok({
    applied: outcomes.flatMap(({ step, result }) => (result.ok ? [step] : [])),
    failed: outcomes.flatMap(({ step, result }) =>
      result.ok || isGone(step, result.error) ? [] : [{ step, error: result.error }],
    ),
  });
}

/** Links are deleted beside the event loop, so one may go between a look and a step: nothing is left to do for it. */
function isGone(step: Step, { errno }: KernelError): boolean {
  // A kernel without htb says ENOENT as well.
  if (step.kind === "set-rates" && errno === "ENOENT") return !existsSync(step.shaping.podNetns);
  // The link to other nodes went; the next round looks where packets leave now.
  if (step.kind === "share-uplink") return errno === "ENODEV";
  return ["ENODEV", "ENOENT"].includes(errno) && isPodDevice(deviceOf(step));
}

function deviceOf(step: Step): string {
  if ("route" in step) return step.route.device ?? "";
  if ("neighbour" in step) return step.neighbour.device;
  if ("shaping" in step) return step.shaping.device;
  if ("deviceAddress" in step) return step.deviceAddress.device;
  // Such as net.ipv4.conf.DEVICE.route_localnet.
  return step.kind === "set-sysctl" ? (step.sysctl.key.split(".")[3] ?? "") : "";
}
