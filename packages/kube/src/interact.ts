/**
 * Runs a command in a container while a person or a program talks to it: what it prints comes at once, standard input goes to
 * it, and with a terminal also the terminal's size. The WebSocket protocol is that of `exec`; channel 0 carries standard input,
 * 4 sizes, and 255 says that a channel ends.
 */
import { err, type Result } from "@seam/base";
import type { WebSocket } from "ws";
import { transportError, type KubeError } from "./error.ts";
import { type ContainerRef } from "./exec.ts";
import { bytesOf, exitCodeOf, openSocket, refused } from "./exec-socket.ts";
import type { ClusterConfig } from "./kubeconfig.ts";

/** Columns and rows of a terminal. */
export type TerminalShape = { readonly columns: number; readonly rows: number };

/** Both ends of the conversation. */
export type Conversation = {
  readonly onOutput: (part: Buffer) => void;
  /** Never called with a terminal, which has one output. */
  readonly onErrors: (part: Buffer) => void;
  /** Standard input; without it the command has none. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Makes the command's standard streams a terminal; each shape that comes is told to it. */
  readonly shapes?: AsyncIterable<TerminalShape>;
};

/** Runs a command to its end; the value is its exit code. */
export type Interact = (
  ref: ContainerRef,
  command: readonly string[],
  conversation: Conversation,
) => Promise<Result<number, KubeError>>;

// Only version 5 can tell the command that its standard input has ended.
const PROTOCOLS = ["v5.channel.k8s.io"];
const CHANNEL = { input: 0, output: 1, errors: 2, status: 3, shape: 4, close: 255 } as const;

/** `interact` for the cluster that `config` names. */
export function interactIn(config: ClusterConfig): Interact {
  return async (ref, command, conversation) => {
    try {
      const path = interactPath(ref, command, conversation);
      return await converse(await openSocket(config, path, PROTOCOLS), conversation);
    } catch (error) {
      return err(transportError(error));
    }
  };
}

/** The path and query that ask for a command that is talked to. */
export function interactPath(
  ref: ContainerRef,
  command: readonly string[],
  { input, shapes }: Pick<Conversation, "input" | "shapes">,
): string {
  const query = new URLSearchParams({ stdout: "true" });
  query.set(shapes === undefined ? "stderr" : "tty", "true");
  if (input !== undefined) query.set("stdin", "true");
  if (ref.container !== undefined) query.set("container", ref.container);
  for (const word of command) query.append("command", word);
  const pod = `${encodeURIComponent(ref.namespace)}/pods/${encodeURIComponent(ref.pod)}`;
  return `/api/v1/namespaces/${pod}/exec?${query.toString()}`;
}

function converse(
  socket: WebSocket,
  conversation: Conversation,
): Promise<Result<number, KubeError>> {
  const { promise, resolve } = Promise.withResolvers<Result<number, KubeError>>();
  const giveUp = (error: KubeError): void => {
    resolve(err(error));
    socket.terminate();
  };
  socket.on("open", () => {
    void sendInput(socket, conversation.input).catch((error: unknown) =>
      giveUp(transportError(error)),
    );
    void sendShapes(socket, conversation.shapes);
  });
  socket.on("message", (data) => {
    const status = hear(bytesOf(data), conversation);
    if (status === null) return;
    resolve(exitCodeOf(status));
    socket.close();
  });
  socket.on("unexpected-response", (_, response) => void refused(response).then(giveUp));
  socket.on("error", (error) => giveUp(transportError(error)));
  socket.on("close", () => giveUp(transportError(new Error(CLOSED))));
  return promise;
}

const CLOSED = "the connection closed before the command ended";

/** Hands one message on; the answer is the final status, if that is what it was. */
export function hear(
  message: Buffer,
  { onOutput, onErrors }: Pick<Conversation, "onOutput" | "onErrors">,
): string | null {
  const payload = message.subarray(1);
  switch (message[0] ?? 0) {
    case CHANNEL.output:
      onOutput(payload);
      return null;
    case CHANNEL.errors:
      onErrors(payload);
      return null;
    case CHANNEL.status:
      return payload.toString("utf8");
    default:
      return null;
  }
}

const framed = (channel: number, payload: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(channel), payload]);

async function sendInput(socket: WebSocket, input: Conversation["input"]): Promise<void> {
  if (input === undefined) return;
  for await (const part of input) await sent(socket, framed(CHANNEL.input, part));
  await sent(socket, Buffer.of(CHANNEL.close, CHANNEL.input));
}

/** Sends one message and waits until it is on its way, so that input is not read faster than it leaves. */
function sent(socket: WebSocket, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) {
      resolve();
      return;
    }
    socket.send(message, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}

async function sendShapes(socket: WebSocket, shapes: Conversation["shapes"]): Promise<void> {
  if (shapes === undefined) return;
  for await (const { columns, rows } of shapes) {
    const size = JSON.stringify({ Width: columns, Height: rows });
    if (socket.readyState === socket.OPEN) socket.send(framed(CHANNEL.shape, Buffer.from(size)));
  }
}
