/**
 * What an earlier agent left, taken over at start: the kernel tells which interfaces there are and their addresses,
 * the runtime which container each belongs to (decision 8).
 */
import { type Address, err, familyBits, formatAddress, ok, type Result } from "@seam/base";
import type { HostPort } from "@seam/intent";
import {
  deletePodInterface,
  isPodDevice,
  type KernelError,
  listLinks,
  observeNode,
  OWN_NETNS,
  podMacAddress,
  withRouteSocket,
} from "@seam/kernel";
import type { NodeState, PortForward } from "@seam/state";

import type { RuntimeMemory } from "./runtime-memory.ts";
import type { Attachment, Store } from "./store.ts";

/** What was found at start: how many records were lost and rebuilt, and how many led to no interface. */
export type Adoption = { readonly rebuilt: number; readonly dropped: number };

/**
 * Brings the records in line with the kernel: records whose interface is gone are dropped (the machine was
 * restarted, or ADD was cut off), interfaces without a record get one back from their routes and neighbour entries
 * (the file was lost), and half-made interfaces without any address are deleted. `remembered` is asked only when there
 * are such. An error means that addresses could be given twice if one went on.
 */
export function adoptInterfaces(
  store: Store,
  remembered: () => RuntimeMemory = () => new Map(),
): Result<Adoption, string> {
  const found = podDevices();
  if (!found.ok) return err(found.error.message);
  const devices = found.value;
  const gone = store.attachments().filter(({ device }) => !devices.includes(device));
  for (const { device } of gone) store.remove(device);
  let rebuilt = 0;
  const observed = observeNode([]);
  if (!observed.ok) return err(observed.error.message);
  const lost = devices.filter((each) => store.attachment(each) === null);
  const memory = lost.length === 0 ? null : remembered();
  for (const device of lost) {
    const record = recordOf(device, observed.value, memory);
    if (record === null) {
      const deleted = deletePodInterface(device);
      if (!deleted.ok) return err(deleted.error.message);
    } else {
      const written = store.put(record);
      if (!written.ok) return err(`the record of ${device} cannot be kept: ${written.error}`);
      rebuilt += 1;
    }
  }
  return ok({ rebuilt, dropped: gone.length });
}

/** Names of the node's ends of pods' links. */
export function podDevices(): Result<readonly string[], KernelError> {
  const links = withRouteSocket(OWN_NETNS, listLinks);
  if (!links.ok) return links;
  return ok(links.value.map(({ name }) => name).filter(isPodDevice));
}

function recordOf(
  device: string,
  node: NodeState,
  memory: RuntimeMemory | null,
): Attachment | null {
  const neighbours = node.neighbours.filter((each) => each.device === device);
  const routes = node.routes.filter(
    ({ device: over, destination: { address, length } }) =>
      over === device && length === familyBits(address.family),
  );
  // Either may have been deleted by somebody; each is an address that the pod has.
  const all = [
    ...neighbours.map(({ address }) => address),
    ...routes.map(({ destination }) => destination.address),
  ];
  const addresses = [...new Map(all.map((address) => [formatAddress(address), address])).values()];
  return addresses.length === 0
    ? null
    : {
        ...unknown,
        ...memory?.get(device),
        device,
        mac: neighbours[0]?.mac ?? podMacAddress(device),
        addresses,
        hostPorts: hostPortsTo(addresses, node.portForwards),
      };
}

const unknown = { containerId: "", ifName: "", netns: "", pod: "", podUid: "", network: "" };

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
