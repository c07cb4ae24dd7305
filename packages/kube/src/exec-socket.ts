/** The WebSocket of a command in a container: how it is opened, refused, and what its messages are. */
import type { IncomingMessage } from "node:http";
import { err, millis, ok, type Result } from "@seam/base";
import { type RawData, WebSocket } from "ws";
import { apiError, transportError, type KubeError } from "./error.ts";
import { type ClusterConfig, impersonation } from "./kubeconfig.ts";
import { child, children, isJson, textAt } from "./object.ts";
import { readToken } from "./token.ts";
import { parseJson, readAll } from "./transport.ts";

const PATIENCE = millis(60_000);

/** Opens the socket; what comes on it, a refusal included, is told by its events. */
export async function openSocket(
  config: ClusterConfig,
  path: string,
  protocols: readonly string[],
): Promise<WebSocket> {
  const token = await readToken(config.token);
  const prefix = config.server.pathname.replace(/\/$/, "");
  const url = new URL(prefix + path, config.server);
  url.protocol = "wss:";
  return new WebSocket(url, [...protocols], {
    ...config.tls,
    headers: {
      ...impersonation(config),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    perMessageDeflate: false,
    handshakeTimeout: PATIENCE,
  });
}

/** Why the server did not want the socket. */
export async function refused(response: IncomingMessage): Promise<KubeError> {
  try {
    return apiError(response.statusCode ?? 0, parseJson(await readAll(response)));
  } catch (error) {
    return transportError(error);
  }
}

/** One message as bytes. */
export function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

/** The exit code in the final status; an error when the command did not run. */
export function exitCodeOf(text: string): Result<number, KubeError> {
  const status = parseJson(text);
  if (!isJson(status)) return err(apiError(500, status));
  if (status["status"] === "Success") return ok(0);
  const cause = children(child(status, "details"), "causes").find(
    (each) => each["reason"] === "ExitCode",
  );
  const code = Number(cause === undefined ? "none" : textAt(cause, "message"));
  return Number.isInteger(code) ? ok(code) : err(apiError(500, status));
}
