/**
 * ClusterNetworkPolicies (policy.networking.k8s.io/v1beta1; KEP-2091). What cannot be read fails closed, as the kind's definition wants
 * it: a rule that accepts means nobody then, one that denies or passes denies everything.
 */
import { err, ok, type Result } from "@seam/base";
import { LAST_PORT } from "@seam/state";

import {
  collect,
  fieldsOf,
  isRecord,
  listAt,
  readEach,
  type Record as Fields,
  specOf,
} from "./policy-fields.ts";
import {
  type Action,
  ANYONE,
  blockPeer,
  NODES,
  type Peer,
  podPeer,
  type PodSelector,
  type PolicyReading,
  type Ports,
  type Rule,
  type TIERS,
} from "./policy-model.ts";
import {
  EVERY_PORT,
  type OnePort,
  portsOf,
  PROTOCOLS,
  readCidr,
  readRange,
} from "./policy-reading.ts";
import { EVERYTHING, readSelector } from "./policy-selector.ts";

/** Where the kind is served, the best version first. */
export const CLUSTER_POLICIES = {
  group: "policy.networking.k8s.io",
  kind: "ClusterNetworkPolicy",
  plural: "clusternetworkpolicies",
  versions: ["v1beta1", "v1alpha2"],
} as const;

const SPEC = ["tier", "priority", "subject", "ingress", "egress"];

/**
 * Reads the policy. When it is not clear whom it is about, or what a field says, it lets nothing pass; and denies what it denies, in the first
 * case to everybody.
 */
export function readClusterPolicy(object: unknown): PolicyReading {
  const spec = specOf(object);
  const { faults, given } = collect();
  const isClear = given<Fields | null>(fieldsOf(spec, "spec", SPEC), null) !== null;
  const subject = given<PodSelector | null>(readSubject(spec["subject"], "spec.subject"), null);
  const rulesOf = (direction: Direction): readonly Rule[] | null => {
    const rules = given(listAt(spec, direction, "spec"), []).flatMap(
      (value, at): readonly Rule[] => {
        const path = `spec.${direction}[${at}]`;
        const rule = given(readRule(value, direction, path), failClosed(value));
        const isKept = rule?.action === "deny" || (isClear && subject !== null);
        return rule === null || !isKept ? [] : [rule];
      },
    );
    return rules.length === 0 ? null : rules;
  };
  const policy = {
    tier: given<keyof typeof TIERS>(readTier(spec["tier"]), "kube-admin"),
    order: given(readPriority(spec["priority"]), 0),
    onHosts: null,
    onOwnNode: true,
    subject: subject ?? { namespaces: EVERYTHING, pods: EVERYTHING },
    ingress: rulesOf("ingress"),
    egress: rulesOf("egress"),
  };
  return { policy, faults };
}

type Direction = "ingress" | "egress";

const failClosed = (value: unknown): Rule | null =>
  isRecord(value) && value["action"] === "Accept"
    ? null
    : { ...ANYONE, action: "deny", peers: null, ports: EVERY_PORT };

function readTier(value: unknown): Result<keyof typeof TIERS, string> {
  if (value === "Admin") return ok("kube-admin");
  return value === "Baseline" ? ok("kube-baseline") : err("spec.tier: expected Admin or Baseline");
}

const readPriority = (value: unknown): Result<number, string> =>
  typeof value === "number" ? ok(value) : err("spec.priority: expected a number from 0 to 1000");

const ACTIONS = { Accept: "accept", Deny: "deny", Pass: "pass" } as const;

function readRule(value: unknown, direction: Direction, path: string): Result<Rule, string> {
  const key = direction === "ingress" ? "from" : "to";
  const fields = fieldsOf(value, path, ["name", "action", key, "protocols"]);
  if (!fields.ok) return fields;
  const action = readAction(fields.value["action"], path);
  if (!action.ok) return action;
  const listed = listAt(fields.value, key, path);
  if (!listed.ok) return listed;
  if (listed.value.length === 0) return err(`${path}.${key}: expected at least one peer`);
  const kinds = direction === "ingress" ? PEERS : EGRESS_PEERS;
  const peers = readEach(listed.value, `${path}.${key}`, (each, at) => readPeers(each, kinds, at));
  if (!peers.ok) return peers;
  const ports = readProtocols(fields.value, path);
  if (!ports.ok) return ports;
  return ok({
    ...ANYONE,
    action: action.value,
    peers: peers.value.flat(),
    ports: ports.value,
  });
}

const readAction = (value: unknown, path: string): Result<Action, string> =>
  value === "Accept" || value === "Deny" || value === "Pass"
    ? ok(ACTIONS[value])
    : err(`${path}.action: expected Accept, Deny or Pass`);

const PEERS = ["namespaces", "pods"];
const EGRESS_PEERS = [...PEERS, "nodes", "networks"];

/** The peers that one item stands for: each network is one. */
function readPeers(
  value: unknown,
  kinds: readonly string[],
  path: string,
): Result<readonly Peer[], string> {
  const fields = fieldsOf(value, path, kinds);
  if (!fields.ok) return fields;
  const given = kinds.filter((each) => (fields.value[each] ?? null) !== null);
  if (given.length !== 1) return err(`${path}: expected exactly one of ${kinds.join(", ")}`);
  if (given[0] === "networks") return readNetworks(fields.value, path);
  const selector =
    given[0] === "nodes"
      ? readNodes(fields.value["nodes"], `${path}.nodes`)
      : readSubject(value, path);
  return selector.ok ? ok([podPeer(selector.value)]) : selector;
}

function readNetworks(peer: Fields, path: string): Result<readonly Peer[], string> {
  const listed = listAt(peer, "networks", path);
  if (!listed.ok) return listed;
  const cidrs = readEach(listed.value, `${path}.networks`, readCidr);
  return cidrs.ok ? ok(cidrs.value.map((each) => blockPeer(each, []))) : cidrs;
}

function readNodes(value: unknown, path: string): Result<PodSelector, string> {
  const nodes = readSelector(value, path);
  return nodes.ok ? ok({ namespaces: NODES, pods: nodes.value }) : nodes;
}

/** Pods by their namespaces alone, or by both. */
function readSubject(value: unknown, path: string): Result<PodSelector, string> {
  const fields = fieldsOf(value, path, PEERS);
  if (!fields.ok) return fields;
  const { namespaces = null, pods = null } = fields.value;
  if ((namespaces === null) === (pods === null))
    return err(`${path}: expected exactly one of namespaces, pods`);
  if (pods === null) {
    const selected = readSelector(namespaces, `${path}.namespaces`);
    return selected.ok ? ok({ namespaces: selected.value, pods: EVERYTHING }) : selected;
  }
  return readPods(pods, `${path}.pods`);
}

function readPods(value: unknown, path: string): Result<PodSelector, string> {
  const fields = fieldsOf(value, path, ["namespaceSelector", "podSelector"]);
  if (!fields.ok) return fields;
  const namespaces = readSelector(fields.value["namespaceSelector"], `${path}.namespaceSelector`);
  if (!namespaces.ok) return namespaces;
  const pods = readSelector(fields.value["podSelector"], `${path}.podSelector`);
  return pods.ok ? ok({ namespaces: namespaces.value, pods: pods.value }) : pods;
}

function readProtocols(rule: Fields, path: string): Result<Ports, string> {
  const listed = listAt(rule, "protocols", path);
  if (!listed.ok) return listed;
  if (listed.value.length === 0) return ok(EVERY_PORT);
  const ports = readEach(listed.value, `${path}.protocols`, readProtocol);
  return ports.ok ? ok(portsOf(ports.value.flat())) : ports;
}

const PROTOCOL_FIELDS = [...PROTOCOLS, "destinationNamedPort"];

function readProtocol(value: unknown, path: string): Result<readonly OnePort[], string> {
  const fields = fieldsOf(value, path, PROTOCOL_FIELDS);
  if (!fields.ok) return fields;
  const given = PROTOCOL_FIELDS.filter((each) => (fields.value[each] ?? null) !== null);
  if (given.length !== 1)
    return err(`${path}: expected exactly one of ${PROTOCOL_FIELDS.join(", ")}`);
  const { destinationNamedPort: name } = fields.value;
  // A name says nothing of the protocol, of which the container's port has one.
  if (typeof name === "string")
    return ok(PROTOCOLS.map((protocol) => ({ protocol, name, isOfHosts: false })));
  const protocol = PROTOCOLS.find((each) => each === given[0]);
  if (protocol === undefined) return err(`${path}.${given[0]}: expected the name of a port`);
  const match = fieldsOf(fields.value[protocol], `${path}.${protocol}`, ["destinationPort"]);
  if (!match.ok) return match;
  const port = readPort(
    match.value["destinationPort"] ?? null,
    `${path}.${protocol}.destinationPort`,
  );
  if (!port.ok) return port;
  const range = readRange(port.value, protocol, `${path}.${protocol}.destinationPort`);
  return range.ok ? ok([range.value]) : range;
}

/** The first and the last port; without a port all of them. */
function readPort(value: unknown, path: string): Result<readonly [unknown, unknown], string> {
  if (value === null) return ok([0, LAST_PORT]);
  const fields = fieldsOf(value, path, ["number", "range"]);
  if (!fields.ok) return fields;
  const { number = null, range = null } = fields.value;
  if (range === null) return ok([number, number]);
  if (number !== null) return err(`${path}: expected a number or a range, not both`);
  const ends = fieldsOf(range, `${path}.range`, ["start", "end"]);
  return ends.ok ? ok([ends.value["start"], ends.value["end"]]) : ends;
}
