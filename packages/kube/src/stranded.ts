/**
 * Connections whose own address left this machine. The kernel keeps them open and tells nobody: what they send is not routed and
 * what they are sent does not arrive, so a watch would be silent until its long patience ends. A node that changes its address must
 * hear of that from the API server at once.
 */
import type { Agent } from "node:https";
import type { Socket } from "node:net";
import { networkInterfaces } from "node:os";

const CHECK_MS = 1000;

/** Ends stranded connections of a pool as soon as a check finds them; the answer stops the checks. */
export function endStranded(agent: Agent): () => void {
  const timer = setInterval(() => {
    const sockets = [agent.sockets, agent.freeSockets].flatMap((pool) =>
      Object.values(pool).flatMap((each) => each ?? []),
    );
    if (sockets.length > 0) endThose(sockets);
  }, CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function endThose(sockets: readonly Socket[]): void {
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const addresses = new Set(own.map(({ address }) => address));
  for (const socket of sockets) {
    const { localAddress } = socket;
    if (localAddress !== undefined && isStranded(localAddress, addresses)) {
      socket.destroy(new Error(`the address ${localAddress} of the connection left this machine`));
    }
  }
}

/** Whether a connection's address is none of the machine's; loopback addresses always are. */
export function isStranded(localAddress: string, own: ReadonlySet<string>): boolean {
  const plain = localAddress.replace(/^::ffff:(?=[\d.]+$)/, "").replace(/%.*$/, "");
  return !plain.startsWith("127.") && plain !== "::1" && !own.has(plain);
}
