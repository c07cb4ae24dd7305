/** Ports of the node that the runtime asks for (capability `portMappings`, CNI conventions). */
import { type Address, err, formatAddress, ok, parseAddress, type Result } from "@seam/base";
import type { HostPort } from "@seam/intent";
import { isJson, type Json } from "@seam/kube";

import { type CniError, codes } from "./cni-message.ts";

const transports = ["tcp", "udp", "sctp"] as const;

/** Reads `runtimeConfig.portMappings`; entries without a host port ask for nothing. */
export function hostPortsOf(config: Json): Result<readonly HostPort[], CniError> {
  const runtime = config["runtimeConfig"];
  const listed = isJson(runtime) ? runtime["portMappings"] : undefined;
  const entries: readonly unknown[] = Array.isArray(listed) ? listed : [];
  const ports: HostPort[] = [];
  for (const [index, entry] of entries.entries()) {
    if (!isJson(entry) || Number(fieldOf(entry, "hostPort") ?? 0) === 0) continue;
    const port = hostPortOf(entry);
    if (port === null) return err(refusal(index, entry));
    ports.push(port);
  }
  return ok(ports);
}

/** As one line of text, for the agent's records. */
export const formatHostPorts = (ports: readonly HostPort[]): string =>
  JSON.stringify(
    ports.map((port) => ({
      hostPort: port.hostPort,
      containerPort: port.containerPort,
      protocol: port.protocol,
      ...(port.hostAddress === null ? {} : { hostIP: formatAddress(port.hostAddress) }),
    })),
  );

function hostPortOf(entry: Json): HostPort | null {
  const protocol = transports.find(
    (each) => each === textOf(fieldOf(entry, "protocol") ?? "tcp").toLowerCase(),
  );
  const hostPort = portNumber(fieldOf(entry, "hostPort"));
  const containerPort = portNumber(fieldOf(entry, "containerPort"));
  const hostAddress = addressOf(fieldOf(entry, "hostIP"));
  return protocol === undefined ||
    hostPort === null ||
    containerPort === null ||
    hostAddress === undefined
    ? null
    : { protocol, hostAddress, hostPort, containerPort };
}

/** Go reads the names of fields in any case, and containerd writes them as `HostPort`, `HostIP`. */
function fieldOf(entry: Json, name: string): unknown {
  const key = Object.keys(entry).find((each) => each.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : entry[key];
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function portNumber(value: unknown): number | null {
  const number = Number(value);
  return Number.isInteger(number) && number >= 1 && number <= 65_535 ? number : null;
}

/** Null for every address of the node; undefined for what is no address. */
function addressOf(value: unknown): Address | null | undefined {
  if (value === undefined || value === "") return null;
  const parsed = parseAddress(textOf(value));
  if (!parsed.ok) return undefined;
  return parsed.value.bytes.every((byte) => byte === 0) ? null : parsed.value;
}

const refusal = (index: number, entry: Json): CniError => ({
  code: codes.invalidConfig,
  msg: `runtimeConfig.portMappings[${index}] cannot be read`,
  details: `expected {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}; found ${JSON.stringify(entry)}`,
});
