/** Which links have queues, whoever made them. */
import { type Ifindex, ok, type Result } from "@seam/base";

import type { KernelError } from "./libc.ts";
import type { RouteSocket } from "./route-socket.ts";
import { listQdiscs } from "./traffic-control.ts";

/** Links of the socket's namespace on which packets are queued, shaped or classified, in any direction. */
export function listQueued(socket: RouteSocket): Result<ReadonlySet<Ifindex>, KernelError> {
  const found = listQdiscs(socket);
  if (!found.ok) return found;
  const queued = found.value.filter(({ kind }) => kind !== "noqueue");
  return ok(new Set(queued.map(({ index }) => index)));
}
