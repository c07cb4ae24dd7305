/** Makes the node what it should be: observe, intend, plan, apply; and takes over what an earlier agent left. */
import { type Address, formatAddress, ok, type Result } from "@seam/base";
import { type ClusterFacts, type HostPort, intendNode, type OwnNode } from "@seam/intent";
import {
  applyStep,
  deletePodInterface,
  DEVICE_PREFIX,
  type KernelError,
  listLinks,
  observeNode,
  OWN_NETNS,
  withRouteSocket,
} from "@seam/kernel";
import { plan, type Step } from "@seam/plan";
import type { NodeState, PortForward } from "@seam/state";

import type { Attachment, Store } from "./store.ts";

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

/** Looks at the node and changes nothing. */
export function compareNode(
  cluster: ClusterFacts,
  own: OwnNode,
  attachments: readonly Attachment[],
): Result<Comparison, KernelError> {
  const desired = intendNode(cluster, own, attachments);
  const observed = observeNode(desired.sysctls.map(({ key }) => key));
  if (!observed.ok) return observed;
  return ok({ desired, observed: observed.value, steps: plan(observed.value, desired) });
}

/** One round; an error means that the node could not even be observed. */
export function reconcileNode(
  cluster: ClusterFacts,
  own: OwnNode,
  attachments: readonly Attachment[],
): Result<Round, KernelError> {
  const compared = compareNode(cluster, own, attachments);
  if (!compared.ok) return compared;
  const outcomes = compared.value.steps.map((step) => ({ step, result: applyStep(step) }));
  return ok({
    applied: outcomes.flatMap(({ step, result }) => (result.ok ? [step] : [])),
    failed: outcomes.flatMap(({ step, result }) =>
      result.ok ? [] : [{ step, error: result.error }],
    ),
  });
}

/** What was found at start: how many records were lost and rebuilt, and how many led to no interface. */
export type Adoption = { readonly rebuilt: number; readonly dropped: number };

/**
 * Brings the records in line with the kernel at start: records whose interface is gone are dropped (the
 * machine was restarted, or ADD was cut off), interfaces without a record get one back from their
 * neighbour entries (the file was lost), and half-made interfaces without any address are deleted.
 */
export function adoptInterfaces(store: Store): Result<Adoption, KernelError> {
  const links = withRouteSocket(OWN_NETNS, listLinks);
  if (!links.ok) return links;
  const devices = links.value
    .map(({ name }) => name)
    .filter((name) => name.startsWith(DEVICE_PREFIX));
  const gone = store.attachments().filter(({ device }) => !devices.includes(device));
  for (const { device } of gone) store.remove(device);
  let rebuilt = 0;
  const observed = observeNode([]);
  if (!observed.ok) return observed;
  for (const device of devices.filter((each) => store.attachment(each) === null)) {
    const neighbours = observed.value.neighbours.filter((each) => each.device === device);
    const mac = neighbours[0]?.mac;
    if (mac === undefined) {
      const deleted = deletePodInterface(device);
      if (!deleted.ok) return deleted;
      continue;
    }
    const addresses = neighbours.map(({ address }) => address);
    const hostPorts = hostPortsTo(addresses, observed.value.portForwards);
    store.put({ ...unknown, device, mac, addresses, hostPorts });
    rebuilt += 1;
  }
  return ok({ rebuilt, dropped: gone.length });
}

const unknown = { containerId: "", ifName: "", netns: "", pod: "" };

/** Ports that lead to any of the addresses, one for both families. */
function hostPortsTo(
  addresses: readonly Address[],
  forwards: readonly PortForward[],
): readonly HostPort[] {
  const texts = new Set(addresses.map(formatAddress));
  const ports = forwards
    .filter(({ target }) => texts.has(formatAddress(target)))
    .map(({ protocol, hostAddress, hostPort, targetPort }) => ({
      protocol,
      hostAddress,
      hostPort,
      containerPort: targetPort,
    }));
  return [...new Map(ports.map((port) => [JSON.stringify(port), port])).values()];
}
