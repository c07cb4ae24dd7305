/** When two parts of a node's state mean the same to the kernel. */
import { type Cidr, cidrContains, formatAddress, formatCidr } from "@seam/base";
import type {
  DeviceAddress,
  Forwarding,
  Masquerade,
  Neighbour,
  PortForward,
  Route,
  Source,
  Tunnel,
} from "@seam/state";

/** Routes with one key exclude each other: Seam keeps one route for each destination. */
export const routeKey = (route: Route): string => formatCidr(route.destination);

/** Neighbour entries with one key exclude each other. */
export const neighbourKey = (neighbour: Neighbour): string =>
  `${neighbour.device} ${formatAddress(neighbour.address)}`;

/** Addresses with one text are the same address of the same device. */
export const deviceAddressText = ({ device, address, length }: DeviceAddress): string =>
  `${device} ${formatAddress(address)}/${length}`;

/** Sources with one text let the same frames through. */
export const sourceText = ({ device, mac, addresses }: Source): string =>
  [device, mac, ...addresses.map(formatAddress).sort()].join(" ");

/** Whether the kernel's route is the one asked for; a null device leaves the choice to the kernel. */
export function routeSatisfies(observed: Route, desired: Route): boolean {
  return (
    routeKey(observed) === routeKey(desired) &&
    gateway(observed) === gateway(desired) &&
    (desired.device === null || observed.device === desired.device)
  );
}

/** Whether both translate the same packets: order, repetition and contained prefixes do not matter. */
export function sameMasquerade(one: Masquerade | null, other: Masquerade | null): boolean {
  if (one === null || other === null) return one === other;
  return samePrefixes(one.sources, other.sources) && samePrefixes(one.exceptions, other.exceptions);
}

/** Drops repeated prefixes and those that lie in another: interval sets of nftables refuse overlaps. */
export function minimalPrefixes(prefixes: readonly Cidr[]): readonly Cidr[] {
  const distinct = [...new Map(prefixes.map((prefix) => [formatCidr(prefix), prefix])).values()];
  return distinct.filter(
    (prefix) =>
      !distinct.some(
        (wider) => wider.length < prefix.length && cidrContains(wider, prefix.address),
      ),
  );
}

/** Forwarding entries that mean the same have one text. */
export const forwardingText = ({ mac, remote }: Forwarding): string =>
  `${mac} ${formatAddress(remote)}`;

/** Whether both are the same device, or none; the order of addresses does not matter. */
export const sameTunnel = (one: Tunnel | null, other: Tunnel | null): boolean =>
  one === null || other === null ? one === other : tunnelText(one) === tunnelText(other);

const tunnelText = ({ vni, port, local, mac, mtu, addresses, ready }: Tunnel): string =>
  [vni, port, formatAddress(local), mac, mtu, ready, ...addresses.map(formatAddress).sort()].join();

const gateway = (route: Route): string | null =>
  route.via === null ? null : formatAddress(route.via);

function samePrefixes(one: readonly Cidr[], other: readonly Cidr[]): boolean {
  const left = minimalPrefixes(one).map(formatCidr).sort();
  const right = minimalPrefixes(other).map(formatCidr).sort();
  return left.join() === right.join();
}

/** One for each port of the node: of several the first, which came first. */
export function distinctForwards(forwards: readonly PortForward[]): readonly PortForward[] {
  const byKey = new Map(forwards.toReversed().map((forward) => [forwardKey(forward), forward]));
  return [...byKey.values()].toReversed();
}

/** Whether both lead the same ports to the same pods; the order does not matter. */
export function sameForwards(one: readonly PortForward[], other: readonly PortForward[]): boolean {
  const texts = new Set(one.map(forwardText));
  return one.length === other.length && other.every((forward) => texts.has(forwardText(forward)));
}

/** Forwards with one key exclude each other. */
const forwardKey = ({ protocol, hostAddress, hostPort, target }: PortForward): string =>
  `${target.family} ${protocol} ${hostAddress === null ? "any" : formatAddress(hostAddress)} ${hostPort}`;

const forwardText = (forward: PortForward): string =>
  `${forwardKey(forward)} ${formatAddress(forward.target)} ${forward.targetPort}`;
