/** The node's uplink: the interfaces that have one of the node's own addresses. */
import {
  type Address,
  bytes,
  type Cidr,
  formatAddress,
  maskAddress,
  type Mbps,
  mbps,
  ok,
} from "@seam/base";
import type { OwnNode } from "@seam/intent";
import {
  linkSpeed,
  type Link,
  listAddresses,
  listLinks,
  OWN_NETNS,
  withRouteSocket,
} from "@seam/kernel";

/** What Ethernet carries everywhere; used before any interface was found. */
export const ETHERNET = bytes(1500);

/** What the node's uplink is like: the smallest MTU and speed of its interfaces, and the prefixes on them. */
type Uplink = Pick<OwnNode, "uplinkMtu" | "onLink" | "linkSpeed">;

/** Before any interface was found: nothing is on the link. */
const UNKNOWN: Uplink = { uplinkMtu: ETHERNET, onLink: [], linkSpeed: null };

/** Tells the uplink of the node that has the addresses. */
export type UplinkSource = (nodeAddresses: readonly Address[]) => Uplink;

/**
 * Looks at the interfaces at each call. While none has any of the addresses the last uplink found stays: a node whose address
 * changed registers the new one some seconds later, and its neighbours are on the same link meanwhile.
 */
export function watchUplink(): UplinkSource {
  let last = UNKNOWN;
  return (nodeAddresses) => {
    last = findUplink(nodeAddresses) ?? last;
    return last;
  };
}

/** Null when no interface has any of the addresses, or the kernel cannot be asked. */
function findUplink(nodeAddresses: readonly Address[]): Uplink | null {
  const wanted = new Set(nodeAddresses.map(formatAddress));
  const found = withRouteSocket(OWN_NETNS, (socket) => {
    const links = listLinks(socket);
    if (!links.ok) return links;
    const addresses = listAddresses(socket);
    if (!addresses.ok) return addresses;
    const indexes = new Set(
      addresses.value
        .filter((each) => wanted.has(formatAddress(each.address)))
        .map((each) => each.index),
    );
    return ok({
      links: links.value.filter(({ index }) => indexes.has(index)),
      onLink: addresses.value.filter(({ index }) => indexes.has(index)).map(prefixOf),
    });
  });
  if (!found.ok || found.value.links.length === 0) return null;
  const { links, onLink } = found.value;
  const uplinkMtu = bytes(Math.min(...links.map(({ mtu }) => mtu)));
  return { uplinkMtu, onLink, linkSpeed: slowest(links) };
}

function slowest(links: readonly Pick<Link, "name">[]): Mbps | null {
  const speeds = links.flatMap(({ name }) => linkSpeed(name) ?? []);
  return speeds.length === 0 ? null : mbps(Math.min(...speeds));
}

const prefixOf = ({ address, length }: { address: Address; length: number }): Cidr => ({
  address: maskAddress(address, length),
  length,
});
