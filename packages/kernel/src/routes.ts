/** Routes and neighbours over rtnetlink (include/uapi/linux/rtnetlink.h, neighbour.h). */
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "./netlink-answer.ts";
import {
  FAMILIES,
  type Address,
  type Cidr,
  type Family,
  familyBits,
  formatAddress,
  formatCidr,
  type Ifindex,
  ifindex,
  ok,
  type Result,
} from "@seam/base";
import { addressBytes, addressOf, familyNumber } from "./family.ts";
import type { KernelError } from "./libc.ts";
import {
  attribute,
  decodeAttributes,
  formatMac,
  macBytes,
  type Message,
  type Request,
  uint32,
  uint32Of,
} from "./netlink-message.ts";
import type { RouteSocket } from "./route-socket.ts";

/** A route as the kernel keeps it. */
export type LinkRoute = {
  readonly destination: Cidr;
  readonly via: Address | null;
  readonly index: Ifindex | null;
};

/** A neighbour as the kernel keeps it. */
export type LinkNeighbour = {
  readonly address: Address;
  readonly mac: string;
  readonly index: Ifindex;
};

/** How a new route treats one to the same destination. */
export type RouteMode = "add" | "replace";

/** The routing protocol number by which Seam knows its own routes. */
export const SEAM_PROTOCOL = 83;

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const RTM_GETNEIGH = 30;
const RTA = { destination: 1, device: 4, gateway: 5, priority: 6, table: 15 };
const NDA = { destination: 1, linkAddress: 2 };
const MAIN_TABLE = 254;
const RTPROT_KERNEL = 2;
const RTN_UNICAST = 1;
const RT_SCOPE_LINK = 253;
const RT_SCOPE_NOWHERE = 255;
const RTNH_F_ONLINK = 4;
const NUD_PERMANENT = 0x80;
const LINK_LOCAL: Address = {
  family: "ipv6",
  bytes: [0xfe, 0x80, ...Array.from({ length: 14 }, () => 0)],
};
const RTMSG = 12;
const NDMSG = 12;

/** Creates or replaces a route of Seam. A gateway on a named device need not be reachable (onlink). */
export function newRoute(route: LinkRoute, mode: RouteMode): Request {
  const flags = mode === "add" ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_CREATE | NLM_F_REPLACE;
  const header = routeHeader(route.destination);
  header.writeUInt8(scopeOf(route), 6);
  header.writeUInt8(RTN_UNICAST, 7);
  if (route.via !== null && route.index !== null) header.writeUInt32LE(RTNH_F_ONLINK, 8);
  return {
    type: RTM_NEWROUTE,
    flags,
    body: Buffer.concat([header, ...routeAttributes(route)]),
    purpose: `${mode} the route to ${formatCidr(route.destination)}`,
  };
}

/**
 * fe80::/64 of a link, as Linux itself makes it with an address of that length; it is no route of Seam. An address of
 * that length would also make the node a member of the prefix's anycast group (RFC 4291 section 2.6.1), which
 * doubles the time that the kernel takes to delete the link.
 */
export function newLinkLocalRoute(index: Ifindex): Request {
  const destination = { address: LINK_LOCAL, length: 64 };
  const header = routeHeader(destination);
  header.writeUInt8(RTPROT_KERNEL, 5);
  header.writeUInt8(RTN_UNICAST, 7);
  const attributes = routeAttributes({ destination, via: null, index });
  return {
    type: RTM_NEWROUTE,
    // Beside those of other links.
    flags: NLM_F_CREATE | NLM_F_APPEND,
    body: Buffer.concat([header, ...attributes, attribute(RTA.priority, uint32(256))]),
    purpose: `add the route to ${formatCidr(destination)}`,
  };
}

/** Deletes a route of Seam. */
export function deleteRoute(route: LinkRoute): Request {
  const header = routeHeader(route.destination);
  header.writeUInt8(RT_SCOPE_NOWHERE, 6);
  return {
    type: RTM_DELROUTE,
    flags: 0,
    body: Buffer.concat([header, ...routeAttributes(route)]),
    purpose: `delete the route to ${formatCidr(route.destination)}`,
  };
}

/** Creates a permanent neighbour entry, or gives the existing one this MAC address. */
export const newNeighbour = ({ address, mac, index }: LinkNeighbour): Request => ({
  type: RTM_NEWNEIGH,
  flags: NLM_F_CREATE | NLM_F_REPLACE,
  body: Buffer.concat([
    neighbourHeader(address.family, index),
    attribute(NDA.destination, addressBytes(address)),
    attribute(NDA.linkAddress, macBytes(mac)),
  ]),
  purpose: `add the neighbour ${formatAddress(address)}`,
});

/** Deletes a neighbour entry. */
export const deleteNeighbour = ({ address, index }: LinkNeighbour): Request => ({
  type: RTM_DELNEIGH,
  flags: 0,
  body: Buffer.concat([
    neighbourHeader(address.family, index),
    attribute(NDA.destination, addressBytes(address)),
  ]),
  purpose: `delete the neighbour ${formatAddress(address)}`,
});

/** Routes of Seam in the main table, both families. */
export function listRoutes(socket: RouteSocket): Result<readonly LinkRoute[], KernelError> {
  const routes: LinkRoute[] = [];
  for (const family of FAMILIES) {
    const body = Buffer.alloc(RTMSG);
    body.writeUInt8(familyNumber(family), 0);
    body.writeUInt8(SEAM_PROTOCOL, 5);
    const answer = socket.dump({ type: RTM_GETROUTE, flags: 0, body, purpose: "list routes" });
    if (!answer.ok) return answer;
    routes.push(...answer.value.flatMap((message) => decodeRoute(message, family)));
  }
  return ok(routes);
}

/** Permanent neighbours of all links. */
export function listNeighbours(socket: RouteSocket): Result<readonly LinkNeighbour[], KernelError> {
  const body = Buffer.alloc(NDMSG);
  const answer = socket.dump({ type: RTM_GETNEIGH, flags: 0, body, purpose: "list neighbours" });
  return answer.ok ? ok(answer.value.flatMap(decodeNeighbour)) : answer;
}

/** IPv4 routes to hosts on the link have link scope; IPv6 has no scopes here. */
const scopeOf = ({ destination, via }: LinkRoute): number =>
  via === null && destination.address.family === "ipv4" ? RT_SCOPE_LINK : 0;

function routeHeader({ address, length }: Cidr): Buffer {
  const header = Buffer.alloc(RTMSG);
  header.writeUInt8(familyNumber(address.family), 0);
  header.writeUInt8(length, 1);
  header.writeUInt8(MAIN_TABLE, 4);
  header.writeUInt8(SEAM_PROTOCOL, 5);
  return header;
}

const routeAttributes = ({ destination, via, index }: LinkRoute): readonly Buffer[] => [
  attribute(RTA.destination, addressBytes(destination.address)),
  ...(via === null ? [] : [attribute(RTA.gateway, addressBytes(via))]),
  ...(index === null ? [] : [attribute(RTA.device, uint32(index))]),
];

function neighbourHeader(family: Family, index: Ifindex): Buffer {
  const header = Buffer.alloc(NDMSG);
  header.writeUInt8(familyNumber(family), 0);
  header.writeInt32LE(index, 4);
  header.writeUInt16LE(NUD_PERMANENT, 8);
  return header;
}

function decodeRoute({ body }: Message, family: Family): readonly LinkRoute[] {
  const attributes = decodeAttributes(body, RTMSG);
  const table = uint32Of(attributes.get(RTA.table)) ?? body.readUInt8(4);
  if (table !== MAIN_TABLE || body.readUInt8(5) !== SEAM_PROTOCOL) return [];
  const zero = { family, bytes: Array.from({ length: familyBits(family) / 8 }, () => 0) };
  const address = addressOf(attributes.get(RTA.destination)) ?? zero;
  const device = uint32Of(attributes.get(RTA.device));
  return [
    {
      destination: { address, length: body.readUInt8(1) },
      via: addressOf(attributes.get(RTA.gateway)),
      index: device === null ? null : ifindex(device),
    },
  ];
}

function decodeNeighbour({ body }: Message): readonly LinkNeighbour[] {
  const attributes = decodeAttributes(body, NDMSG);
  const address = addressOf(attributes.get(NDA.destination));
  const mac = attributes.get(NDA.linkAddress);
  const permanent = (body.readUInt16LE(8) & NUD_PERMANENT) !== 0;
  if (address === null || mac === undefined || !permanent) return [];
  return [{ address, mac: formatMac(mac), index: ifindex(body.readInt32LE(4)) }];
}
