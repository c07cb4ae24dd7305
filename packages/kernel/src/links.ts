/** Network interfaces and their addresses over rtnetlink (include/uapi/linux/if_link.h, if_addr.h). */
import {
  type Address,
  type Bytes,
  bytes,
  err,
  familyBits,
  formatAddress,
  type Ifindex,
  ifindex,
  ok,
  type Result,
} from "@seam/base";
import { addressBytes, addressOf, familyNumber } from "./family.ts";
import type { KernelError } from "./libc.ts";
import {
  attribute,
  type Attributes,
  decodeAttributes,
  formatMac,
  macBytes,
  nested,
  type Request,
  text,
  textOf,
  uint8,
  uint32,
  uint32Of,
} from "./netlink-message.ts";
import type { RouteSocket } from "./route-socket.ts";

/** A network interface. */
export type Link = {
  readonly index: Ifindex;
  readonly name: string;
  /** Empty for links without one. */
  readonly mac: string;
  readonly mtu: Bytes;
  /** Whether it has been set up by an administrator; the peer may still be down. */
  readonly up: boolean;
};

/** A link and the attributes of its kind (IFLA_INFO_DATA). */
export type LinkDetails = {
  readonly link: Link;
  /** Such as `veth`; empty for hardware. */
  readonly kind: string;
  readonly data: Attributes;
};

/** An address of an interface. */
export type LinkAddress = {
  readonly index: Ifindex;
  readonly address: Address;
  readonly length: number;
};

/** What every new link needs. */
export type NewLink = { readonly name: string; readonly mac: string; readonly mtu: Bytes };

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_HOST = 254;
const CREATE_EXCLUSIVE = 0x600;
const IFF_UP = 1;
const IFLA = {
  address: 1,
  ifname: 3,
  mtu: 4,
  linkinfo: 18,
  stats64: 23,
  afSpec: 26,
  group: 27,
  netNsFd: 28,
  gsoMaxSegs: 40,
};
/** IN6_ADDR_GEN_MODE_NONE is 1. */
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IFLA_INFO = { kind: 1, data: 2 };
const VETH_INFO_PEER = 1;
const IFA = { address: 1, local: 2, flags: 8 };
/** No duplicate address detection: the address works at once, and Seam gives each out only once. */
const IFA_F_NODAD = 2;
const IFINFOMSG = 16;
const IFADDRMSG = 8;

/** Creates a link of the kind whose own attributes are `data`. */
export const newLink = (link: NewLink, kind: string, data: readonly Buffer[]): Request => ({
  type: RTM_NEWLINK,
  flags: CREATE_EXCLUSIVE,
  body: Buffer.concat([
    linkHeader(0, 0),
    ...linkAttributes(link),
    nested(IFLA.linkinfo, [attribute(IFLA_INFO.kind, text(kind)), nested(IFLA_INFO.data, data)]),
  ]),
  purpose: `create the link ${link.name}`,
});

/** Creates a pair whose peer is born in the namespace behind the file descriptor `peerNetns`. */
export function newVeth(host: NewLink, peer: NewLink, peerNetns: number): Request {
  const peerInfo = [
    linkHeader(0, 0),
    ...linkAttributes(peer),
    attribute(IFLA.netNsFd, uint32(peerNetns)),
  ];
  return newLink(host, "veth", [nested(VETH_INFO_PEER, peerInfo)]);
}

/** Keeps the kernel from giving the link an IPv6 address of its own accord; before it is up. */
export const withoutLinkLocal = (index: Ifindex): Request => ({
  type: RTM_NEWLINK,
  flags: 0,
  body: Buffer.concat([
    linkHeader(index, 0),
    nested(IFLA.afSpec, [
      nested(familyNumber("ipv6"), [attribute(IFLA_INET6_ADDR_GEN_MODE, uint8(1))]),
    ]),
  ]),
  purpose: `keep link ${index} without a link-local address`,
});

/** How many frames one packet that the node makes for the link may stand for, until the link cuts it. */
export const setGsoSegments = (index: Ifindex, segments: number): Request => ({
  type: RTM_NEWLINK,
  flags: 0,
  body: Buffer.concat([linkHeader(index, 0), attribute(IFLA.gsoMaxSegs, uint32(segments))]),
  purpose: `limit packets of link ${index} to ${segments} frames`,
});

/** Sets a link up. */
export const setLinkUp = (index: Ifindex): Request => ({
  type: RTM_NEWLINK,
  flags: 0,
  body: linkHeader(index, IFF_UP),
  purpose: `set link ${index} up`,
});

/** Deletes the link called `name`, and with it the other end of a veth pair. */
export const deleteLink = (name: string): Request => ({
  type: RTM_DELLINK,
  flags: 0,
  body: Buffer.concat([linkHeader(0, 0), attribute(IFLA.ifname, text(name))]),
  purpose: `delete the link ${name}`,
});

/** Puts the link called `name` into a group. */
export const setLinkGroup = (name: string, group: number): Request => ({
  type: RTM_NEWLINK,
  flags: 0,
  body: Buffer.concat([
    linkHeader(0, 0),
    attribute(IFLA.ifname, text(name)),
    attribute(IFLA.group, uint32(group)),
  ]),
  purpose: `put the link ${name} into group ${group}`,
});

/** Deletes all links of a group at once: the kernel waits for their last users together. */
export const deleteLinkGroup = (group: number): Request => ({
  type: RTM_DELLINK,
  flags: 0,
  body: Buffer.concat([linkHeader(0, 0), attribute(IFLA.group, uint32(group))]),
  purpose: `delete the links of group ${group}`,
});

/** Gives the link `index` the address, as a /32 or /128 unless `length` says otherwise. */
export const newAddress = (
  index: Ifindex,
  address: Address,
  length: number = familyBits(address.family),
): Request => ({
  type: RTM_NEWADDR,
  flags: CREATE_EXCLUSIVE,
  body: addressBody({ index, address, length }, RT_SCOPE_UNIVERSE),
  purpose: `add the address ${formatAddress(address)}`,
});

/** Gives the link an address that is never the source of what the node sends. */
export const newGatewayAddress = (own: LinkAddress): Request => ({
  type: RTM_NEWADDR,
  flags: CREATE_EXCLUSIVE,
  body: addressBody(own, RT_SCOPE_HOST),
  purpose: `add the address ${formatAddress(own.address)}`,
});

/** Takes the address from the link. */
export const deleteAddress = (own: LinkAddress): Request => ({
  type: RTM_DELADDR,
  flags: 0,
  body: addressBody(own, RT_SCOPE_UNIVERSE),
  purpose: `delete the address ${formatAddress(own.address)}`,
});

/** IPv6 takes an address's scope from the address itself. */
function addressBody({ index, address, length }: LinkAddress, scope: number): Buffer {
  const header = Buffer.alloc(IFADDRMSG);
  header.writeUInt8(familyNumber(address.family), 0);
  header.writeUInt8(length, 1);
  header.writeUInt8(scope, 3);
  header.writeUInt32LE(index, 4);
  return Buffer.concat([
    header,
    attribute(IFA.local, addressBytes(address)),
    attribute(IFA.address, addressBytes(address)),
    ...(address.family === "ipv6" ? [attribute(IFA.flags, uint32(IFA_F_NODAD))] : []),
  ]);
}

/** All links of the socket's namespace. */
export function listLinks(socket: RouteSocket): Result<readonly Link[], KernelError> {
  const request = { type: RTM_GETLINK, flags: 0, body: linkHeader(0, 0), purpose: "list links" };
  const answer = socket.dump(request);
  return answer.ok ? ok(answer.value.map(({ body }) => decodeLink(body))) : answer;
}

/** The link called `name`; ENODEV when there is none. */
export function linkNamed(socket: RouteSocket, name: string): Result<Link, KernelError> {
  const found = linkDetails(socket, name);
  return found.ok ? ok(found.value.link) : found;
}

/** The link called `name` with what only its kind knows; ENODEV when there is none. */
export function linkDetails(socket: RouteSocket, name: string): Result<LinkDetails, KernelError> {
  const body = Buffer.concat([linkHeader(0, 0), attribute(IFLA.ifname, text(name))]);
  const purpose = `find the link ${name}`;
  const answer = socket.change([{ type: RTM_GETLINK, flags: 0, body, purpose }]);
  if (!answer.ok) return answer;
  const [found] = answer.value;
  return found === undefined
    ? err({ errno: "ENODEV", message: `${purpose}: ENODEV` })
    : ok(decodeDetails(found.body));
}

/** All addresses of the socket's namespace. */
export function listAddresses(socket: RouteSocket): Result<readonly LinkAddress[], KernelError> {
  const body = Buffer.alloc(IFADDRMSG);
  const answer = socket.dump({ type: RTM_GETADDR, flags: 0, body, purpose: "list addresses" });
  return answer.ok ? ok(answer.value.flatMap((message) => decodeAddress(message.body))) : answer;
}

function linkHeader(index: number, flags: number): Buffer {
  const header = Buffer.alloc(IFINFOMSG);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(flags, 8);
  header.writeUInt32LE(flags, 12);
  return header;
}

const linkAttributes = ({ name, mac, mtu }: NewLink): readonly Buffer[] => [
  attribute(IFLA.ifname, text(name)),
  attribute(IFLA.address, macBytes(mac)),
  attribute(IFLA.mtu, uint32(mtu)),
];

function decodeDetails(body: Buffer): LinkDetails {
  const empty = Buffer.alloc(0);
  const info = decodeAttributes(decodeAttributes(body, IFINFOMSG).get(IFLA.linkinfo) ?? empty, 0);
  return {
    link: decodeLink(body),
    kind: textOf(info.get(IFLA_INFO.kind)),
    data: decodeAttributes(info.get(IFLA_INFO.data) ?? empty, 0),
  };
}

/** What went through a link one way since it was made. */
type LinkCount = {
  readonly bytes: Bytes;
  readonly packets: number;
  /** Packets that the link did not take or give. */
  readonly dropped: number;
};

/** What went through a link since it was made (struct rtnl_link_stats64). */
export type LinkTraffic = { readonly sent: LinkCount; readonly received: LinkCount };

/** What went through each link of the socket's namespace. */
export function listTraffic(
  socket: RouteSocket,
): Result<ReadonlyMap<string, LinkTraffic>, KernelError> {
  const request = { type: RTM_GETLINK, flags: 0, body: linkHeader(0, 0), purpose: "list links" };
  const answer = socket.dump(request);
  if (!answer.ok) return answer;
  return ok(
    new Map(
      answer.value.map(({ body }) => {
        const counters = decodeAttributes(body, IFINFOMSG).get(IFLA.stats64);
        const at = (offset: number): number => Number(counters?.readBigUInt64LE(offset) ?? 0n);
        return [
          decodeLink(body).name,
          {
            received: { packets: at(0), bytes: bytes(at(16)), dropped: at(48) },
            sent: { packets: at(8), bytes: bytes(at(24)), dropped: at(56) },
          },
        ];
      }),
    ),
  );
}

function decodeLink(body: Buffer): Link {
  const attributes = decodeAttributes(body, IFINFOMSG);
  return {
    index: ifindex(body.readInt32LE(4)),
    name: textOf(attributes.get(IFLA.ifname)),
    mac: formatMac(attributes.get(IFLA.address) ?? Buffer.alloc(0)),
    mtu: bytes(uint32Of(attributes.get(IFLA.mtu)) ?? 0),
    up: (body.readUInt32LE(8) & IFF_UP) !== 0,
  };
}

/** On point-to-point links IFA_ADDRESS is the peer's; IFA_LOCAL, where present, is our own. */
function decodeAddress(body: Buffer): readonly LinkAddress[] {
  const attributes = decodeAttributes(body, IFADDRMSG);
  const address = addressOf(attributes.get(IFA.local) ?? attributes.get(IFA.address));
  if (address === null) return [];
  return [{ index: ifindex(body.readUInt32LE(4)), address, length: body.readUInt8(1) }];
}
