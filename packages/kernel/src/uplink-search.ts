/**
 * By which links packets to other nodes leave (decision 24): each address is asked of the kernel's routes, as its own packets would be
 * (RTM_GETROUTE, include/uapi/linux/rtnetlink.h), so rules and tables of others count.
 */
import { type Address, familyBits, ok, type Result } from "@seam/base";
import { TUNNEL_DEVICE } from "@seam/state";

import { isPodDevice } from "./device-names.ts";
import { addressBytes, familyNumber } from "./family.ts";
import type { KernelError } from "./libc.ts";
import { type Link, listAddresses, listLinks } from "./links.ts";
import { attribute, decodeAttributes, type Request, uint32Of } from "./netlink-message.ts";
import { OWN_NETNS } from "./netns.ts";
import { type RouteSocket, withRouteSocket } from "./route-socket.ts";
import { listQdiscs, ROOT } from "./traffic-control.ts";
import { HANDLES } from "./uplink.ts";

/** A link to other nodes. */
export type FoundUplink = {
  readonly device: string;
  /** What somebody else put at its way out, such as `fq 8001:`; null when it is the kernel's own or Seam's. */
  readonly foreign: string | null;
};

const RTM_GETROUTE = 26;
const RTMSG = 12;
const RTA = { destination: 1, device: 4 } as const;
const RTN_UNICAST = 1;

/** The links by which packets to these addresses leave; those that are the node's own, or lead nowhere, lead to none. */
export const findUplinks = (
  addresses: readonly Address[],
  netns: string = OWN_NETNS,
): Result<readonly FoundUplink[], KernelError> =>
  withRouteSocket(netns, (socket) => {
    const indexes = new Set<number>(addresses.flatMap((address) => wayTo(socket, address)));
    return describe(socket, ({ index }) => indexes.has(index));
  });

/** The links that have one of these addresses. */
export const uplinksWith = (
  addresses: readonly Address[],
  netns: string = OWN_NETNS,
): Result<readonly FoundUplink[], KernelError> =>
  withRouteSocket(netns, (socket) => {
    const listed = listAddresses(socket);
    if (!listed.ok) return listed;
    const wanted = new Set(addresses.map(textOf));
    const indexes = new Set(
      listed.value.filter(({ address }) => wanted.has(textOf(address))).map(({ index }) => index),
    );
    return describe(socket, ({ index }) => indexes.has(index));
  });

const textOf = ({ bytes }: Address): string => bytes.join(".");

function wayTo(socket: RouteSocket, address: Address): readonly number[] {
  const answer = socket.change([askRoute(address)]);
  if (!answer.ok) return [];
  return answer.value.flatMap(({ body }) => {
    if (body.length < RTMSG || body.readUInt8(7) !== RTN_UNICAST) return [];
    return uint32Of(decodeAttributes(body, RTMSG).get(RTA.device)) ?? [];
  });
}

function askRoute(address: Address): Request {
  const body = Buffer.alloc(RTMSG);
  body.writeUInt8(familyNumber(address.family), 0);
  body.writeUInt8(familyBits(address.family), 1);
  return {
    type: RTM_GETROUTE,
    flags: 0,
    body: Buffer.concat([body, attribute(RTA.destination, addressBytes(address))]),
    purpose: "look up a route",
  };
}

/** Pods' links, the tunnel and the loopback are none; what the kernel puts at a way out by itself has no handle. */
function describe(
  socket: RouteSocket,
  isMeant: (link: Link) => boolean,
): Result<readonly FoundUplink[], KernelError> {
  const links = listLinks(socket);
  if (!links.ok) return links;
  const qdiscs = listQdiscs(socket);
  if (!qdiscs.ok) return qdiscs;
  const foreign = new Map(
    qdiscs.value
      .filter(({ parent, handle }) => parent === ROOT && handle !== 0 && handle !== HANDLES.root)
      .map(({ index, kind, handle }) => [index, `${kind} ${(handle >>> 16).toString(16)}:`]),
  );
  const uplinks = links.value.filter(
    (link) =>
      isMeant(link) && link.name !== "lo" && link.name !== TUNNEL_DEVICE && !isPodDevice(link.name),
  );
  return ok(
    uplinks.map(({ index, name }) => ({ device: name, foreign: foreign.get(index) ?? null })),
  );
}
