/**
 * A netfilter netlink socket for nf_tables (include/uapi/linux/netfilter/nfnetlink.h): requests go as one batch, which the kernel
 * carries out as a whole or not at all. The other half of it hears what anybody changes.
 */
import { err, ok, type Result } from "@seam/base";
import { closeSync } from "node:fs";

import {
  joinGroup,
  type KernelError,
  NETLINK,
  openNetlink,
  receive,
  send,
  setOption,
  SOL_SOCKET,
  SO_RCVBUFFORCE,
} from "./libc.ts";
import {
  askForShortErrors,
  isEnd,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_ERROR,
  refusal,
} from "./netlink-answer.ts";
import {
  decodeAttributes,
  decodeMessages,
  encodeRequest,
  type Message,
  type Request,
  textOf,
} from "./netlink-message.ts";
import { inNetns } from "./netns.ts";

/** An open socket; it stays in the namespace in which it was opened. */
export type NetfilterSocket = Disposable & {
  /** One transaction. */
  readonly commit: (requests: readonly Request[]) => Result<null, KernelError>;
  /** All that the kernel has of what a request asks for. */
  readonly list: (request: Request) => Result<readonly Message[], KernelError>;
  /** Names of tables that others changed since the last call; null when there was more than could be kept. */
  readonly changedByOthers: () => ReadonlySet<string> | null;
};

const SUBSYSTEM = 10;
const BEGIN = 0x10;
const END = 0x11;
const NEW_GENERATION = 15;
const SO_SNDBUFFORCE = 32;
const NFNLGRP_NFTABLES = 7;
/** A batch is one datagram; the kernel keeps no more of it than it is long. */
const BUFFER_BYTES = 64 << 20;
/** Every object of nf_tables names its table in its first attribute. */
const TABLE_NAME = 1;
const FAMILY_HEADER = 4;

/** The header of every message about nf_tables; `family` is NFPROTO_INET (1) or AF_UNSPEC (0). */
export const familyHeader = (family: number, resource = 0): Buffer =>
  Buffer.from([family, 0, resource >> 8, resource & 0xff]);

/** The type of an nf_tables message. */
export const messageType = (message: number): number => (SUBSYSTEM << 8) | message;

/** Opens a socket in the namespace at `netns` that also hears of changes. */
export function openNetfilterSocket(netns: string): Result<NetfilterSocket, KernelError> {
  const speaking = openPrepared(netns, prepareToSpeak);
  if (!speaking.ok) return speaking;
  const hearing = openPrepared(netns, prepareToHear);
  if (hearing.ok) return ok(socketOn(speaking.value, hearing.value));
  closeSync(speaking.value);
  return hearing;
}

type Preparation = (fd: number) => Result<number, KernelError>;

function prepareToSpeak(fd: number): Result<number, KernelError> {
  askForShortErrors(fd);
  return setOption(fd, [SOL_SOCKET, SO_SNDBUFFORCE], BUFFER_BYTES);
}

function prepareToHear(fd: number): Result<number, KernelError> {
  const room = setOption(fd, [SOL_SOCKET, SO_RCVBUFFORCE], BUFFER_BYTES);
  return room.ok ? joinGroup(fd, NFNLGRP_NFTABLES) : room;
}

function openPrepared(netns: string, prepare: Preparation): Result<number, KernelError> {
  const opened = inNetns(netns, () => openNetlink(NETLINK.netfilter));
  const prepared = opened.ok ? prepare(opened.value) : opened;
  if (opened.ok && !prepared.ok) closeSync(opened.value);
  return prepared.ok ? opened : prepared;
}

type Answer = Result<null, KernelError>;

function socketOn(speaking: number, hearing: number): NetfilterSocket {
  const buffer = Buffer.alloc(1 << 18);
  let sequence = 0;
  let ownPort = 0;
  const answers = function* (): Generator<Message, KernelError> {
    for (;;) {
      const received = receive(speaking, buffer);
      if (!received.ok) return received.error;
      yield* decodeMessages(buffer.subarray(0, received.value));
    }
  };
  /** A batch that is refused as a whole is answered at its beginning, and then no more. */
  const answerTo = (pending: ReadonlyMap<number, Request>, last: number): Answer => {
    let failure: KernelError | null = null;
    const all = answers();
    for (;;) {
      const { done, value } = all.next();
      if (done === true) return err(failure ?? value);
      if (value.type !== NLMSG_ERROR) continue;
      ownPort = value.port;
      failure ??= refusal(value, pending.get(value.sequence)?.purpose ?? "change nf_tables");
      if (value.sequence === last) return failure === null ? ok(null) : err(failure);
    }
  };
  return {
    commit: (requests) => {
      const pending = new Map(requests.map((request) => [(sequence += 1), request]));
      const last = sequence;
      const encoded = [...pending].map(([number, request]) =>
        encodeRequest(asked(request, number === last), number),
      );
      const whole = Buffer.concat([border(BEGIN), ...encoded, border(END)]);
      const sent = send(speaking, whole);
      return sent.ok ? answerTo(pending, last) : sent;
    },
    list: (request) => {
      sequence += 1;
      const flags = request.flags | NLM_F_REQUEST | NLM_F_DUMP;
      const sent = send(speaking, encodeRequest({ ...request, flags }, sequence));
      return sent.ok ? listed(answers(), request, sequence) : sent;
    },
    changedByOthers: () => hear(hearing, { buffer, ownPort }),
    [Symbol.dispose]: () => {
      closeSync(speaking);
      closeSync(hearing);
    },
  };
}

function listed(
  answers: Generator<Message, KernelError>,
  { purpose }: Request,
  sequence: number,
): Result<readonly Message[], KernelError> {
  const found: Message[] = [];
  for (;;) {
    const { done, value } = answers.next();
    if (done === true) return err(value);
    if (value.sequence !== sequence) continue;
    const refused = refusal(value, purpose);
    if (refused !== null) return err(refused);
    if (isEnd(value)) return ok(found);
    found.push(value);
  }
}

const border = (type: number): Buffer =>
  encodeRequest(
    { type, flags: NLM_F_REQUEST, body: familyHeader(0, SUBSYSTEM), purpose: "batch" },
    0,
  );

const asked = (request: Request, isLast: boolean): Request => ({
  ...request,
  flags: request.flags | NLM_F_REQUEST | (isLast ? NLM_F_ACK : 0),
});

type Hearing = { readonly buffer: Buffer; readonly ownPort: number };

function hear(fd: number, { buffer, ownPort }: Hearing): ReadonlySet<string> | null {
  const tables = new Set<string>();
  let lost = false;
  for (;;) {
    const received = receive(fd, buffer);
    if (received.ok) {
      const messages = decodeMessages(buffer.subarray(0, received.value));
      const others = messages.filter((message) => isOthers(message, ownPort));
      for (const message of others) tables.add(tableOf(message));
    } else if (received.error.errno === "ENOBUFS") lost = true;
    else return lost ? null : tables;
  }
}

const isOthers = ({ type, port }: Message, ownPort: number): boolean =>
  port !== ownPort && type >> 8 === SUBSYSTEM && (type & 0xff) !== NEW_GENERATION;

const tableOf = ({ body }: Message): string =>
  textOf(decodeAttributes(body, FAMILY_HEADER).get(TABLE_NAME));
