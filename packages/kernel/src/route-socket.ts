/**
 * A route netlink socket. The kernel handles rtnetlink requests within `send`, so the answers are there
 * when it returns: everything is synchronous and takes microseconds.
 */
import { err, ok, type Result } from "@seam/base";
import { closeSync } from "node:fs";
import {
  type KernelError,
  NETLINK,
  openNetlink,
  receive,
  send,
  sendLater,
  setOption,
} from "./libc.ts";
import {
  askForShortErrors,
  isEnd,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  refusal,
  SOL_NETLINK,
} from "./netlink-answer.ts";
import { decodeMessages, encodeRequest, type Message, type Request } from "./netlink-message.ts";
import { inNetns } from "./netns.ts";

/** An open route socket; it stays in the namespace in which it was opened. */
export type RouteSocket = Disposable & {
  /** Sends the requests together; the first refusal, if any, is the error. All are carried out. */
  readonly change: (requests: readonly Request[]) => Result<readonly Message[], KernelError>;
  /** The same for requests that take long: the calling thread goes on meanwhile. */
  readonly changeLater: (
    requests: readonly Request[],
  ) => Promise<Result<readonly Message[], KernelError>>;
  /** All objects of a dump request. */
  readonly dump: (request: Request) => Result<readonly Message[], KernelError>;
};

const NLM_F_DUMP_INTR = 0x10;
/** Filters of dumps are the kernel's to apply. */
const NETLINK_GET_STRICT_CHK = 12;
/** Answers must fit in the socket's receive buffer (212,992 bytes by default) all at once. */
const BATCH = 64;
const DUMP_ATTEMPTS = 10;

/** Opens a socket in the network namespace at `netns`, calls `work` with it and closes it. */
export function withRouteSocket<T>(
  netns: string,
  work: (socket: RouteSocket) => Result<T, KernelError>,
): Result<T, KernelError> {
  const opened = inNetns(netns, () => openNetlink(NETLINK.route));
  if (!opened.ok) return opened;
  using socket = routeSocket(opened.value);
  return work(socket);
}

/** The same for work that goes on after the call; the socket is closed when it ends. */
export async function withRouteSocketLater<T>(
  netns: string,
  work: (socket: RouteSocket) => Promise<Result<T, KernelError>>,
): Promise<Result<T, KernelError>> {
  const opened = inNetns(netns, () => openNetlink(NETLINK.route));
  if (!opened.ok) return opened;
  using socket = routeSocket(opened.value);
  return await work(socket);
}

function routeSocket(fd: number): RouteSocket {
  askForShortErrors(fd);
  setOption(fd, [SOL_NETLINK, NETLINK_GET_STRICT_CHK], 1);
  const conversation = converse(fd);
  const exchange: Exchange = (requests) => {
    const { pending, encoded } = conversation.ask(requests);
    const sent = send(fd, encoded);
    return sent.ok ? conversation.answers(pending) : sent;
  };
  return {
    change: (requests) => changeAll(exchange, requests),
    changeLater: async (requests) =>
      changeAllLater(async (batch) => {
        const { pending, encoded } = conversation.ask(batch);
        const sent = await sendLater(fd, encoded);
        return sent.ok ? conversation.answers(pending) : sent;
      }, requests),
    dump: (request) => dumpWhole(exchange, request),
    [Symbol.dispose]: () => closeSync(fd),
  };
}

type Answered = Result<readonly Message[], KernelError>;
type Exchange = (requests: readonly Request[]) => Answered;

function changeAll(exchange: Exchange, requests: readonly Request[]): Answered {
  return together(batchesOf(requests).map(exchange));
}

async function changeAllLater(
  exchange: (batch: readonly Request[]) => Promise<Answered>,
  requests: readonly Request[],
): Promise<Answered> {
  const answers: Answered[] = [];
  for (const batch of batchesOf(requests)) answers.push(await exchange(batch));
  return together(answers);
}

function batchesOf(requests: readonly Request[]): readonly (readonly Request[])[] {
  const count = Math.ceil(requests.length / BATCH);
  return Array.from({ length: count }, (_, index) =>
    requests.slice(index * BATCH, (index + 1) * BATCH).map(acknowledged),
  );
}

/** All replies, or the first failure. */
function together(answers: readonly Answered[]): Answered {
  const failed = answers.find((answer) => !answer.ok);
  return failed ?? ok(answers.flatMap((answer) => (answer.ok ? answer.value : [])));
}

const acknowledged = (request: Request): Request => ({
  ...request,
  flags: request.flags | NLM_F_REQUEST | NLM_F_ACK,
});

/** A dump that a change interrupted may lack objects, so it is taken again. */
function dumpWhole(exchange: Exchange, request: Request): Result<readonly Message[], KernelError> {
  for (let attempts = 0; attempts < DUMP_ATTEMPTS; attempts += 1) {
    const flags = request.flags | NLM_F_REQUEST | NLM_F_DUMP;
    const answered = exchange([{ ...request, flags }]);
    if (!answered.ok) return answered;
    if (!answered.value.some((message) => (message.flags & NLM_F_DUMP_INTR) !== 0)) {
      return ok(answered.value.filter(({ type }) => type !== NLMSG_DONE));
    }
  }
  return err({
    errno: "EAGAIN",
    message: `${request.purpose}: changed during each of ${DUMP_ATTEMPTS} dumps`,
  });
}

type Pending = Map<number, Request>;
type Conversation = {
  readonly ask: (requests: readonly Request[]) => {
    readonly pending: Pending;
    readonly encoded: Buffer;
  };
  readonly answers: (pending: Pending) => Result<readonly Message[], KernelError>;
};

function converse(fd: number): Conversation {
  const buffer = Buffer.alloc(1 << 17);
  let sequence = 0;
  return {
    ask: (requests) => {
      const pending = new Map(requests.map((request) => [(sequence += 1), request]));
      const encoded = [...pending].map(([number, request]) => encodeRequest(request, number));
      return { pending, encoded: Buffer.concat(encoded) };
    },
    answers: (pending) => {
      const replies: Message[] = [];
      let failure: KernelError | null = null;
      while (pending.size > 0) {
        const received = receive(fd, buffer);
        if (!received.ok) return received;
        for (const message of decodeMessages(buffer.subarray(0, received.value))) {
          const request = pending.get(message.sequence);
          if (request === undefined) continue;
          if (isEnd(message)) pending.delete(message.sequence);
          failure ??= refusal(message, request.purpose);
          if (message.type !== NLMSG_ERROR) replies.push(message);
        }
      }
      return failure === null ? ok(replies) : err(failure);
    },
  };
}
