/** The node's uplink: the interface that has one of the node's own addresses. */
import { type Address, type Bytes, bytes, formatAddress, ok } from "@seam/base";
import { listAddresses, listLinks, OWN_NETNS, withRouteSocket } from "@seam/kernel";

/** What Ethernet carries everywhere; used when no interface has any of the addresses. */
const ETHERNET = bytes(1500);

/** Smallest MTU of the interfaces that have one of `nodeAddresses`. */
export function uplinkMtu(nodeAddresses: readonly Address[]): Bytes {
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
    return ok(links.value.filter(({ index }) => indexes.has(index)).map(({ mtu }) => mtu));
  });
  return found.ok && found.value.length > 0 ? bytes(Math.min(...found.value)) : ETHERNET;
}
