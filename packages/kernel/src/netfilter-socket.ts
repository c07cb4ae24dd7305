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
  sendLater,
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
  /** The same from a thread of its own; meanwhile nothing else is to be said. */
  readonly commitBeside: (requests: readonly Request[]) => Promise<Result<null, KernelError>>;
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

const CLOSED: KernelError = { errno: "EBADF", message: "the socket was closed meanwhile" };

/** Requests by their numbers, of which the last is answered, as one datagram. */
type Batch = {
  readonly pending: ReadonlyMap<number, Request>;
  readonly last: number;
  readonly whole: Buffer;
};

/** The requests, with numbers above `before`. */
function batchOf(requests: readonly Request[], before: number): Batch {
  const pending = new Map(requests.map((request, index) => [before + 1 + index, request]));
  const last = before + requests.length;
  const encoded = [...pending].map(([number, request]) =>
    encodeRequest(asked(request, number === last), number),
  );
  return { pending, last, whole: Buffer.concat([border(BEGIN), ...encoded, border(END)]) };
}

/** What the kernel says of a batch, and by which port it knows the socket. */
type Heard = { readonly answer: Answer; readonly port: number };

/** A batch that is refused as a whole is answered at its beginning, and then no more. */
function answerTo({ pending, last }: Batch, all: Generator<Message, KernelError>): Heard {
  let failure: KernelError | null = null;
  let port = 0;
  for (;;) {
    const { done, value } = all.next();
    if (done === true) return { answer: err(failure ?? value), port };
    if (value.type !== NLMSG_ERROR) continue;
    port = value.port;
    failure ??= refusal(value, pending.get(value.sequence)?.purpose ?? "change nf_tables");
    if (value.sequence === last)
      return { answer: failure === null ? ok(null) : err(failure), port };
  }
}

function* answersOn(fd: number, buffer: Buffer): Generator<Message, KernelError> {
  for (;;) {
    const received = receive(fd, buffer);
    if (!received.ok) return received.error;
    yield* decodeMessages(buffer.subarray(0, received.value));
  }
}

function socketOn(speaking: number, hearing: number): NetfilterSocket {
  const buffer = Buffer.alloc(1 << 18);
  let sequence = 0;
  let ownPort = 0;
  let isClosed = false;
  let isSending = false;
  const next = (requests: readonly Request[]): Batch => {
    const batch = batchOf(requests, sequence);
    sequence = batch.last;
    return batch;
  };
  const answered = (batch: Batch): Answer => {
    const { answer, port } = answerTo(batch, answersOn(speaking, buffer));
    if (port !== 0) ownPort = port;
    return answer;
  };
  const close = (): void => [speaking, hearing].forEach((fd) => closeSync(fd));
  return {
    commit: (requests) => {
      const batch = next(requests);
      const sent = send(speaking, batch.whole);
      return sent.ok ? answered(batch) : sent;
    },
    commitBeside: async (requests) => {
      if (isClosed) return err(CLOSED);
      const batch = next(requests);
      isSending = true;
      const sent = await sendLater(speaking, batch.whole);
      isSending = false;
      if (isClosed) {
        close();
        return err(CLOSED);
      }
      return sent.ok ? answered(batch) : sent;
    },
    list: (request) => {
      sequence += 1;
      const flags = request.flags | NLM_F_REQUEST | NLM_F_DUMP;
      const sent = send(speaking, encodeRequest({ ...request, flags }, sequence));
      return sent.ok ? listed(answersOn(speaking, buffer), request, sequence) : sent;
    },
    changedByOthers: () => hear(hearing, { buffer, ownPort }),
    [Symbol.dispose]: () => {
      isClosed = true;
      // Another thread may still send over it.
      if (!isSending) close();
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
  // Writing everything anew tells of ten thousands of elements, of which nothing is to be known.
  const isOthers = (port: number): boolean => port !== ownPort;
  let lost = false;
  for (;;) {
    const received = receive(fd, buffer);
    if (received.ok) {
      const messages = decodeMessages(buffer.subarray(0, received.value), isOthers);
      for (const message of messages.filter(isChange)) tables.add(tableOf(message));
    } else if (received.error.errno === "ENOBUFS") lost = true;
    else return lost ? null : tables;
  }
}

const isChange = ({ type }: Message): boolean =>
  type >> 8 === SUBSYSTEM && (type & 0xff) !== NEW_GENERATION;

const tableOf = ({ body }: Message): string =>
  textOf(decodeAttributes(body, FAMILY_HEADER).get(TABLE_NAME));
