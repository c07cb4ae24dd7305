/**
 * Runs a command in a container through the API server: a WebSocket whose messages begin with a byte that names the
 * channel (1 output, 2 errors, 3 the final status as JSON). The same TLS and token as all other requests.
 */
import { err, millis, ok, type Millis, type Result } from "@seam/base";
import type { WebSocket } from "ws";
import { transportError, usageError, type KubeError } from "./error.ts";
import { bytesOf, exitCodeOf, openSocket, refused } from "./exec-socket.ts";
import type { ClusterConfig } from "./kubeconfig.ts";

/** A container of a pod; without a name the pod's first or default one. */
export type ContainerRef = {
  readonly namespace: string;
  readonly pod: string;
  readonly container?: string;
};

/** How long the command may take, a way to end it early, and whether its standard input stays open until then. */
export type ExecOptions = {
  readonly timeout?: Millis;
  readonly signal?: AbortSignal;
  readonly openStdin?: boolean;
};

/** What a command left behind. */
export type Executed = {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs a command to its end; a command that fails is an `Executed` with its exit code, not an error. */
export type Exec = (
  ref: ContainerRef,
  command: readonly string[],
  options?: ExecOptions,
) => Promise<Result<Executed, KubeError>>;

// The older protocol cannot close standard input, which nothing is written to here.
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const PATIENCE = millis(60_000);

/** `exec` for the cluster that `config` names. */
export function execIn(config: ClusterConfig): Exec {
  return async (ref, command, options = {}) => {
    try {
      const socket = await openSocket(config, execPath(ref, command, options), PROTOCOLS);
      return await converse(socket, options);
    } catch (error) {
      return err(transportError(error));
    }
  };
}

/** The path and query that ask for a command to be run. */
export function execPath(
  ref: ContainerRef,
  command: readonly string[],
  options: ExecOptions,
): string {
  const query = new URLSearchParams({ stdout: "true", stderr: "true" });
  if (options.openStdin === true) query.set("stdin", "true");
  if (ref.container !== undefined) query.set("container", ref.container);
  for (const word of command) query.append("command", word);
  const pod = `${encodeURIComponent(ref.namespace)}/pods/${encodeURIComponent(ref.pod)}`;
  return `/api/v1/namespaces/${pod}/exec?${query.toString()}`;
}

/** Listens until the status came and the socket closed, or something went wrong. */
function converse(socket: WebSocket, options: ExecOptions): Promise<Result<Executed, KubeError>> {
  const { promise, resolve } = Promise.withResolvers<Result<Executed, KubeError>>();
  const limit = options.timeout ?? PATIENCE;
  const heard: Heard = { stdout: [], stderr: [], status: null };
  const giveUp = (error: KubeError): void => {
    resolve(err(error));
    socket.terminate();
  };
  const onAbort = (): void => giveUp(usageError("Aborted", "the command was ended by its caller"));
  const timer = setTimeout(
    () => giveUp(usageError("Timeout", `the command did not end within ${limit} ms`)),
    limit,
  );
  socket.on("message", (data) => {
    take(heard, bytesOf(data));
    if (heard.status !== null) socket.close();
  });
  socket.on("unexpected-response", (_, response) => void refused(response).then(giveUp));
  socket.on("error", (error) => giveUp(transportError(error)));
  socket.on("close", () => {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    resolve(outcome(heard));
  });
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted === true) onAbort();
  return promise;
}

/** What came on each channel; the status is null until it came. */
export type Heard = { readonly stdout: Buffer[]; readonly stderr: Buffer[]; status: string | null };

/** Takes in one message; a channel that this side does not read is passed over. */
export function take(heard: Heard, message: Buffer): void {
  const payload = message.subarray(1);
  switch (message[0] ?? 0) {
    case 1:
      heard.stdout.push(payload);
      break;
    case 2:
      heard.stderr.push(payload);
      break;
    case 3:
      heard.status = payload.toString("utf8");
      break;
    default:
  }
}

/** The result of all that was heard when the socket closed. */
export function outcome(heard: Heard): Result<Executed, KubeError> {
  if (heard.status === null) {
    return err(transportError(new Error("the connection closed before the command ended")));
  }
  const code = exitCodeOf(heard.status);
  if (!code.ok) return code;
  // Joined before decoding: a character may be split over two messages.
  const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString("utf8");
  return ok({ exitCode: code.value, stdout: text(heard.stdout), stderr: text(heard.stderr) });
}
