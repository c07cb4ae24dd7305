/**
 * The lab's door: runs inside node n1's network namespace and copies every connection to the API server there. The listening socket
 * comes from the parent over IPC; a socket stays in the namespace it was made in, so it still accepts on the host's loopback.
 */
import { connect, Server } from "node:net";

process.on("message", (_message: unknown, handle: unknown) => {
  if (!(handle instanceof Server)) return;
  handle.on("connection", (inbound) => {
    const outbound = connect({ host: "127.0.0.1", port: 6443 });
    inbound.setNoDelay(true);
    outbound.setNoDelay(true);
    inbound.on("error", () => outbound.destroy());
    outbound.on("error", () => inbound.destroy());
    inbound.pipe(outbound).pipe(inbound);
  });
  process.send?.("listening");
  process.disconnect();
});
