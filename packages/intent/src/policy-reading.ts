/**
 * NetworkPolicies (networking.k8s.io/v1). What cannot be read allows nothing: its rule is left out and told, while the policy isolates
 * all the same.
 */
import { type Cidr, err, ok, parseNetwork, type Result } from "@seam/base";
import {
  ALL_PORTS,
  LAST_PORT,
  portSet,
  type PortSet,
  type Transport,
  uniteAllPorts,
} from "@seam/state";

import {
  collect,
  fieldsOf,
  listAt,
  readEach,
  type Record as Fields,
  specOf,
} from "./policy-fields.ts";
import {
  ANYONE,
  blockPeer,
  type NamedPort,
  type Peer,
  podPeer,
  type PolicyReading,
  type Ports,
  type Rule,
} from "./policy-model.ts";
import { EVERYTHING, readSelector } from "./policy-selector.ts";

const SPEC = ["podSelector", "policyTypes", "ingress", "egress"];
/** Calico's order of NetworkPolicies among the policies of their tier. */
const ORDER = 1000;

/**
 * Reads the policy of a namespace. Whom it selects must be clear; when it is not, it isolates the whole namespace. With a field that nobody here
 * knows it isolates, and allows nothing.
 */
export function readNetworkPolicy(namespace: string, object: unknown): PolicyReading {
  const spec = specOf(object);
  const { faults, given } = collect();
  const isClear = given<Fields | null>(fieldsOf(spec, "spec", SPEC), null) !== null;
  const rulesOf = (direction: "ingress" | "egress"): readonly Rule[] =>
    given(listAt(spec, direction, "spec"), []).flatMap((value, at) => {
      const place = { namespace, direction, path: `spec.${direction}[${at}]` };
      const rule = given<Rule | null>(readRule(value, place), null);
      return rule === null || !isClear ? [] : [rule];
    });
  const types = given(typesOf(spec), BOTH);
  const policy = {
    tier: "default",
    order: ORDER,
    onHosts: null,
    onOwnNode: false,
    subject: {
      namespaces: namespace,
      pods: given(readSelector(spec["podSelector"], "spec.podSelector"), EVERYTHING),
    },
    ingress: types.includes("Ingress") ? rulesOf("ingress") : null,
    egress: types.includes("Egress") ? rulesOf("egress") : null,
  };
  return { policy, faults };
}

const BOTH: readonly unknown[] = ["Ingress", "Egress"];

/** Without types a policy is about ingress, and about egress when it has rules for that. */
function typesOf(spec: Fields): Result<readonly unknown[], string> {
  const types = listAt(spec, "policyTypes", "spec");
  if (!types.ok) return types;
  if (types.value.some((each) => !BOTH.includes(each)))
    return err("spec.policyTypes: expected Ingress or Egress");
  if (types.value.length > 0) return types;
  const egress = spec["egress"];
  return ok(Array.isArray(egress) && egress.length > 0 ? BOTH : ["Ingress"]);
}

type Place = {
  readonly namespace: string;
  readonly direction: "ingress" | "egress";
  readonly path: string;
};

function readRule(value: unknown, { namespace, direction, path }: Place): Result<Rule, string> {
  const key = direction === "ingress" ? "from" : "to";
  const fields = fieldsOf(value, path, [key, "ports"]);
  if (!fields.ok) return fields;
  const listed = listAt(fields.value, key, path);
  if (!listed.ok) return listed;
  const peers = readEach(listed.value, `${path}.${key}`, (each, at) =>
    readPeer(each, namespace, at),
  );
  if (!peers.ok) return peers;
  const ports = readPorts(fields.value, path);
  if (!ports.ok) return ports;
  return ok({
    ...ANYONE,
    action: "accept",
    peers: peers.value.length === 0 ? null : peers.value,
    ports: ports.value,
  });
}

function readPeer(value: unknown, namespace: string, path: string): Result<Peer, string> {
  const fields = fieldsOf(value, path, ["podSelector", "namespaceSelector", "ipBlock"]);
  if (!fields.ok) return fields;
  const { podSelector = null, namespaceSelector = null, ipBlock = null } = fields.value;
  if (ipBlock !== null) {
    const isAlone = podSelector === null && namespaceSelector === null;
    if (isAlone) return readBlock(ipBlock, `${path}.ipBlock`);
    return err(`${path}.ipBlock: expected no selector beside it`);
  }
  return readPods(podSelector, namespaceSelector, { namespace, path });
}

function readPods(
  podSelector: unknown,
  namespaceSelector: unknown,
  { namespace, path }: { readonly namespace: string; readonly path: string },
): Result<Peer, string> {
  const pods = readSelector(podSelector, `${path}.podSelector`);
  if (!pods.ok) return pods;
  if (namespaceSelector === null) return ok(podPeer({ namespaces: namespace, pods: pods.value }));
  const namespaces = readSelector(namespaceSelector, `${path}.namespaceSelector`);
  return namespaces.ok
    ? ok(podPeer({ namespaces: namespaces.value, pods: pods.value }))
    : namespaces;
}

function readBlock(value: unknown, path: string): Result<Peer, string> {
  const fields = fieldsOf(value, path, ["cidr", "except"]);
  if (!fields.ok) return fields;
  const cidr = readCidr(fields.value["cidr"], `${path}.cidr`);
  if (!cidr.ok) return cidr;
  const listed = listAt(fields.value, "except", path);
  if (!listed.ok) return listed;
  const except = readEach(listed.value, `${path}.except`, readCidr);
  return except.ok ? ok(blockPeer(cidr.value, except.value)) : except;
}

/** A network as 10.0.0.0/8 or fd00::/8. */
export function readCidr(value: unknown, path: string): Result<Cidr, string> {
  const cidr = parseNetwork(String(value));
  return cidr.ok ? cidr : err(`${path}: ${cidr.error}`);
}

export const PROTOCOLS = ["tcp", "udp", "sctp"] as const satisfies readonly Transport[];

function readPorts(rule: Fields, path: string): Result<Ports, string> {
  const listed = listAt(rule, "ports", path);
  if (!listed.ok) return listed;
  if (listed.value.length === 0) return ok(EVERY_PORT);
  const ports = readEach(listed.value, `${path}.ports`, readPort);
  return ports.ok ? ok(portsOf(ports.value)) : ports;
}

/** What a rule is about that names no ports. */
export const EVERY_PORT: Ports = { numbered: ALL_PORTS, named: [] };

/** A port that a rule names by numbers, or by the name that containers give it. */
export type OnePort = PortSet | NamedPort;

const isNamed = (port: OnePort): port is NamedPort => "name" in port;

/** All that a rule names. */
export const portsOf = (ports: readonly OnePort[]): Ports => ({
  numbered: uniteAllPorts(ports.flatMap((each) => (isNamed(each) ? [] : [each]))),
  named: ports.filter(isNamed),
});

function readPort(value: unknown, path: string): Result<OnePort, string> {
  const fields = fieldsOf(value, path, ["protocol", "port", "endPort"]);
  if (!fields.ok) return fields;
  const { protocol: text = "TCP", port = null, endPort } = fields.value;
  const protocol = PROTOCOLS.find((each) => each.toUpperCase() === text);
  if (protocol === undefined) return err(`${path}.protocol: expected TCP, UDP or SCTP`);
  if (port === null) return ok(portSet({ protocol, first: 0, last: LAST_PORT }));
  if (typeof port === "string") return ok({ protocol, name: port, isOfHosts: false });
  return readRange([port, endPort ?? port], protocol, path);
}

/** Ports from a first to a last one. */
export function readRange(
  [first, last]: readonly [unknown, unknown],
  protocol: Transport,
  path: string,
): Result<PortSet, string> {
  const isPort = (value: unknown): value is number =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= LAST_PORT;
  return isPort(first) && isPort(last) && first <= last
    ? ok(portSet({ protocol, first, last }))
    : err(`${path}: expected a port from 1 to ${LAST_PORT}, its last one not before its first`);
}
