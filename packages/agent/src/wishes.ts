/** What the runtime asks for beyond an interface: `runtimeConfig` of the CNI conventions (ips, mac, portMappings). */
import { type Address, err, ok, parseAddress, type Result } from "@seam/base";
import type { HostPort } from "@seam/intent";

import { type CniError, codes, isJson, type Json, listAt } from "./cni-message.ts";
import { hostPortsOf } from "./port-mappings.ts";

/** All wishes of one ADD. */
export type Wishes = {
  readonly addresses: readonly Address[];
  readonly mac?: string;
  readonly hostPorts: readonly HostPort[];
};

/** Reads the wishes; a wish that cannot be read is an error, never ignored. */
export function wishesOf(config: Json): Result<Wishes, CniError> {
  const hostPorts = hostPortsOf(config);
  if (!hostPorts.ok) return hostPorts;
  const runtime = config["runtimeConfig"];
  const addresses: Address[] = [];
  for (const [index, wish] of listAt(runtime, "ips").entries()) {
    const parsed = parseAddress(String(wish).replace(/\/\d+$/, ""));
    if (!parsed.ok) return refuse(`ips[${index}]`, parsed.error);
    addresses.push(parsed.value);
  }
  const mac = isJson(runtime) ? runtime["mac"] : undefined;
  if (mac === undefined || mac === "") return ok({ addresses, hostPorts: hostPorts.value });
  // The lowest bit of the first byte marks a group address (IEEE 802).
  if (typeof mac !== "string" || !/^[\da-f][02468ace](:[\da-f]{2}){5}$/i.test(mac)) {
    return refuse(
      "mac",
      `expected a unicast MAC address such as 02:00:00:00:00:01; found ${JSON.stringify(mac)}`,
    );
  }
  return ok({ addresses, mac: mac.toLowerCase(), hostPorts: hostPorts.value });
}

const refuse = (field: string, details: string): Result<never, CniError> =>
  err({ code: codes.invalidConfig, msg: `runtimeConfig.${field} cannot be used`, details });
