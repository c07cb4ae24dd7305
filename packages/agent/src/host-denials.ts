/** Packets that were denied or are to be shown at the node's own interfaces, as lines of the log: as many as anybody reads. */
import { type Address, formatAddress, type Ifindex } from "@seam/base";
import type { Log } from "@seam/daemon";
import type { PolicyIntent } from "@seam/intent";
import type { DeniedHostPacket } from "@seam/kernel";

import { createPace, LINES } from "./denials.ts";

/** Who is told, and what is known. */
export type HostDenialsOptions = {
  readonly log: Pick<Log, "info">;
  readonly intent: Pick<PolicyIntent, "policiesAt">;
  /** The pod that has an address, as namespace/name. */
  readonly podAt: (address: Address) => string | null;
  readonly interfaceNamed: (index: Ifindex) => string | null;
};

/** Takes denied packets, at a time in milliseconds of a clock that nobody sets. */
export type HostDenials = (packets: readonly DeniedHostPacket[], now: number) => void;

const MOST_NAMES = 5;

/** Nothing was denied yet. */
export function createHostDenials(options: HostDenialsOptions): HostDenials {
  const mayLog = createPace(LINES);
  let unlogged = 0;
  return (packets, now) => {
    for (const packet of packets) {
      if (!mayLog(now)) {
        unlogged += 1;
        continue;
      }
      const more = unlogged === 0 ? {} : { unlogged };
      unlogged = 0;
      const words = packet.isDenied ? DENIED : LOGGED;
      options.log.info({ ...describe(packet, options), ...more }, words);
    }
  };
}

const DENIED = "policy denied a connection at an interface of the node";
/** Whether it passes is what later rules say. */
const LOGGED = "a rule of a policy logs a connection at an interface of the node";

function describe(
  { client, server, port, protocol, family, point, interface: index }: DeniedHostPacket,
  { intent, podAt, interfaceNamed }: HostDenialsOptions,
): object {
  const name = index === null ? null : interfaceNamed(index);
  const policies = (name === null ? null : intent.policiesAt(name, point)) ?? [];
  const more = policies.length - MOST_NAMES;
  return {
    from: podAt(client) ?? formatAddress(client),
    to: podAt(server) ?? formatAddress(server),
    port: port === null ? protocol : `${port}/${protocol}`,
    family,
    interface: name,
    point,
    // None: no policy is about this, and the endpoint has no profile that lets it pass.
    policies: policies.slice(0, MOST_NAMES),
    ...(more > 0 ? { morePolicies: more } : {}),
  };
}
