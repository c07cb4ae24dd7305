/**
 * The node's VXLAN device and its forwarding entries over rtnetlink (IFLA_VXLAN_* of include/uapi/linux/if_link.h,
 * AF_BRIDGE neighbours of neighbour.h). Nothing is learnt and nothing flooded: there is no default destination.
 */
import { type Address, err, formatAddress, type Ifindex, ok, type Result } from "@seam/base";
import { type Forwarding, type Tunnel, TUNNEL_DEVICE } from "@seam/state";
import { addressBytes, addressOf } from "./family.ts";
import type { KernelError } from "./libc.ts";
import {
  deleteLink,
  type LinkDetails,
  linkDetails,
  listAddresses,
  newAddress,
  newLink,
  setLinkUp,
  withoutLinkLocal,
} from "./links.ts";
import {
  attribute,
  type Attributes,
  decodeAttributes,
  formatMac,
  macBytes,
  type Message,
  type Request,
  uint16Network,
  uint32,
  uint32Of,
  uint8,
} from "./netlink-message.ts";
import type { RouteSocket } from "./route-socket.ts";

/** What a node has of the overlay. */
export type ObservedTunnel = {
  readonly tunnel: Tunnel | null;
  readonly forwarding: readonly Forwarding[];
};

const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const RTM_GETNEIGH = 30;
const CREATE_REPLACE = 0x500;
const AF_BRIDGE = 7;
/** Ready at once and kept: NUD_NOARP and NUD_PERMANENT. */
const STATIC = 0xc0;
/** The entry is the device's own, not that of a bridge which the device is a port of. */
const NTF_SELF = 2;
const NDMSG = 12;
const NDA = { destination: 1, linkAddress: 2 };
const NONE: Attributes = new Map();
const VXLAN = { id: 1, local: 4, learning: 7, port: 15, local6: 17 };

/** Creates the device, up and with its addresses; leaves nothing on failure. */
export function createTunnel(socket: RouteSocket, tunnel: Tunnel): Result<null, KernelError> {
  const { vni, port, local, mac, mtu } = tunnel;
  const data = [
    attribute(VXLAN.id, uint32(vni)),
    attribute(local.family === "ipv4" ? VXLAN.local : VXLAN.local6, addressBytes(local)),
    attribute(VXLAN.learning, uint8(0)),
    attribute(VXLAN.port, uint16Network(port)),
  ];
  const made = socket.change([newLink({ name: TUNNEL_DEVICE, mac, mtu }, "vxlan", data)]);
  if (!made.ok) return made;
  const ready = configure(socket, tunnel.addresses);
  if (!ready.ok) deleteTunnel(socket);
  return ready;
}

/** Deletes the device with all its entries; succeeds when it is gone. */
export function deleteTunnel(socket: RouteSocket): Result<null, KernelError> {
  const deleted = socket.change([deleteLink(TUNNEL_DEVICE)]);
  return deleted.ok || deleted.error.errno === "ENODEV" ? ok(null) : deleted;
}

/** Sends frames to a MAC address to a node, also when they went to another so far. */
export const addForwarding = (socket: RouteSocket, entry: Forwarding): Result<null, KernelError> =>
  changeForwarding(socket, entry, { type: RTM_NEWNEIGH, flags: CREATE_REPLACE });

/** Deletes a forwarding entry. */
export const deleteForwarding = (
  socket: RouteSocket,
  entry: Forwarding,
): Result<null, KernelError> => changeForwarding(socket, entry, { type: RTM_DELNEIGH, flags: 0 });

/** The device and its entries. A link of another kind with its name reads as one that nobody wants. */
export function observeTunnel(socket: RouteSocket): Result<ObservedTunnel, KernelError> {
  const details = linkDetails(socket, TUNNEL_DEVICE);
  if (!details.ok) {
    const none = details.error.errno === "ENODEV";
    return none ? ok({ tunnel: null, forwarding: [] }) : details;
  }
  const { index } = details.value.link;
  const addresses = listAddresses(socket);
  if (!addresses.ok) return addresses;
  const own = addresses.value.filter((each) => each.index === index);
  const found = details.value.kind === "vxlan" ? details.value : { ...details.value, data: NONE };
  const tunnel = decodeTunnel(
    found,
    own.map(({ address }) => address),
  );
  const forwarding = listForwarding(socket, index);
  return forwarding.ok ? ok({ tunnel, forwarding: forwarding.value }) : forwarding;
}

/** A kernel without IPv6 refuses to hear of link-local addresses, and gives none. */
function configure(socket: RouteSocket, addresses: readonly Address[]): Result<null, KernelError> {
  const made = linkDetails(socket, TUNNEL_DEVICE);
  if (!made.ok) return made;
  const { index } = made.value.link;
  socket.change([withoutLinkLocal(index)]);
  const ready = socket.change([
    setLinkUp(index),
    ...addresses.map((address) => newAddress(index, address)),
  ]);
  return ready.ok ? ok(null) : ready;
}

function changeForwarding(
  socket: RouteSocket,
  { mac, remote }: Forwarding,
  how: Pick<Request, "type" | "flags">,
): Result<null, KernelError> {
  const device = linkDetails(socket, TUNNEL_DEVICE);
  if (!device.ok) return device;
  const body = Buffer.concat([
    forwardingHeader(device.value.link.index),
    attribute(NDA.linkAddress, macBytes(mac)),
    attribute(NDA.destination, addressBytes(remote)),
  ]);
  const purpose = `forward ${mac} to ${formatAddress(remote)}`;
  const changed = socket.change([{ ...how, body, purpose }]);
  return changed.ok ? ok(null) : err(changed.error);
}

function forwardingHeader(index: Ifindex): Buffer {
  const header = Buffer.alloc(NDMSG);
  header.writeUInt8(AF_BRIDGE, 0);
  header.writeInt32LE(index, 4);
  header.writeUInt16LE(STATIC, 8);
  header.writeUInt8(NTF_SELF, 10);
  return header;
}

/** The index in the header of the request lets the kernel look at this device alone. */
function listForwarding(
  socket: RouteSocket,
  index: Ifindex,
): Result<readonly Forwarding[], KernelError> {
  const body = Buffer.alloc(NDMSG);
  body.writeUInt8(AF_BRIDGE, 0);
  body.writeInt32LE(index, 4);
  const purpose = "list forwarding entries";
  const answer = socket.dump({ type: RTM_GETNEIGH, flags: 0, body, purpose });
  return answer.ok ? ok(answer.value.flatMap((each) => decodeForwarding(each, index))) : answer;
}

function decodeForwarding({ body }: Message, index: Ifindex): readonly Forwarding[] {
  if (body.readInt32LE(4) !== index) return [];
  const attributes = decodeAttributes(body, NDMSG);
  const remote = addressOf(attributes.get(NDA.destination));
  const mac = attributes.get(NDA.linkAddress);
  return remote === null || mac === undefined ? [] : [{ mac: formatMac(mac), remote }];
}

function decodeTunnel({ link, kind, data }: LinkDetails, addresses: readonly Address[]): Tunnel {
  const local = addressOf(data.get(VXLAN.local) ?? data.get(VXLAN.local6));
  const learning = data.get(VXLAN.learning)?.readUInt8(0) ?? 0;
  return {
    vni: uint32Of(data.get(VXLAN.id)) ?? 0,
    port: data.get(VXLAN.port)?.readUInt16BE(0) ?? 0,
    local: local ?? { family: "ipv4", bytes: [0, 0, 0, 0] },
    mac: link.mac,
    mtu: link.mtu,
    addresses,
    ready: kind === "vxlan" && link.up && learning === 0,
  };
}
