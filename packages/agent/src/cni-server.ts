/** The unix socket at which the shim calls: one connection, one request, one answer. */
import { err } from "@seam/base";
import type { Socket } from "node:net";

import {
  type CniAnswer,
  type CniRequest,
  codes,
  encodeAnswer,
  fail,
  frameOf,
  MEMORY_FAULT,
  parseRequest,
  versionOf,
} from "./cni-message.ts";
import { listenPrivately } from "./private-socket.ts";

/** Larger requests are refused; the shim refuses them as well. */
const MAX_FRAME = 16 * 1024 * 1024;

/** Answers a request. */
export type CniHandler = (request: CniRequest) => Promise<CniAnswer>;

/** Answers the shim until disposed of. */
export async function serveCni(socketPath: string, handler: CniHandler): Promise<AsyncDisposable> {
  return listenPrivately(socketPath, (connection) => receive(connection, handler));
}

function receive(connection: Socket, handler: CniHandler): void {
  const chunks: Buffer[] = [];
  let length = 0;
  connection.on("error", () => connection.destroy());
  connection.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_FRAME) return void connection.destroy();
    const frame = frameOf(chunks.length === 1 ? chunk : Buffer.concat(chunks));
    if (frame === null) return;
    connection.pause();
    void answerTo(frame, handler).then((answer) => connection.end(answer));
  });
}

async function answerTo(frame: Buffer, handler: CniHandler): Promise<Buffer> {
  const request = parseRequest(frame);
  return request.ok
    ? encodeAnswer(await guarded(handler, request.value), versionOf(request.value.config))
    : encodeAnswer(err(request.error.error), request.error.version);
}

/** What throws is the store, when records cannot even be read: the runtime may try again. */
async function guarded(handler: CniHandler, request: CniRequest): Promise<CniAnswer> {
  try {
    return await handler(request);
  } catch (error) {
    const details = error instanceof Error ? error.message : String(error);
    return fail(codes.tryAgainLater, MEMORY_FAULT, details);
  }
}
