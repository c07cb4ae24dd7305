/**
 * Carries one TCP connection to a port of a pod, through the API server: a WebSocket whose messages begin with a byte that names
 * the channel, 0 for data and 1 for what went wrong; the first message of each holds the port and nothing else (the kubelet's
 * v4.channel.k8s.io). The pod's end is its own loopback.
 */
import type { Socket } from "node:net";
import { err, ok, type Result } from "@seam/base";
import type { WebSocket } from "ws";
import { type KubeError, transportError, usageError } from "./error.ts";
import { bytesOf, openSocket, refused } from "./exec-socket.ts";
import type { ClusterConfig } from "./kubeconfig.ts";

/** A TCP port of a pod. */
type PodPort = { readonly namespace: string; readonly pod: string; readonly port: number };

/** Joins a connection with a pod's port until either end closes; the connection is closed then, whatever became of it. */
export type PortForward = (to: PodPort, connection: Socket) => Promise<Result<void, KubeError>>;

const PROTOCOLS = ["v4.channel.k8s.io"];
const DATA = 0;
const FAILURE = 1;
const PORT_BYTES = 2;
/** The connection is not read on while so much waits to be sent. */
const MOST_WAITING_BYTES = 2 ** 20;

/** `forward` for the cluster that `config` names. */
export function portForwardIn(config: ClusterConfig): PortForward {
  return async (to, connection) => {
    connection.pause();
    try {
      return await join(await openSocket(config, pathOf(to), PROTOCOLS), connection);
    } catch (error) {
      return err(transportError(error));
    } finally {
      connection.destroy();
    }
  };
}

const pathOf = ({ namespace, pod, port }: PodPort): string =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward?ports=${port}`;

function join(socket: WebSocket, connection: Socket): Promise<Result<void, KubeError>> {
  const { promise, resolve } = Promise.withResolvers<Result<void, KubeError>>();
  const end = (result: Result<void, KubeError>): void => {
    resolve(result);
    socket.terminate();
  };
  const hear = listener(
    (data) => {
      if (!connection.write(data)) socket.pause();
    },
    (text) => end(err(usageError("PortForward", text))),
  );
  connection.on("drain", () => socket.resume());
  connection.on("close", () => end(ok(undefined)));
  // Its close follows.
  connection.on("error", () => undefined);
  connection.on("data", (part) => send(socket, connection, part));
  socket.on("open", () => connection.resume());
  socket.on("message", (message) => hear(bytesOf(message)));
  socket.on(
    "unexpected-response",
    (_, response) => void refused(response).then((e) => end(err(e))),
  );
  socket.on("error", (error) => end(err(transportError(error))));
  socket.on("close", () => connection.end(() => end(ok(undefined))));
  return promise;
}

/** Takes messages apart; the first of each channel has the port alone. */
export function listener(
  onData: (data: Buffer) => void,
  onFailure: (text: string) => void,
): (message: Buffer) => void {
  const begun = new Set<number>();
  return (message) => {
    const channel = message[0] ?? FAILURE;
    const payload = message.subarray(begun.has(channel) ? 1 : 1 + PORT_BYTES);
    begun.add(channel);
    if (payload.length === 0) return;
    if (channel === DATA) onData(payload);
    else onFailure(payload.toString("utf8"));
  };
}

function send(socket: WebSocket, connection: Socket, part: Buffer): void {
  if (socket.bufferedAmount > MOST_WAITING_BYTES) connection.pause();
  socket.send(Buffer.concat([Buffer.of(DATA), part]), () => {
    if (socket.bufferedAmount <= MOST_WAITING_BYTES) connection.resume();
  });
}
