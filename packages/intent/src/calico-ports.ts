/** What a rule of Calico says about protocols, ports and ICMP, as a set of places on the line of ports. */
import { err, ok, type Result } from "@seam/base";
import {
  ALL_PORTS,
  intersectPorts,
  LAST_PORT,
  type LineProtocol,
  NO_PORTS,
  portSet,
  type PortSet,
  PROTOCOL_NUMBERS,
  subtractPorts,
  type Transport,
  uniteAllPorts,
  wholeProtocol,
} from "@seam/state";

import { collect, fieldsOf, listAt, readEach, type Record as Fields } from "./policy-fields.ts";
import type { NamedPort, Ports } from "./policy-model.ts";

const NAMED = ["tcp", "udp", "sctp", "icmp", "icmpv6"] as const satisfies readonly LineProtocol[];
const UDP_LITE = 136;

/** A protocol that a rule names. */
type Named = { readonly set: PortSet; readonly line: LineProtocol };

/** Reads the fields of a rule and the ports of the server's end. */
export function readCalicoPorts(rule: Fields, server: Fields, path: string): Result<Ports, string> {
  const { given, result } = collect();
  const protocol = given(readProtocol(rule["protocol"], `${path}.protocol`), null);
  const not = given(readProtocol(rule["notProtocol"], `${path}.notProtocol`), null);
  const line = protocol === null ? null : protocol.line;
  const icmp = given(readIcmp(rule["icmp"], line, `${path}.icmp`), null);
  const notIcmp = given(readIcmp(rule["notICMP"], line, `${path}.notICMP`), null);
  const within = [setOf(protocol), icmp].reduce<PortSet>(narrowed, ALL_PORTS);
  const set = [setOf(not), notIcmp].reduce<PortSet>(lessened, within);
  const place = { set, line, path: `${path}.destination` };
  return result(given(readServer(server, place), { numbered: NO_PORTS, named: [] }));
}

const setOf = (named: Named | null): PortSet | null => (named === null ? null : named.set);
const narrowed = (set: PortSet, other: PortSet | null): PortSet =>
  other === null ? set : intersectPorts(set, other);
const lessened = (set: PortSet, other: PortSet | null): PortSet =>
  other === null ? set : subtractPorts(set, other);

function readProtocol(value: unknown, path: string): Result<Named | null, string> {
  if ((value ?? null) === null) return ok(null);
  const name =
    typeof value === "number" || typeof value === "string" ? `${value}`.toLowerCase() : "";
  if (name === "udplite") return ok(ofNumber(UDP_LITE));
  const known = NAMED.find((each) => each === name);
  if (known !== undefined) return ok({ set: wholeProtocol(known), line: known });
  const number = /^\d+$/.test(name) ? Number(name) : 0;
  return number >= 1 && number <= 255
    ? ok(ofNumber(number))
    : err(`${path}: expected TCP, UDP, SCTP, ICMP, ICMPv6, UDPLite or a number from 1 to 255`);
}

function ofNumber(number: number): Named {
  const line = NAMED.find((each) => PROTOCOL_NUMBERS[each] === number) ?? "protocol";
  const set =
    line === "protocol"
      ? portSet({ protocol: line, first: number, last: number })
      : wholeProtocol(line);
  return { set, line };
}

/** A type with all its codes, or with one; without a type all of the protocol. */
function readIcmp(
  value: unknown,
  line: LineProtocol | null,
  path: string,
): Result<PortSet | null, string> {
  if (value === undefined || value === null) return ok(null);
  return line === "icmp" || line === "icmpv6"
    ? readTypeAndCode(value, line, path)
    : err(`${path}: expected protocol ICMP or ICMPv6 beside it`);
}

function readTypeAndCode(
  value: unknown,
  line: LineProtocol,
  path: string,
): Result<PortSet, string> {
  const fields = fieldsOf(value, path, ["type", "code"]);
  if (!fields.ok) return fields;
  const [type, code] = [fields.value["type"], fields.value["code"]].map(byteOf);
  if (type === "none" && code === "none") return ok(wholeProtocol(line));
  return typeof type === "number" && code !== "unclear" && code !== undefined
    ? ok(icmpSet(line, type, code))
    : err(`${path}: expected a type, and maybe a code, from 0 to 255`);
}

function byteOf(value: unknown): number | "none" | "unclear" {
  if ((value ?? null) === null) return "none";
  const isByte =
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value < CODES;
  return isByte ? value : "unclear";
}

function icmpSet(protocol: LineProtocol, type: number, code: number | "none"): PortSet {
  const first = type * CODES;
  return code === "none"
    ? portSet({ protocol, first, last: first + CODES - 1 })
    : portSet({ protocol, first: first + code, last: first + code });
}

const CODES = 256;

type Base = { readonly set: PortSet; readonly line: LineProtocol | null; readonly path: string };

function readServer(server: Fields, { set, line, path }: Base): Result<Ports, string> {
  const ports = readPorts(server, "ports", { line, path });
  if (!ports.ok) return ports;
  const not = readPorts(server, "notPorts", { line, path });
  if (!not.ok) return not;
  if (not.value?.some(isNamed) === true)
    return err(
      `${path}.notPorts: expected numbers; what is not a port by its name is not supported`,
    );
  const without = uniteAllPorts((not.value ?? []).filter(isNumbered));
  if (ports.value === null) return ok({ numbered: subtractPorts(set, without), named: [] });
  const named = ports.value.filter(isNamed);
  if (named.length > 0 && without.length > 0)
    return err(`${path}.notPorts: not supported beside names of ports`);
  const numbered = uniteAllPorts(ports.value.filter(isNumbered));
  return ok({ numbered: subtractPorts(intersectPorts(set, numbered), without), named });
}

type OnePort = PortSet | NamedPort;
const isNamed = (port: OnePort): port is NamedPort => "name" in port;
const isNumbered = (port: OnePort): port is PortSet => !("name" in port);

/** Ports by numbers, ranges as 1:9, and names; null without any. */
function readPorts(
  entity: Fields,
  key: "ports" | "notPorts",
  { line, path }: Pick<Base, "line" | "path">,
): Result<readonly OnePort[] | null, string> {
  const listed = listAt(entity, key, path);
  if (!listed.ok) return listed;
  if (listed.value.length === 0) return ok(null);
  if (line !== "tcp" && line !== "udp" && line !== "sctp")
    return err(`${path}.${key}: expected protocol TCP, UDP or SCTP beside ports`);
  return readEach(listed.value, `${path}.${key}`, (value, at) => readPort(value, line, at));
}

function readPort(value: unknown, protocol: Transport, path: string): Result<OnePort, string> {
  const [first, last = first] = String(value).split(":");
  const [from, to] = [Number(first), Number(last)];
  if (/^\d+$/.test(first ?? "") && /^\d+$/.test(last ?? ""))
    return from <= to && to <= LAST_PORT
      ? ok(portSet({ protocol, first: from, last: to }))
      : err(`${path}: expected a port up to ${LAST_PORT}, or a range as 1:9`);
  return typeof value === "string" && !value.includes(":")
    ? ok({ protocol, name: value, isOfHosts: true })
    : err(`${path}: expected a port, a range as 1:9 or the name of a port`);
}
