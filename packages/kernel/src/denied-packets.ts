/**
 * Packets that policies denied, as far as the kernel shows them (nfnetlink_log, include/uapi/linux/netfilter/nfnetlink_log.h; the chains
 * that do so are in policy-rules.ts). At the forward and input hooks a packet has the addresses that policies judge: after the translation of
 * services, before that of sources. So its headers tell who speaks to whom, and conntrack need not be asked.
 */
import { type Bytes, bytes, err, type Ifindex, ifindex, ok, type Result } from "@seam/base";
import { GATE_SIDES, type GateSide, HOST_POINTS, type HostPoint } from "@seam/state";
import { closeSync } from "node:fs";

import {
  type KernelError,
  NETLINK,
  openNetlink,
  receive,
  send,
  setOption,
  SOL_SOCKET,
  SO_RCVBUFFORCE,
} from "./libc.ts";
import { askForShortErrors, NLM_F_ACK, NLM_F_REQUEST, refusal } from "./netlink-answer.ts";
import {
  attribute,
  type Attributes,
  decodeAttributes,
  decodeMessages,
  encodeRequest,
  type Message,
  textOf,
  uint32Network,
} from "./netlink-message.ts";
import { familyHeader } from "./netfilter-socket.ts";
import { inNetns, OWN_NETNS } from "./netns.ts";
import { connectionIn, type PacketConnection, type Way } from "./packet-headers.ts";
import { DENIED_GROUP, LOGGED, WAYS } from "./policy-rules.ts";

/** A packet that was dropped, or one that a policy wants shown: of which connection it is, and which end's policies say so. */
export type DeniedPacket = PacketConnection & {
  readonly side: GateSide;
  readonly isDenied: boolean;
};

/** The same at an interface of the node itself; null when the kernel does not know that any more. */
export type DeniedHostPacket = PacketConnection & {
  readonly point: HostPoint;
  readonly isDenied: boolean;
  readonly interface: Ifindex | null;
};

/** What the kernel shows, until it is disposed of. */
export type DeniedPackets = Disposable & {
  /** What came since the last call; `isWhole` is false when there was more than could be kept. */
  readonly take: () => {
    readonly packets: readonly DeniedPacket[];
    readonly hosts: readonly DeniedHostPacket[];
    readonly isWhole: boolean;
  };
};

const SUBSYSTEM = 4;
const PACKET = 0;
const CONFIG = 1;
const SETTING = { command: 1, mode: 2, threshold: 5 } as const;
const BIND = 1;
const COPY_PACKET = 2;
const ATTRIBUTE = { inwards: 4, outwards: 5, payload: 9, prefix: 10 } as const;
const FAMILY_HEADER = 4;
const LONGEST_BYTES = 256;
/** As much as comes in some minutes. */
const ROOM = bytes(1 << 20);

/** Listens in the namespace at `netns`; fails with EPERM while another socket does. */
export function openDeniedPackets(
  netns: string = OWN_NETNS,
  room: Bytes = ROOM,
): Result<DeniedPackets, KernelError> {
  const opened = inNetns(netns, () => openNetlink(NETLINK.netfilter));
  if (!opened.ok) return opened;
  const fd = opened.value;
  const bound = bind(fd, room);
  if (bound.ok) return ok(deniedPackets(fd));
  closeSync(fd);
  return bound;
}

/** Each packet is told at once: there are few. */
function bind(fd: number, room: Bytes): Result<null, KernelError> {
  askForShortErrors(fd);
  const enlarged = setOption(fd, [SOL_SOCKET, SO_RCVBUFFORCE], room);
  if (!enlarged.ok) return enlarged;
  const purpose = `listen to packets of group ${DENIED_GROUP}, which one socket may`;
  const request = encodeRequest(
    {
      type: (SUBSYSTEM << 8) | CONFIG,
      flags: NLM_F_REQUEST | NLM_F_ACK,
      body: Buffer.concat([
        familyHeader(0, DENIED_GROUP),
        attribute(SETTING.command, Buffer.from([BIND])),
        attribute(
          SETTING.mode,
          Buffer.concat([uint32Network(LONGEST_BYTES), Buffer.from([COPY_PACKET, 0])]),
        ),
        attribute(SETTING.threshold, uint32Network(1)),
      ]),
      purpose,
    },
    1,
  );
  const sent = send(fd, request);
  if (!sent.ok) return sent;
  const buffer = Buffer.alloc(1 << 12);
  const received = receive(fd, buffer);
  if (!received.ok) return received;
  const [answer] = decodeMessages(buffer.subarray(0, received.value));
  const refused = answer === undefined ? null : refusal(answer, purpose);
  return refused === null ? ok(null) : err(refused);
}

function deniedPackets(fd: number): DeniedPackets {
  const buffer = Buffer.alloc(1 << 16);
  return {
    take: () => {
      const packets: DeniedPacket[] = [];
      const hosts: DeniedHostPacket[] = [];
      let isWhole = true;
      for (;;) {
        const received = receive(fd, buffer);
        if (received.ok) {
          const messages = decodeMessages(buffer.subarray(0, received.value));
          const shown = messages.flatMap(deniedIn);
          packets.push(...shown.filter((each) => "side" in each));
          hosts.push(...shown.filter((each) => "point" in each));
        } else if (received.error.errno === "ENOBUFS") isWhole = false;
        else return { packets, hosts, isWhole };
      }
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}

/** The packet of a message; of what cannot be read nothing is told. */
function deniedIn({ type, body }: Message): readonly (DeniedPacket | DeniedHostPacket)[] {
  if (type !== ((SUBSYSTEM << 8) | PACKET)) return [];
  const attributes = decodeAttributes(body, FAMILY_HEADER);
  const words = textOf(attributes.get(ATTRIBUTE.prefix)).split(" ");
  const side = GATE_SIDES.find((each) => each === words[0]);
  const point = HOST_POINTS.find((each) => each === words[0]);
  const way = WAYS.find((each) => each === words[1]);
  const payload = attributes.get(ATTRIBUTE.payload);
  const connection = way === undefined || payload === undefined ? null : connectionIn(payload, way);
  if (connection === null || way === undefined) return [];
  const isDenied = words[2] !== LOGGED;
  if (side !== undefined) return [{ ...connection, side, isDenied }];
  return point === undefined
    ? []
    : [{ ...connection, point, isDenied, interface: interfaceAt(attributes, { point, way }) }];
}

/** The interface by which the connection comes in or goes out, which its replies go through the other way. */
function interfaceAt(
  attributes: Attributes,
  { point, way }: { readonly point: HostPoint; readonly way: Way },
): Ifindex | null {
  const isEgress = point === "local-egress" || point === "forward-egress";
  const isOut = isEgress === (way === "original");
  const index = attributes.get(isOut ? ATTRIBUTE.outwards : ATTRIBUTE.inwards);
  return index?.length === 4 ? ifindex(index.readUInt32BE()) : null;
}
