/** Host endpoints of this node that are in force nowhere, for who operates it: once each time that one comes to be so. */
import { formatAddress } from "@seam/base";
import type { IdleEndpoint, PolicyIntent } from "@seam/intent";

import type { Reports } from "./reports.ts";

/** What is known, and who is told. */
export type IdleEndpointsOptions = {
  readonly intent: Pick<PolicyIntent, "idleEndpoints">;
  readonly reports: Pick<Reports, "node">;
};

/** Nothing was told yet; tells at each call what is new. */
export function createIdleEndpoints({ intent, reports }: IdleEndpointsOptions): () => void {
  let told: ReadonlySet<string> = new Set();
  return () => {
    const messages = new Set(intent.idleEndpoints().map(messageOf));
    for (const message of messages)
      if (!told.has(message))
        reports.node({ severity: "Warning", reason: "HostEndpointNotInForce", message });
    told = messages;
  };
}

function messageOf({ name, interface: link, expectedIPs, behind }: IdleEndpoint): string {
  const what = `HostEndpoint ${name} is in force at no interface of this node`;
  if (behind !== null)
    return `${what}: ${behind} is for the same one, and one that names an interface counts, else the first by name; delete one of the two, or change which interface it is for`;
  const ask = "; see ip address on the node, and correct the endpoint";
  return link === null
    ? `${what}: none has ${expectedIPs.map(formatAddress).join(" or ")}${ask}`
    : `${what}: none is called ${link}${ask}`;
}
