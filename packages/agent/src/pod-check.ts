/** Whether a pod's interface is still as it was made; every difference as a sentence. */
import { formatAddress, ok, type Result } from "@seam/base";
import {
  type KernelError,
  listAddresses,
  listLinks,
  OWN_NETNS,
  withRouteSocket,
} from "@seam/kernel";

import type { Attachment } from "./store.ts";

/** What is wrong with the interface; `expected` are addresses that the runtime remembers. */
export function podInterfaceFaults(
  attachment: Attachment,
  netns: string,
  expected: readonly string[],
): Result<readonly string[], KernelError> {
  const host = linkUp(OWN_NETNS, attachment.device);
  if (!host.ok) return host;
  const pod = addressesOf(netns, attachment.ifName);
  if (!pod.ok) return pod;
  const wanted = new Set([...attachment.addresses.map(formatAddress), ...expected]);
  const missing = [...wanted].filter((address) => !pod.value.includes(address));
  return ok([
    ...(host.value ? [] : [`${attachment.device} is missing or down on the node`]),
    ...missing.map((address) => `${attachment.ifName} lacks the address ${address}`),
  ]);
}

const linkUp = (netns: string, name: string): Result<boolean, KernelError> =>
  withRouteSocket(netns, (socket) => {
    const links = listLinks(socket);
    return links.ok ? ok(links.value.some((link) => link.name === name && link.up)) : links;
  });

const addressesOf = (netns: string, name: string): Result<readonly string[], KernelError> =>
  withRouteSocket(netns, (socket) => {
    const links = listLinks(socket);
    if (!links.ok) return links;
    const addresses = listAddresses(socket);
    if (!addresses.ok) return addresses;
    const index = links.value.find((link) => link.name === name && link.up)?.index;
    return ok(
      addresses.value
        .filter((each) => each.index === index)
        .map(({ address }) => formatAddress(address)),
    );
  });
