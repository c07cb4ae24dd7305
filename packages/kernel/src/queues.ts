/** Queueing disciplines over rtnetlink (include/uapi/linux/rtnetlink.h, tc(8)). */
import { type Ifindex, ifindex, ok, type Result } from "@seam/base";

import type { KernelError } from "./libc.ts";
import { decodeAttributes, textOf } from "./netlink-message.ts";
import type { RouteSocket } from "./route-socket.ts";

const RTM_GETQDISC = 38;
const TCMSG = 20;
const TCA_KIND = 1;

/** Links of the socket's namespace on which packets are queued, shaped or classified, in any direction. */
export function listQueued(socket: RouteSocket): Result<ReadonlySet<Ifindex>, KernelError> {
  const body = Buffer.alloc(TCMSG);
  const purpose = "list queueing disciplines";
  const answer = socket.dump({ type: RTM_GETQDISC, flags: 0, body, purpose });
  if (!answer.ok) return answer;
  const queued = answer.value.flatMap(({ body: found }) =>
    textOf(decodeAttributes(found, TCMSG).get(TCA_KIND)) === "noqueue"
      ? []
      : [ifindex(found.readInt32LE(4))],
  );
  return ok(new Set(queued));
}
