/** Starts the process behind 127.0.0.1:PORT -> API server; see `api-forward.ts` for why it needs no bridge into the host. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { firstNode, type LabLayout } from "./layout.ts";
import { readText, recordedProcess, recordProcess } from "./processes.ts";

/** Port of a lab's API server on the host's loopback, once it has one. */
export function forwarderPort(state: string): number | undefined {
  const port = Number(readText(`${state}/port`));
  return port > 0 ? port : undefined;
}

/** Makes sure the forwarder runs; keeps the port of an earlier run. */
export async function ensureForwarder(lab: LabLayout): Promise<number> {
  const known = forwarderPort(lab.state);
  if (known !== undefined && recordedProcess(lab.run, "forwarder") !== undefined) return known;
  const server = createServer();
  server.listen(known ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP listener has a port");
  const log = openSync(`${lab.log}/forwarder.log`, "a");
  const child = fork(fileURLToPath(new URL("api-forward.ts", import.meta.url)), {
    execPath: "nsenter",
    execArgv: [`--net=/run/netns/${firstNode(lab).netns}`, "--", process.execPath],
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  const started = once(child, "message");
  child.send("listen", server);
  await started;
  server.close();
  if (child.pid !== undefined) recordProcess(lab.run, "forwarder", child.pid);
  child.unref();
  writeFileSync(`${lab.state}/port`, `${address.port}\n`);
  return address.port;
}
