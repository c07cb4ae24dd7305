/**
 * A pod's interface: a veth pair, routed on both sides. The pod sends everything to 169.254.1.1 and
 * fe80::1. Permanent neighbour entries on both ends make address resolution, and so any delay of the first packet,
 * unnecessary; who asks all the same is answered, as the node's end has both addresses (decision 9).
 */
import {
  type Address,
  type Bytes,
  type Family,
  familyBits,
  type Ifindex,
  linkLocalOf,
  ok,
  type Result,
} from "@seam/base";
import { GATEWAYS } from "@seam/state";
import { createHash } from "node:crypto";
import type { KernelError } from "./libc.ts";
import {
  deleteLink,
  linkNamed,
  newAddress,
  newGatewayAddress,
  deleteLinkGroup,
  newVeth,
  setLinkGroup,
  setLinkUp,
  withoutLinkLocal,
} from "./links.ts";
import type { Request } from "./netlink-message.ts";
import { openPath, OWN_NETNS } from "./netns.ts";
import { DEVICE_PREFIX } from "./device-names.ts";
import { withRouteSocket, withRouteSocketLater } from "./route-socket.ts";
import { newLinkLocalRoute, newNeighbour, newRoute } from "./routes.ts";

/** A pod's interface to be created. */
export type PodInterfaceSpec = {
  /** Path of the pod's network namespace. */
  readonly podNetns: string;
  /** Path of the node's; the own one when absent. */
  readonly hostNetns?: string;
  /** Name of the host's end, from `hostDeviceName`. */
  readonly hostDevice: string;
  /** Name of the pod's end: eth0 unless the runtime asks for another. */
  readonly podDevice: string;
  readonly addresses: readonly Address[];
  readonly mtu: Bytes;
  /** MAC address of the pod's end, when it must be a certain one; otherwise `podMacAddress`. */
  readonly podMac?: string;
};

/** A pod's interface that exists; device, MAC and addresses make an endpoint for `@seam/intent`. */
export type PodInterface = {
  readonly hostDevice: string;
  readonly hostMac: string;
  readonly podMac: string;
  readonly addresses: readonly Address[];
};

/** A group of links that nobody else uses. */
const DOOMED = 0x5ea3_de1e;

/** The host's name for an interface of a container: `seam` and 44 bits of a hash, 15 characters. */
export const hostDeviceName = (containerId: string, podDevice: string): string =>
  DEVICE_PREFIX + digest(`${containerId}/${podDevice}`).slice(0, 11);

/** MAC address of the host's end of the link `hostDevice`. */
export const hostMacAddress = (hostDevice: string): string => macFor(hostDevice, "host");

/** MAC address of the pod's end of the link whose host's end is `hostDevice`. */
export const podMacAddress = (hostDevice: string): string => macFor(hostDevice, "pod");

/** Creates the interface with all its addresses, routes and neighbours; leaves nothing on failure. */
export function createPodInterface(spec: PodInterfaceSpec): Result<PodInterface, KernelError> {
  const hostNetns = spec.hostNetns ?? OWN_NETNS;
  const hostMac = hostMacAddress(spec.hostDevice);
  const podMac = spec.podMac ?? podMacAddress(spec.hostDevice);
  const created = createPair(spec, hostMac, podMac);
  if (!created.ok) return created;
  const pod = configure(spec.podNetns, spec.podDevice, (index) => [
    ...podSide(spec, hostMac, index),
    ...linkLocal(spec, podMac, index),
  ]);
  const host = pod.ok
    ? configure(hostNetns, spec.hostDevice, (index) => hostSide(spec, podMac, index))
    : pod;
  if (!host.ok) {
    deletePodInterface(spec.hostDevice, hostNetns);
    return host;
  }
  return ok({ hostDevice: spec.hostDevice, hostMac, podMac, addresses: spec.addresses });
}

/** Deletes both ends, and with them addresses, routes and neighbours; succeeds when they are gone. */
export function deletePodInterface(
  hostDevice: string,
  hostNetns: string = OWN_NETNS,
): Result<null, KernelError> {
  const deleted = withRouteSocket(hostNetns, (socket) => socket.change([deleteLink(hostDevice)]));
  return deleted.ok || deleted.error.errno === "ENODEV" ? ok(null) : deleted;
}

/**
 * Deletes several at once, beside the calling thread. The kernel waits tens of milliseconds for the last user of an
 * interface; of a group that is deleted as one it waits once. Interfaces that are not there do not matter.
 */
export async function deletePodInterfaces(
  hostDevices: readonly string[],
  hostNetns: string = OWN_NETNS,
): Promise<Result<null, KernelError>> {
  const deleted = await withRouteSocketLater(hostNetns, async (socket) =>
    socket.changeLater([
      ...hostDevices.map((device) => setLinkGroup(device, DOOMED)),
      deleteLinkGroup(DOOMED),
    ]),
  );
  return deleted.ok || deleted.error.errno === "ENODEV" ? ok(null) : deleted;
}

function createPair(
  spec: PodInterfaceSpec,
  hostMac: string,
  podMac: string,
): Result<unknown, KernelError> {
  using podNetns = openPath(spec.podNetns);
  if (!podNetns.opened.ok) return podNetns.opened;
  const host = { name: spec.hostDevice, mac: hostMac, mtu: spec.mtu };
  const peer = { name: spec.podDevice, mac: podMac, mtu: spec.mtu };
  const request = newVeth(host, peer, podNetns.opened.value);
  return withRouteSocket(spec.hostNetns ?? OWN_NETNS, (socket) => socket.change([request]));
}

function configure(
  netns: string,
  device: string,
  requests: (index: Ifindex) => readonly Request[],
): Result<unknown, KernelError> {
  return withRouteSocket(netns, (socket) => {
    const link = linkNamed(socket, device);
    if (!link.ok) return link;
    // Instead of an address that waits for duplicate address detection; refused by a kernel without IPv6.
    socket.change([withoutLinkLocal(link.value.index)]);
    return socket.change(requests(link.value.index));
  });
}

function podSide(spec: PodInterfaceSpec, mac: string, index: Ifindex): readonly Request[] {
  const used = familiesOf(spec).map((family) => GATEWAYS[family]);
  return [
    setLinkUp(index),
    ...spec.addresses.map((address) => newAddress(index, address)),
    ...used.map((address) => newNeighbour({ address, mac, index })),
    ...used.map((via) => newRoute({ destination: everywhere(via), via, index }, "add")),
  ];
}

const hostSide = (spec: PodInterfaceSpec, mac: string, index: Ifindex): readonly Request[] => [
  setLinkUp(index),
  ...spec.addresses.map((address) => newNeighbour({ address, mac, index })),
  ...spec.addresses.map((address) => {
    const destination = { address, length: familyBits(address.family) };
    return newRoute({ destination, via: null, index }, "replace");
  }),
  ...familiesOf(spec).map((family) =>
    newGatewayAddress({ index, address: GATEWAYS[family], length: familyBits(family) }),
  ),
  ...(familiesOf(spec).includes("ipv6") ? [newLinkLocalRoute(index)] : []),
];

/** The pod's own link-local address, which neighbour discovery speaks from, at once usable. */
const linkLocal = (spec: PodInterfaceSpec, podMac: string, index: Ifindex): readonly Request[] =>
  familiesOf(spec).includes("ipv6") ? [newAddress(index, linkLocalOf(podMac), 64)] : [];

const familiesOf = ({ addresses }: PodInterfaceSpec): readonly Family[] => [
  ...new Set(addresses.map(({ family }) => family)),
];

const everywhere = ({ family, bytes }: Address): { address: Address; length: number } => ({
  address: { family, bytes: bytes.map(() => 0) },
  length: 0,
});

/** A locally administered unicast address; the same for the same link, so that retries agree. */
const macFor = (hostDevice: string, end: "host" | "pod"): string =>
  `02:${(digest(`${hostDevice}/${end}`).slice(0, 10).match(/../g) ?? []).join(":")}`;

const digest = (value: string): string => createHash("sha256").update(value).digest("hex");
