/** HTTPS for the API server's questions. */
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";

import type { Identity } from "./certificate.ts";
import { type Answer, readReview, type Review, writeAnswer } from "./review.ts";

/** An object is at most 1.5 MiB in etcd; a question has two. */
const MOST_BYTES = 8 * 2 ** 20;

/** What is asked at which path. */
export type Questions = { readonly [path: string]: (review: Review) => Answer };

/** A running server. */
export type AdmissionServer = AsyncDisposable & {
  readonly port: number;
  /** New connections see this certificate. */
  readonly present: (identity: Identity) => void;
};

/** Starts the server; throws when the port cannot be opened. */
export async function serveAdmission(
  port: number,
  identity: Identity,
  questions: Questions,
): Promise<AdmissionServer> {
  const { cert, key } = identity;
  const server = createServer({ cert, key, minVersion: "TLSv1.2" }, (request, response) => {
    void answer(request, response, questions);
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5000;
  server.listen(port);
  await once(server, "listening");
  return {
    port: portOf(server),
    present: (next) => server.setSecureContext({ cert: next.cert, key: next.key }),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeIdleConnections();
      await once(server, "close");
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  questions: Questions,
): Promise<void> {
  const question = questions[(request.url ?? "/").replace(/\?.*$/, "")];
  if (request.method !== "POST" || question === undefined) {
    return end(response, 404, `expected POST ${Object.keys(questions).join(" or ")}`);
  }
  const text = await bodyOf(request);
  if (text === null) return end(response, 413, `expected at most ${MOST_BYTES} bytes`);
  const review = readReview(text);
  if (!review.ok) return end(response, 400, review.error);
  response.setHeader("content-type", "application/json");
  return end(response, 200, writeAnswer(review.value.uid, question(review.value)));
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request) {
      const bytes = Buffer.isBuffer(part) ? part : Buffer.from(String(part));
      size += bytes.length;
      if (size > MOST_BYTES) return null;
      parts.push(bytes);
    }
  } catch {
    return null;
  }
  return Buffer.concat(parts).toString("utf8");
}

function end(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.end(text);
}
