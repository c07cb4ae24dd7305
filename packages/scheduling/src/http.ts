/** The extender over HTTP, or HTTPS with a certificate that is followed when it is replaced; callers then need one of a given authority. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";

import { err, millis, ok, type Result } from "@seam/base";

import type { Extender } from "./extender.ts";
import type { Meter, Verb } from "./meter.ts";
import { readBindQuestion, readNodesQuestion, readPreemptQuestion } from "./protocol.ts";

/** PEM files. */
export type TlsFiles = {
  readonly cert: string;
  readonly key: string;
  /** Authority of callers' certificates; null: any caller, when something else keeps others out. */
  readonly clientCa: string | null;
};

/** How to listen and whom to ask. */
export type ServeOptions = {
  readonly port: number;
  /** Null: plain HTTP, on loopback alone. */
  readonly tls: TlsFiles | null;
  readonly meter: Meter;
  /** The extender, or why this process does not answer now. */
  readonly extender: () => Result<Extender, string>;
  /** Files that cannot be used; those before stay in use. */
  readonly onRefused: (message: string) => void;
};

/** A listening server. */
export type Serving = AsyncDisposable & { readonly port: number };

/** Names of 5,000 nodes are 200 kB; a pod is 1.5 MiB at most, as etcd takes no more. */
const LARGEST_BODY = 8 * 1024 * 1024;
const LOOK_AT_FILES = millis(10_000);

/** Listens; an error says which file or port cannot be used. */
export async function serveExtender(options: ServeOptions): Promise<Result<Serving, string>> {
  const opened = open(options);
  if (!opened.ok) return opened;
  const { server, close } = opened.value;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void answer(options, request, response);
  });
  // kube-scheduler keeps its connections and asks one question after the other.
  server.keepAliveTimeout = 120_000;
  try {
    server.listen(options.port, ...(options.tls === null ? ["127.0.0.1"] : []));
    await once(server, "listening");
  } catch (error) {
    close();
    return err(`cannot listen on port ${options.port}: ${messageOf(error)}`);
  }
  const address = server.address();
  return ok({
    port: typeof address === "object" && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}

type Opened = { readonly server: Server; readonly close: () => void };

function open({ tls, onRefused }: ServeOptions): Result<Opened, string> {
  if (tls === null) return ok({ server: createServer(), close: () => undefined });
  const first = readTls(tls);
  if (!first.ok) return first;
  try {
    const asksCallers = tls.clientCa !== null;
    const server = createSecureServer({
      ...first.value,
      requestCert: asksCallers,
      rejectUnauthorized: asksCallers,
    });
    const state = { last: first.value };
    const look = (): void => {
      const read = readTls(tls);
      if (!read.ok) return onRefused(read.error);
      if (JSON.stringify(read.value) === JSON.stringify(state.last)) return;
      try {
        server.setSecureContext(read.value);
        state.last = read.value;
      } catch (error) {
        onRefused(`cannot use certificate ${tls.cert} with key ${tls.key}: ${messageOf(error)}`);
      }
    };
    const timer = setInterval(look, LOOK_AT_FILES).unref();
    return ok({ server, close: () => clearInterval(timer) });
  } catch (error) {
    return err(`cannot use certificate ${tls.cert} with key ${tls.key}: ${messageOf(error)}`);
  }
}

type Pem = { readonly cert: string; readonly key: string; readonly ca?: string };

function readTls({ cert, key, clientCa }: TlsFiles): Result<Pem, string> {
  try {
    const read = (path: string): string => readFileSync(path, "utf8");
    const ca = clientCa === null ? {} : { ca: read(clientCa) };
    return ok({ cert: read(cert), key: read(key), ...ca });
  } catch (error) {
    return err(`cannot read a certificate: ${messageOf(error)}`);
  }
}

const VERBS = ["filter", "prioritize", "preempt", "bind"] as const satisfies readonly Verb[];

async function answer(
  options: ServeOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const verb = VERBS.find((each) => request.url === `/${each}`);
  if (verb === undefined || request.method !== "POST") {
    return end(response, 404, {
      Error: `expected POST of ${VERBS.map((each) => `/${each}`).join(", ")}`,
    });
  }
  const stop = options.meter.start(verb);
  try {
    const body = await readBody(request);
    const said = body.ok ? await ask(options, verb, body.value) : body;
    stop(said.ok ? "answered" : "refused");
    // kube-scheduler reads errors of filter and bind in the body, those of the others from the status.
    if (said.ok) return end(response, 200, said.value);
    const isInBody = verb === "filter" || verb === "bind";
    return end(response, isInBody ? 200 : 503, { Error: said.error });
  } catch (error) {
    stop("refused");
    return end(response, 500, { Error: `bug in Seam: ${messageOf(error)}` });
  }
}

async function ask(
  { extender }: ServeOptions,
  verb: Verb,
  body: unknown,
): Promise<Result<unknown, string>> {
  const answering = extender();
  if (!answering.ok) return answering;
  const { filter, prioritize, preempt, bind } = answering.value;
  switch (verb) {
    case "filter":
      return then(readNodesQuestion(body), filter);
    case "prioritize":
      return then(readNodesQuestion(body), prioritize);
    case "preempt":
      return then(readPreemptQuestion(body), preempt);
    case "bind":
      return then(readBindQuestion(body), bind);
  }
}

async function then<Q, A>(
  question: Result<Q, string>,
  put: (question: Q) => A | Promise<A>,
): Promise<Result<A, string>> {
  return question.ok ? ok(await put(question.value)) : question;
}

async function readBody(request: IncomingMessage): Promise<Result<unknown, string>> {
  const { promise, resolve, reject } = Promise.withResolvers<Result<string, string>>();
  const parts: Buffer[] = [];
  let length = 0;
  request.on("data", (part: Buffer) => {
    length += part.length;
    if (length > LARGEST_BODY) resolve(err(`expected a body of at most ${LARGEST_BODY} bytes`));
    else parts.push(part);
  });
  request.on("end", () => resolve(ok(Buffer.concat(parts).toString("utf8"))));
  request.on("error", reject);
  const text = await promise;
  if (!text.ok) return text;
  try {
    return ok(JSON.parse(text.value));
  } catch (error) {
    return err(`expected JSON: ${messageOf(error)}`);
  }
}

function end(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
