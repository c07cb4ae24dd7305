/** The node's uplink: the interfaces that have one of the node's own addresses. */
import { type Address, bytes, type Cidr, formatAddress, maskAddress, ok } from "@seam/base";
import type { OwnNode } from "@seam/intent";
import { listAddresses, listLinks, OWN_NETNS, withRouteSocket } from "@seam/kernel";

/** What Ethernet carries everywhere; used when no interface has any of the addresses. */
const ETHERNET = bytes(1500);

/** What the node's uplink is like: the smallest MTU of its interfaces, and the prefixes on them. */
export type Uplink = Pick<OwnNode, "uplinkMtu" | "onLink">;

/** The uplink of the node that has `nodeAddresses`. */
export function uplinkOf(nodeAddresses: readonly Address[]): Uplink {
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
      mtus: links.value.filter(({ index }) => indexes.has(index)).map(({ mtu }) => mtu),
      onLink: addresses.value.filter(({ index }) => indexes.has(index)).map(prefixOf),
    });
  });
  if (!found.ok) return { uplinkMtu: ETHERNET, onLink: [] };
  const { mtus, onLink } = found.value;
  return { uplinkMtu: mtus.length > 0 ? bytes(Math.min(...mtus)) : ETHERNET, onLink };
}

const prefixOf = ({ address, length }: { address: Address; length: number }): Cidr => ({
  address: maskAddress(address, length),
  length,
});
