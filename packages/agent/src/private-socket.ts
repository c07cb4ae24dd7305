/** A unix socket that only root of the node may open: its mode is 0600 (architecture section 6). */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import path from "node:path";

/** Listens until disposed of; what an earlier agent left at the path is replaced. */
export async function listenPrivately(
  socketPath: string,
  onConnection: (connection: Socket) => void,
): Promise<AsyncDisposable> {
  mkdirSync(path.dirname(socketPath), { recursive: true, mode: 0o755 });
  rmSync(socketPath, { force: true });
  const server = createServer(onConnection);
  server.listen(socketPath);
  await once(server, "listening");
  chmodSync(socketPath, 0o600);
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}
