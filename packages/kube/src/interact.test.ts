/** A conversation with a command: its messages, and all of it against a socket that plays the API server's part. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { bytesOf } from "./exec-socket.ts";
import { type Conversation, hear, interactIn, interactPath } from "./interact.ts";
import { logPath } from "./logs.ts";

const pod = { namespace: "a", pod: "p-0" };

/** What a command printed, part by part. */
function listener(): Pick<Conversation, "onOutput" | "onErrors"> & { readonly said: string[] } {
  const said: string[] = [];
  return {
    said,
    onOutput: (part) => said.push(`out ${part.toString("utf8")}`),
    onErrors: (part) => said.push(`err ${part.toString("utf8")}`),
  };
}

async function* from<T>(...parts: readonly T[]): AsyncGenerator<T, void> {
  yield* parts;
}

test("a terminal has one output; without one the errors are apart; each word is a parameter", () => {
  expect(interactPath({ ...pod, container: "c" }, ["sh", "-c", "a & b"], { shapes: from() })).toBe(
    "/api/v1/namespaces/a/pods/p-0/exec?stdout=true&tty=true&container=c&command=sh&command=-c&command=a+%26+b",
  );
  expect(interactPath(pod, ["cat"], { input: from() })).toBe(
    "/api/v1/namespaces/a/pods/p-0/exec?stdout=true&stderr=true&stdin=true&command=cat",
  );
});

test("the path of a log has what was asked for and nothing else", () => {
  const query = { follow: true, tailLines: 5, signal: new AbortController().signal };
  expect(logPath({ ...pod, container: "c" }, query)).toBe(
    "/api/v1/namespaces/a/pods/p-0/log?container=c&follow=true&tailLines=5",
  );
});

test("output, errors and status are told apart; other channels are passed over", () => {
  const heard = listener();
  const message = (channel: number, text: string): Buffer =>
    Buffer.concat([Buffer.of(channel), Buffer.from(text)]);
  expect(hear(message(1, "x"), heard)).toBeNull();
  expect(hear(message(2, "y"), heard)).toBeNull();
  expect(hear(message(9, "z"), heard)).toBeNull();
  expect(hear(message(3, "{}"), heard)).toBe("{}");
  expect(heard.said).toEqual(["out x", "err y"]);
});

const folder = mkdtempSync(join(tmpdir(), "seam-interact-"));
const [keyFile, certFile] = [join(folder, "key"), join(folder, "cert")];
let server: Server;
let serve: (socket: WebSocket) => void;

beforeAll(async () => {
  const flags = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", keyFile];
  execFileSync("openssl", ["req", "-x509", ...flags, "-out", certFile], { stdio: "ignore" });
  server = createServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) });
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: ([first]) => first ?? "",
  });
  server.on("upgrade", (request, socket, head) => {
    if (request.url?.includes("command=forbidden") === true)
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n{"message":"not you"}');
    else sockets.handleUpgrade(request, socket, head, (each) => serve(each));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function interact(
  command: string,
  conversation: Conversation,
): ReturnType<ReturnType<typeof interactIn>> {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return interactIn({
    server: new URL(`https://127.0.0.1:${port}`),
    tls: { rejectUnauthorized: false },
    token: { kind: "none" },
    namespace: "default",
  })(pod, [command], conversation);
}

/** Plays a command that repeats its input and ends with 7 when the input ends. */
function echo(socket: WebSocket): void {
  socket.on("message", (data) => {
    const message = bytesOf(data);
    if (message[0] === 0) socket.send(Buffer.concat([Buffer.of(1), message.subarray(1)]));
    if (message[0] === 4) socket.send(Buffer.concat([Buffer.of(2), message.subarray(1)]));
    if (message[0] !== 255) return;
    const causes = [{ reason: "ExitCode", message: "7" }];
    const status = { status: "Failure", reason: "NonZeroExitCode", details: { causes } };
    socket.send(`\u0003${JSON.stringify(status)}`);
  });
}

test("input and shapes reach the command, its output comes back, the end of input is told", async () => {
  serve = echo;
  const heard = listener();
  const input = from(Buffer.from("a"), Buffer.from("b"));
  const shapes = from({ columns: 80, rows: 24 });
  expect(await interact("cat", { ...heard, input, shapes })).toEqual({ ok: true, value: 7 });
  expect(heard.said.toSorted()).toEqual(['err {"Width":80,"Height":24}', "out a", "out b"]);
});

test("a connection that breaks before the end is an error", async () => {
  serve = (socket) => socket.close();
  expect(await interact("cat", listener())).toMatchObject({
    ok: false,
    error: { kind: "transport", message: "the connection closed before the command ended" },
  });
});

test("a server that refuses is heard", async () => {
  expect(await interact("forbidden", listener())).toMatchObject({
    ok: false,
    error: { kind: "api", code: 403, message: "not you" },
  });
});
