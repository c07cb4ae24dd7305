/** Whether a pod's interface is still as it was made; every difference as a sentence. */
import {
  type Address,
  familyBits,
  formatAddress,
  formatCidr,
  type Ifindex,
  ok,
  type Result,
} from "@seam/base";
import {
  type KernelError,
  type Link,
  listAddresses,
  listLinks,
  listRoutes,
  OWN_NETNS,
  withRouteSocket,
} from "@seam/kernel";

import type { Expected } from "./cni-result.ts";
import type { Attachment } from "./store.ts";

/** What is wrong with the interface, on the node and in the pod's namespace, against what the runtime remembers. */
export function podInterfaceFaults(
  attachment: Pick<Attachment, "device" | "ifName" | "addresses">,
  netns: string,
  expected: Expected,
): Result<readonly string[], KernelError> {
  const host = endOf(OWN_NETNS, attachment.device);
  if (!host.ok) return host;
  const pod = endOf(netns, attachment.ifName);
  if (!pod.ok) return pod;
  const lacking = (kind: string, wanted: readonly string[], found: readonly string[]) =>
    wanted.filter((each) => !found.includes(each)).map((each) => `lacks the ${kind} ${each}`);
  const { device, ifName } = attachment;
  return ok([
    ...linkFaults(`${device} of the node`, host.value.link, expected.hostMac),
    ...linkFaults(`${ifName} of the pod`, pod.value.link, expected.podMac),
    ...lacking("address", [...new Set(expected.addresses)], pod.value.addresses).map(
      (fault) => `${ifName} of the pod ${fault}`,
    ),
    ...lacking("route to", expected.routes, pod.value.routes).map(
      (fault) => `${ifName} of the pod ${fault}`,
    ),
    ...lacking("route to", attachment.addresses.map(hostPrefix), host.value.routes).map(
      (fault) => `${device} of the node ${fault}`,
    ),
  ]);
}

/** The pod's end, when both ends and all that ADD gives them are there, whatever a runtime remembers; null otherwise. */
export function wholeInterface(
  attachment: Attachment,
  netns: string,
): Result<Link | null, KernelError> {
  const addresses = attachment.addresses.map(formatAddress);
  const faults = podInterfaceFaults(attachment, netns, { addresses, routes: [] });
  if (!faults.ok) return faults;
  if (faults.value.length > 0) return ok(null);
  const pod = endOf(netns, attachment.ifName);
  return pod.ok ? ok(pod.value.link) : pod;
}

/** Whether the namespace, if there is one, has a link of this name. */
export function hasLink(netns: string, name: string): boolean {
  const end = endOf(netns, name);
  return end.ok && end.value.link !== null;
}

function linkFaults(what: string, link: Link | null, mac: string | undefined): readonly string[] {
  if (link === null) return [`${what} is missing`];
  return [
    ...(link.up ? [] : [`${what} is down`]),
    ...(mac === undefined || mac === "" || mac === link.mac
      ? []
      : [`${what} has the MAC address ${link.mac} instead of ${mac}`]),
  ];
}

const hostPrefix = (address: Address): string =>
  formatCidr({ address, length: familyBits(address.family) });

/** One end of the link: its addresses, and the destinations of Seam's routes over it. */
type End = {
  readonly link: Link | null;
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
};

const endOf = (netns: string, name: string): Result<End, KernelError> =>
  withRouteSocket(netns, (socket) => {
    const links = listLinks(socket);
    if (!links.ok) return links;
    const link = links.value.find((each) => each.name === name) ?? null;
    const addresses = listAddresses(socket);
    if (!addresses.ok) return addresses;
    const routes = listRoutes(socket);
    if (!routes.ok) return routes;
    const isOfLink = ({ index }: { readonly index: Ifindex | null }): boolean =>
      link !== null && index === link.index;
    return ok({
      link,
      addresses: addresses.value.filter(isOfLink).map(({ address }) => formatAddress(address)),
      routes: routes.value.filter(isOfLink).map(({ destination }) => formatCidr(destination)),
    });
  });
