/** The one place that speaks HTTPS: JSON in, JSON or lines of JSON out, failures as values. */
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { err, ok, type Millis, type Result } from "@seam/base";
import { apiError, transportError, type KubeError } from "./error.ts";
import { type ClusterConfig, impersonation, type Person, type Token } from "./kubeconfig.ts";
import { resourceIn } from "./resource-path.ts";
import { endStranded } from "./stranded.ts";
import { tokenSource, type TokenSource } from "./token.ts";

/** One request. */
export type Call = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Media types that are welcome; without it JSON. */
  readonly accept?: string;
  /** How long the connection may be silent; 0: for ever. */
  readonly inactivity: Millis;
  readonly signal?: AbortSignal;
};

/** A pool of connections to one API server. */
export type Transport = {
  /** Sends a request and reads the whole answer. */
  readonly send: (call: Call) => Promise<Result<unknown, KubeError>>;
  /** Sends a request and hands over each line of the answer; ends when the server ends it. */
  readonly lines: (call: Call, onLine: (line: unknown) => void) => Promise<Result<void, KubeError>>;
  /** Sends a request and hands over the answer's bytes as they come; ends when the server ends it. */
  readonly bytes: (call: Call, onBytes: (part: Buffer) => void) => Promise<Result<void, KubeError>>;
  /** The same pool with another token; closed with the transport that it is of. */
  readonly as: (token: Token) => Transport;
  /** The same pool and token, in the name of somebody else. */
  readonly inNameOf: (person: Person) => Transport;
  readonly close: () => void;
};

/** What is told beside answers. */
export type TransportOptions = {
  /** Called with each warning that the server sends with an answer (RFC 9111 section 5.5, code 299). */
  readonly onWarning?: (text: string) => void;
  /** Called with each request, before it is sent: its HTTP method and the plural of what it is about. */
  readonly onRequest?: (method: string, resource: string) => void;
};

/** Opens a pool; connections are made when needed. */
export function openTransport(config: ClusterConfig, options: TransportOptions = {}): Transport {
  const agent = new Agent({ keepAlive: true, ...config.tls });
  const stopChecks = endStranded(agent);
  return {
    ...transportIn({ config, agent, token: tokenSource(config.token) }, options),
    close: () => {
      stopChecks();
      agent.destroy();
    },
  };
}

function transportIn(pool: Pool, options: TransportOptions): Transport {
  const answer = telling(pool, options);
  const streamed = async (call: Call, read: Reader): Promise<Result<void, KubeError>> => {
    try {
      const response = await answer(call);
      if (!isSuccess(response)) {
        return err(apiError(response.statusCode ?? 0, parseJson(await readAll(response))));
      }
      await read(response);
      return response.complete
        ? ok(undefined)
        : err(transportError(new Error("the connection broke")));
    } catch (error) {
      return err(transportError(error));
    }
  };
  return {
    send: async (call) => {
      try {
        const response = await answer(call);
        return result(response, await readAll(response));
      } catch (error) {
        return err(transportError(error));
      }
    },
    lines: (call, onLine) =>
      streamed(call, async (response) => {
        for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
          if (line !== "") onLine(parseJson(line));
        }
      }),
    bytes: (call, onBytes) =>
      streamed(call, async (response) => {
        for await (const part of response) if (Buffer.isBuffer(part)) onBytes(part);
      }),
    as: (token) => transportIn({ ...pool, token: tokenSource(token) }, options),
    inNameOf: (person) => transportIn({ ...pool, config: { ...pool.config, person } }, options),
    close: () => undefined,
  };
}

type Reader = (response: IncomingMessage) => Promise<void>;

type Pool = {
  readonly config: Omit<ClusterConfig, "token">;
  readonly agent: Agent;
  readonly token: TokenSource;
};

/** Asks, and tells what is to be told beside the answer. */
const telling =
  (pool: Pool, { onWarning, onRequest }: TransportOptions) =>
  async (call: Call): Promise<IncomingMessage> => {
    onRequest?.(call.method, resourceIn(call.path));
    const response = await ask(pool, call);
    if (response.statusCode === 401) pool.token.refused();
    for (const text of warningsIn(response.headers["warning"])) onWarning?.(text);
    return response;
  };

async function ask(pool: Pool, call: Call): Promise<IncomingMessage> {
  const token = await pool.token.read();
  const body = call.body === undefined ? null : JSON.stringify(call.body);
  const prefix = pool.config.server.pathname.replace(/\/$/, "");
  const headers = {
    accept: call.accept ?? "application/json",
    ...impersonation(pool.config),
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(body === null
      ? {}
      : {
          "content-type": call.contentType ?? "application/json",
          "content-length": Buffer.byteLength(body),
        }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(prefix + call.path, pool.config.server), {
      agent: pool.agent,
      method: call.method,
      headers,
      timeout: call.inactivity,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    outgoing.on("response", resolve);
    outgoing.on("error", reject);
    outgoing.on("timeout", () =>
      outgoing.destroy(new Error(`nothing heard for ${call.inactivity} ms`)),
    );
    outgoing.end(body ?? undefined);
  });
}

/** The texts in a Warning header: `299 - "text", 299 - "text"`, in which quotes are escaped. */
const warningsIn = (header = ""): readonly string[] =>
  [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/gu)].map(([, text = ""]) =>
    text.replaceAll(/\\(.)/gu, "$1"),
  );

const isSuccess = (response: IncomingMessage): boolean =>
  response.statusCode !== undefined && response.statusCode >= 200 && response.statusCode < 300;

/** The whole body of an answer. */
export async function readAll(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return body;
}

function result(response: IncomingMessage, body: string): Result<unknown, KubeError> {
  const value = parseJson(body);
  return isSuccess(response) ? ok(value) : err(apiError(response.statusCode ?? 0, value));
}

/** JSON, or the text itself when it is none (a proxy's error page). */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}
