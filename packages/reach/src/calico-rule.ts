/** Rules of Calico's policies as their API defines them (projectcalico.org/v3, Rule and EntityRule). */
import { type Cidr, type Family, familyBits, parseAddress, parseNetwork } from "@seam/base";
import { child, isJson, type Json, textAt } from "@seam/kube";

import { type Expression, parseSelector, saysGlobal } from "./calico-selector.ts";
import { known, listAt, type Reading } from "./policy.ts";

/** A range, or what a container of the destination calls so. */
export type CalicoPort =
  | { readonly kind: "range"; readonly first: number; readonly last: number }
  | { readonly kind: "named"; readonly name: string };

/** Of ICMP; null: of every code. */
type Icmp = { readonly type: number; readonly code: number | null };

/** What one end of a connection has to be; null and empty lists ask nothing. All that is asked has to be. */
export type CalicoEntity = {
  readonly nets: readonly Cidr[];
  readonly notNets: readonly Cidr[];
  readonly selector: Expression | null;
  readonly notSelector: Expression | null;
  readonly namespaces: Expression | null;
  readonly accounts: {
    readonly names: readonly string[];
    readonly selector: Expression | null;
  } | null;
  readonly ports: readonly CalicoPort[];
  readonly notPorts: readonly CalicoPort[];
};

/** One rule; protocols are IP's numbers. */
export type CalicoRule = {
  readonly action: "Allow" | "Deny" | "Pass" | "Log";
  readonly family: Family | null;
  readonly protocol: number | null;
  readonly notProtocol: number | null;
  readonly icmp: Icmp | null;
  readonly notIcmp: Icmp | null;
  readonly source: CalicoEntity;
  readonly destination: CalicoEntity;
};

type Place = { readonly path: string; readonly key: string };

const ACTIONS = ["Allow", "Deny", "Pass", "Log"] as const;
const ICMP_PROTOCOLS: ReadonlySet<number | null> = new Set([1, 58]);
const PORT_PROTOCOLS: ReadonlySet<number | null> = new Set([6, 17, 132]);

/** Reads one rule. */
export function readRule(reading: Reading, rule: Json, path: string): CalicoRule {
  const keys = ["action", "ipVersion", "protocol", "notProtocol", "icmp", "notICMP"];
  known(reading, rule, { path, keys: [...keys, "source", "destination", "metadata"] });
  const action = ACTIONS.find((each) => each === rule["action"]);
  if (action === undefined) reading.errors.push(`${path}.action: expected ${ACTIONS.join(", ")}`);
  const protocol = readProtocol(reading, rule, { path, key: "protocol" });
  const icmp = readIcmp(reading, rule, { path, key: "icmp" });
  if (icmp !== null && !ICMP_PROTOCOLS.has(protocol))
    reading.errors.push(`${path}.icmp: expected protocol ICMP or ICMPv6`);
  const destination = readEntity(reading, rule, { path, key: "destination" });
  const { ports, notPorts } = destination;
  if (ports.length + notPorts.length > 0 && !PORT_PROTOCOLS.has(protocol))
    reading.errors.push(`${path}.destination: ports need protocol TCP, UDP or SCTP`);
  return {
    action: action ?? "Deny",
    family: readFamily(reading, rule, path),
    protocol,
    notProtocol: readProtocol(reading, rule, { path, key: "notProtocol" }),
    icmp,
    notIcmp: readIcmp(reading, rule, { path, key: "notICMP" }),
    source: readEntity(reading, rule, { path, key: "source" }),
    destination,
  };
}

function readFamily(reading: Reading, rule: Json, path: string): Family | null {
  const { ipVersion = null } = rule;
  if (ipVersion !== null && ipVersion !== 4 && ipVersion !== 6)
    reading.errors.push(`${path}.ipVersion: expected 4 or 6`);
  if (ipVersion === null) return null;
  return ipVersion === 4 ? "ipv4" : "ipv6";
}

/** Names of protocols, with IP's numbers (IANA, Protocol Numbers). */
const PROTOCOLS: readonly (readonly [string, number])[] = [
  ["TCP", 6],
  ["UDP", 17],
  ["ICMP", 1],
  ["ICMPv6", 58],
  ["SCTP", 132],
  ["UDPLite", 136],
];

/** A name in any case, or a number from 1 to 255. */
function readProtocol(reading: Reading, rule: Json, { path, key }: Place): number | null {
  const { [key]: found = null } = rule;
  if (found === null) return null;
  const text = typeof found === "number" ? `${found}` : String(textAt(rule, key)).toLowerCase();
  const [, named] = PROTOCOLS.find(([name]) => name.toLowerCase() === text) ?? [];
  const number = named ?? (/^\d+$/.test(text) ? Number(text) : 0);
  if (number >= 1 && number <= 255) return number;
  const names = PROTOCOLS.map(([name]) => name).join(", ");
  reading.errors.push(`${path}.${key}: expected ${names} or a number from 1 to 255`);
  return 0;
}

/** Without a type nothing is asked; a code needs one. */
function readIcmp(reading: Reading, rule: Json, { path, key }: Place): Icmp | null {
  if (!isJson(rule[key])) return null;
  const fields = child(rule, key);
  known(reading, fields, { path: `${path}.${key}`, keys: ["type", "code"] });
  const { type = null, code = null } = fields;
  if (type === null && code === null) return null;
  if (typeof type !== "number" || (code !== null && typeof code !== "number")) {
    reading.errors.push(`${path}.${key}: expected a type, or a type and a code`);
    return null;
  }
  return { type, code };
}

const ENTITY = [
  "nets",
  "notNets",
  "selector",
  "notSelector",
  "namespaceSelector",
  "serviceAccounts",
];

/** An end; ports are those of the server, so the client's cannot be asked for. */
function readEntity(reading: Reading, rule: Json, { path, key }: Place): CalicoEntity {
  const entity = child(rule, key);
  const at = `${path}.${key}`;
  const keys = key === "source" ? ENTITY : [...ENTITY, "ports", "notPorts"];
  known(reading, entity, { path: at, keys });
  const selector = (name: string): Expression | null =>
    selectorAt(reading, entity, { path: at, key: name });
  const ports = (name: string): readonly CalicoPort[] =>
    key === "source" ? [] : readPorts(reading, entity, { path: at, key: name });
  return {
    nets: readNets(reading, entity, { path: at, key: "nets" }),
    notNets: readNets(reading, entity, { path: at, key: "notNets" }),
    selector: selector("selector"),
    notSelector: selector("notSelector"),
    namespaces: selector("namespaceSelector"),
    accounts: readAccounts(reading, entity, at),
    ports: ports("ports"),
    notPorts: ports("notPorts"),
  };
}

function readAccounts(reading: Reading, entity: Json, at: string): CalicoEntity["accounts"] {
  if (!isJson(entity["serviceAccounts"])) return null;
  const accounts = child(entity, "serviceAccounts");
  const path = `${at}.serviceAccounts`;
  known(reading, accounts, { path, keys: ["names", "selector"] });
  const names = listAt(accounts, "names").map(String);
  const selector = selectorAt(reading, accounts, { path, key: "selector" });
  // Neither names nor a selector is no restriction.
  return names.length === 0 && selector === null ? null : { names, selector };
}

/** The selector of that name; null when there is none, or an empty one. */
export function selectorAt(reading: Reading, of: Json, { path, key }: Place): Expression | null {
  const text = textAt(of, key) ?? "";
  if (text === "") return null;
  const parsed = parseSelector(text);
  if (!parsed.ok) reading.errors.push(`${path}.${key}: ${parsed.error}`);
  else if (saysGlobal(parsed.value) && (key !== "namespaceSelector" || path === "spec"))
    reading.errors.push(`${path}.${key}: global() is for a rule's namespaceSelector`);
  return parsed.ok ? parsed.value : { kind: "global" };
}

/** Networks, or addresses. */
export function readNets(reading: Reading, of: Json, { path, key }: Place): readonly Cidr[] {
  return listAt(of, key).flatMap((each) => {
    const text = String(each);
    const address = parseAddress(text);
    const cidr = parseNetwork(address.ok ? `${text}/${familyBits(address.value.family)}` : text);
    if (!cidr.ok) reading.errors.push(`${path}.${key}: ${cidr.error}`);
    return cidr.ok ? [cidr.value] : [];
  });
}

function readPorts(reading: Reading, of: Json, { path, key }: Place): readonly CalicoPort[] {
  return listAt(of, key).map((each) => {
    const text = String(each);
    const [, first, last = first] = /^(\d+)(?::(\d+))?$/.exec(text) ?? [];
    if (first === undefined) return { kind: "named", name: text };
    const range = { kind: "range" as const, first: Number(first), last: Number(last) };
    if (range.first > range.last || range.last > 65_535)
      reading.errors.push(`${path}.${key}: expected ports up to 65535, the first one first`);
    return range;
  });
}
