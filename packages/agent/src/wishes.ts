/** What is asked for beyond an interface: `runtimeConfig` of the CNI conventions (ips, mac, portMappings), and what cannot be. */
import { type Address, err, ok, parseAddress, type Result } from "@seam/base";
import type { HostPort } from "@seam/intent";
import { isJson, type Json } from "@seam/kube";

import { type CniError, codes } from "./cni-message.ts";
import { listAt } from "./json.ts";
import { hostPortsOf } from "./port-mappings.ts";

/** All wishes of one ADD. */
export type Wishes = {
  readonly addresses: readonly Address[];
  readonly mac?: string;
  readonly hostPorts: readonly HostPort[];
};

/** Well-known fields (section 1) that Seam cannot respect, and what to do about each. */
const unsupported = new Map([
  ["ipam", "remove it: Seam gives the addresses itself, from the node's pod prefixes"],
  ["ipMasq", "remove it: NetworkConfig spec.masqueradeExceptions says what is not masqueraded"],
]);

/** Reads the wishes; a wish that cannot be read is an error, never ignored. */
export function wishesOf(config: Json): Result<Wishes, CniError> {
  const fault = configFault(config);
  if (fault !== null) return err(fault);
  const hostPorts = hostPortsOf(config);
  if (!hostPorts.ok) return hostPorts;
  const runtime = config["runtimeConfig"];
  const addresses = addressesOf(runtime);
  if (!addresses.ok) return addresses;
  const wishes = { addresses: addresses.value, hostPorts: hostPorts.value };
  const mac = isJson(runtime) ? runtime["mac"] : undefined;
  if (mac === undefined || mac === "") return ok(wishes);
  // The lowest bit of the first byte marks a group address (IEEE 802).
  if (typeof mac !== "string" || !/^[\da-f][02468ace](:[\da-f]{2}){5}$/i.test(mac)) {
    return refuse(
      "mac",
      `expected a unicast MAC address such as 02:00:00:00:00:01; found ${JSON.stringify(mac)}`,
    );
  }
  return ok({ ...wishes, mac: mac.toLowerCase() });
}

function configFault(config: Json): CniError | null {
  for (const [field, details] of unsupported) {
    if (config[field] === undefined) continue;
    const msg = `the network configuration has ${field}: ${JSON.stringify(config[field])}`;
    return { code: codes.unsupportedField, msg, details };
  }
  const previous = config["prevResult"];
  if (previous === undefined || isJson(previous)) return null;
  const details = "expected a JSON object: the result of the plug-in before";
  return { code: codes.invalidConfig, msg: "prevResult cannot be read", details };
}

function addressesOf(runtime: unknown): Result<readonly Address[], CniError> {
  const addresses: Address[] = [];
  for (const [index, wish] of listAt(runtime, "ips").entries()) {
    const parsed = parseAddress(String(wish).replace(/\/\d+$/, ""));
    if (!parsed.ok) return refuse(`ips[${index}]`, parsed.error);
    addresses.push(parsed.value);
  }
  return ok(addresses);
}

const refuse = (field: string, details: string): Result<never, CniError> =>
  err({ code: codes.invalidConfig, msg: `runtimeConfig.${field} cannot be used`, details });
