/** The node's own interfaces, of which host endpoints are; pods' links and loopback are none of them. */
import type { Address, Ifindex, Result } from "@seam/base";
import { ok } from "@seam/base";
import type { NodeInterfaces } from "@seam/intent";
import {
  isPodDevice,
  type KernelError,
  listAddresses,
  listLinks,
  OWN_NETNS,
  withRouteSocket,
} from "@seam/kernel";

/** The interfaces with all their addresses, those of the link too. */
export const readNodeInterfaces = (): Result<NodeInterfaces, KernelError> =>
  withRouteSocket(OWN_NETNS, (socket) => {
    const links = listLinks(socket);
    if (!links.ok) return links;
    const listed = listAddresses(socket);
    if (!listed.ok) return listed;
    const addresses = Map.groupBy(listed.value, ({ index }) => index);
    const addressesOf = (index: Ifindex): readonly Address[] =>
      (addresses.get(index) ?? []).map(({ address }) => address);
    return ok(
      new Map(
        links.value
          .filter(({ name }) => name !== "lo" && !isPodDevice(name))
          .map(({ name, index }) => [name, addressesOf(index)] as const),
      ),
    );
  });

/** The name of an interface; null when it is gone. */
export function interfaceNamed(index: Ifindex): string | null {
  const links = withRouteSocket(OWN_NETNS, listLinks);
  return (links.ok ? links.value : []).find((link) => link.index === index)?.name ?? null;
}
