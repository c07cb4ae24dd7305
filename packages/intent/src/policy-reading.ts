/**
 * NetworkPolicies (networking.k8s.io/v1) as gates need them. What cannot be read allows nothing: its rule is left out and told,
 * while the policy isolates all the same.
 */
import { type Cidr, err, formatCidr, ok, parseNetwork, type Result } from "@seam/base";
import { LAST_PORT, type PortRange, type Transport } from "@seam/state";

import { fieldsOf, isRecord, listOf } from "./policy-fields.ts";
import { EVERYTHING, type LabelSelector, readSelector } from "./policy-selector.ts";

/** Whom a rule is about; equal peers have equal texts. */
export type Peer = { readonly text: string } & (
  | {
      readonly kind: "pods";
      /** The only namespace, or which of them. */
      readonly namespaces: string | LabelSelector;
      readonly pods: LabelSelector;
    }
  | { readonly kind: "block"; readonly cidr: Cidr; readonly except: readonly Cidr[] }
);

/** A port that containers call so. */
export type NamedPort = { readonly protocol: Transport; readonly name: string };

/** What a rule lets use: everything, or these. */
export type Ports =
  | "all"
  | { readonly ranges: readonly PortRange[]; readonly named: readonly NamedPort[] };

/** A rule that could be read; no peers: everyone. */
export type Rule = { readonly peers: readonly Peer[] | null; readonly ports: Ports };

/** A policy; null for a direction that it does not isolate. */
export type Policy = {
  readonly namespace: string;
  readonly selector: LabelSelector;
  readonly ingress: readonly Rule[] | null;
  readonly egress: readonly Rule[] | null;
};

/** A policy and what of it was not understood; null when not even whom it isolates can be said. */
export type PolicyReading = { readonly policy: Policy; readonly faults: readonly string[] };

const SPEC = ["podSelector", "policyTypes", "ingress", "egress"];

/** Reads the policy of a namespace. Whom it selects must be clear; when it is not, it isolates the whole namespace. */
export function readNetworkPolicy(namespace: string, object: unknown): PolicyReading {
  const spec = isRecord(object) && isRecord(object["spec"]) ? object["spec"] : {};
  const faults: string[] = [];
  const known = fieldsOf(spec, "spec", SPEC);
  if (!known.ok) faults.push(known.error);
  const selector = readSelector(spec["podSelector"], "spec.podSelector");
  if (!selector.ok) faults.push(selector.error);
  const rulesOf = (direction: "ingress" | "egress"): readonly Rule[] =>
    listOf(spec[direction]).flatMap((value, at) => {
      const rule = readRule(value, { namespace, direction, path: `spec.${direction}[${at}]` });
      if (rule.ok) return [rule.value];
      faults.push(rule.error);
      return [];
    });
  const types = typesOf(spec);
  const policy = {
    namespace,
    selector: selector.ok ? selector.value : EVERYTHING,
    ingress: types.includes("Ingress") ? rulesOf("ingress") : null,
    egress: types.includes("Egress") ? rulesOf("egress") : null,
  };
  return { policy, faults };
}

/** Without types a policy is about ingress, and about egress when it has rules for that. */
function typesOf(spec: { readonly [key: string]: unknown }): readonly unknown[] {
  const types = listOf(spec["policyTypes"]);
  if (types.length > 0) return types;
  return listOf(spec["egress"]).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
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
  const peers: Peer[] = [];
  for (const [at, each] of listOf(fields.value[key]).entries()) {
    const peer = readPeer(each, namespace, `${path}.${key}[${at}]`);
    if (!peer.ok) return peer;
    peers.push(peer.value);
  }
  const ports = readPorts(listOf(fields.value["ports"]), `${path}.ports`);
  if (!ports.ok) return ports;
  return ok({ peers: peers.length === 0 ? null : peers, ports: ports.value });
}

function readPeer(value: unknown, namespace: string, path: string): Result<Peer, string> {
  const fields = fieldsOf(value, path, ["podSelector", "namespaceSelector", "ipBlock"]);
  if (!fields.ok) return fields;
  const { podSelector, namespaceSelector, ipBlock } = fields.value;
  if (ipBlock !== undefined) return readBlock(ipBlock, `${path}.ipBlock`);
  const pods = readSelector(podSelector, `${path}.podSelector`);
  if (!pods.ok) return pods;
  if (namespaceSelector === undefined || namespaceSelector === null)
    return ok(podsIn(namespace, pods.value));
  const namespaces = readSelector(namespaceSelector, `${path}.namespaceSelector`);
  return namespaces.ok ? ok(podsIn(namespaces.value, pods.value)) : namespaces;
}

/** Pods of a namespace, or of all that are selected. */
const podsIn = (namespaces: string | LabelSelector, pods: LabelSelector): Peer => ({
  kind: "pods",
  namespaces,
  pods,
  text: JSON.stringify([
    typeof namespaces === "string" ? namespaces : [namespaces.text],
    pods.text,
  ]),
});

function readBlock(value: unknown, path: string): Result<Peer, string> {
  const fields = fieldsOf(value, path, ["cidr", "except"]);
  if (!fields.ok) return fields;
  const cidr = parseNetwork(String(fields.value["cidr"]));
  if (!cidr.ok) return err(`${path}.cidr: ${cidr.error}`);
  const except: Cidr[] = [];
  for (const each of listOf(fields.value["except"])) {
    const parsed = parseNetwork(String(each));
    if (!parsed.ok) return err(`${path}.except: ${parsed.error}`);
    except.push(parsed.value);
  }
  const text = [cidr.value, ...except].map(formatCidr).join(" ");
  return ok({ kind: "block", cidr: cidr.value, except, text });
}

const PROTOCOLS = ["tcp", "udp", "sctp"] as const satisfies readonly Transport[];

function readPorts(values: readonly unknown[], path: string): Result<Ports, string> {
  if (values.length === 0) return ok("all");
  const ranges: PortRange[] = [];
  const named: NamedPort[] = [];
  for (const [at, value] of values.entries()) {
    const port = readPort(value, `${path}[${at}]`);
    if (!port.ok) return port;
    if ("name" in port.value) named.push(port.value);
    else ranges.push(port.value);
  }
  return ok({ ranges, named });
}

function readPort(value: unknown, path: string): Result<PortRange | NamedPort, string> {
  const fields = fieldsOf(value, path, ["protocol", "port", "endPort"]);
  if (!fields.ok) return fields;
  const { protocol: text = "TCP", port = null, endPort } = fields.value;
  const protocol = PROTOCOLS.find((each) => each.toUpperCase() === text);
  if (protocol === undefined) return err(`${path}.protocol: expected TCP, UDP or SCTP`);
  if (port === null) return ok({ protocol, first: 0, last: LAST_PORT });
  if (typeof port === "string") return ok({ protocol, name: port });
  const last = endPort ?? port;
  return typeof port === "number" && typeof last === "number"
    ? ok({ protocol, first: port, last })
    : err(`${path}.port: expected a number or a name`);
}
