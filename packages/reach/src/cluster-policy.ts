/**
 * ClusterNetworkPolicies as their API defines them (policy.networking.k8s.io/v1beta1), read for the question who may speak to whom;
 * apart from what makes nodes enforce them, as NetworkPolicies are.
 */
import { type Cidr, err, ok, parseNetwork, type Result } from "@seam/base";
import { child, children, isJson, type Json, type KubeObject, textAt } from "@seam/kube";

import {
  known,
  listAt,
  type PolicyPort,
  type Protocol,
  type Reading,
  readSelector,
  type Selector,
} from "./policy.ts";

/** Pods by the labels of their namespaces and their own. */
export type PodsSelected = { readonly namespaces: Selector; readonly pods: Selector };

/** Whom a rule is about. */
export type ClusterPeer =
  | ({ readonly kind: "pods" } & PodsSelected)
  | { readonly kind: "nodes"; readonly nodes: Selector }
  | { readonly kind: "network"; readonly cidr: Cidr };

/** One rule; without ports it is about all that its peers send or take. */
export type ClusterRule = {
  readonly name: string | null;
  readonly action: "Accept" | "Deny" | "Pass";
  readonly peers: readonly ClusterPeer[];
  readonly ports: readonly PolicyPort[] | null;
};

/** One policy. */
export type ClusterPolicy = {
  readonly name: string;
  readonly tier: "Admin" | "Baseline";
  readonly priority: number;
  readonly subject: PodsSelected;
  readonly ingress: readonly ClusterRule[];
  readonly egress: readonly ClusterRule[];
};

/** Reads a ClusterNetworkPolicy; the errors name fields that cannot be understood, of which none is passed over. */
export function readClusterPolicy(object: KubeObject): Result<ClusterPolicy, readonly string[]> {
  const spec = child(object, "spec");
  const reading: Reading = { errors: [] };
  known(reading, spec, {
    path: "spec",
    keys: ["tier", "priority", "subject", "ingress", "egress"],
  });
  const tier = spec["tier"];
  if (tier !== "Admin" && tier !== "Baseline")
    reading.errors.push("spec.tier: expected Admin or Baseline");
  const priority = spec["priority"];
  if (typeof priority !== "number") reading.errors.push("spec.priority: expected a number");
  const rules = (key: "ingress" | "egress"): readonly ClusterRule[] =>
    children(spec, key).map((rule, at) =>
      readRule(reading, rule, {
        path: `spec.${key}[${at}]`,
        peers: key === "ingress" ? "from" : "to",
      }),
    );
  const policy: ClusterPolicy = {
    name: object.metadata.name,
    tier: tier === "Baseline" ? "Baseline" : "Admin",
    priority: Number(priority),
    subject: readPods(reading, child(spec, "subject"), "spec.subject") ?? NOBODY,
    ingress: rules("ingress"),
    egress: rules("egress"),
  };
  return reading.errors.length === 0 ? ok(policy) : err(reading.errors);
}

/** Stands for a selector that cannot be read, which is an error. */
const NOBODY: PodsSelected = {
  namespaces: [{ key: "", operator: "Exists", values: [] }],
  pods: [],
};

const ACTIONS = ["Accept", "Deny", "Pass"] as const;

function readRule(
  reading: Reading,
  rule: Json,
  { path, peers: key }: { readonly path: string; readonly peers: "from" | "to" },
): ClusterRule {
  known(reading, rule, { path, keys: ["name", "action", key, "protocols"] });
  const action = ACTIONS.find((each) => each === rule["action"]);
  if (action === undefined) reading.errors.push(`${path}.action: expected ${ACTIONS.join(", ")}`);
  const peers = children(rule, key).flatMap((peer, at) =>
    readPeer(reading, peer, { path: `${path}.${key}[${at}]`, isEgress: key === "to" }),
  );
  if (peers.length === 0) reading.errors.push(`${path}.${key}: expected at least one peer`);
  const ports = children(rule, "protocols").flatMap((each, at) =>
    readProtocol(reading, each, `${path}.protocols[${at}]`),
  );
  return {
    name: textAt(rule, "name"),
    action: action ?? "Deny",
    peers,
    ports: "protocols" in rule ? ports : null,
  };
}

function readPeer(
  reading: Reading,
  peer: Json,
  { path, isEgress }: { readonly path: string; readonly isEgress: boolean },
): readonly ClusterPeer[] {
  const { nodes } = peer;
  if (isEgress && isJson(nodes)) {
    known(reading, peer, { path, keys: ["nodes"] });
    return [{ kind: "nodes", nodes: readSelector(reading, nodes, `${path}.nodes`) }];
  }
  if (isEgress && "networks" in peer) {
    known(reading, peer, { path, keys: ["networks"] });
    return listAt(peer, "networks").flatMap((text): readonly ClusterPeer[] => {
      const cidr = parseNetwork(String(text));
      if (!cidr.ok) reading.errors.push(`${path}.networks: ${cidr.error}`);
      return cidr.ok ? [{ kind: "network", cidr: cidr.value }] : [];
    });
  }
  const pods = readPods(reading, peer, path);
  return pods === null ? [] : [{ kind: "pods", ...pods }];
}

/** Either all pods of namespaces, or some of them. */
function readPods(reading: Reading, value: Json, path: string): PodsSelected | null {
  known(reading, value, { path, keys: ["namespaces", "pods"] });
  const { namespaces, pods } = value;
  if (isJson(namespaces) === isJson(pods)) {
    reading.errors.push(`${path}: expected exactly one of namespaces, pods`);
    return null;
  }
  if (isJson(namespaces))
    return { namespaces: readSelector(reading, namespaces, `${path}.namespaces`), pods: [] };
  const both = child(value, "pods");
  known(reading, both, { path: `${path}.pods`, keys: ["namespaceSelector", "podSelector"] });
  return {
    namespaces: readSelector(
      reading,
      child(both, "namespaceSelector"),
      `${path}.pods.namespaceSelector`,
    ),
    pods: readSelector(reading, child(both, "podSelector"), `${path}.pods.podSelector`),
  };
}

const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"];

function readProtocol(reading: Reading, value: Json, path: string): readonly PolicyPort[] {
  const keys = [...PROTOCOLS.map((each) => each.toLowerCase()), "destinationNamedPort"];
  known(reading, value, { path, keys });
  if (Object.keys(value).length !== 1)
    reading.errors.push(`${path}: expected exactly one of ${keys.join(", ")}`);
  const name = textAt(value, "destinationNamedPort");
  // A name is that of a container's port, of whichever protocol that is.
  if (name !== null) return PROTOCOLS.map((protocol) => ({ protocol, kind: "named", name }));
  return PROTOCOLS.flatMap((protocol) => {
    const key = protocol.toLowerCase();
    return key in value
      ? [readPort(reading, child(value, key), { path: `${path}.${key}`, protocol })]
      : [];
  });
}

function readPort(
  reading: Reading,
  match: Json,
  { path, protocol }: { readonly path: string; readonly protocol: Protocol },
): PolicyPort {
  known(reading, match, { path, keys: ["destinationPort"] });
  if (!("destinationPort" in match)) return { protocol, kind: "all" };
  const port = child(match, "destinationPort");
  known(reading, port, { path: `${path}.destinationPort`, keys: ["number", "range"] });
  const range = child(port, "range");
  const [first, last] = [port["number"] ?? range["start"], port["number"] ?? range["end"]];
  if (typeof first === "number" && typeof last === "number")
    return { protocol, kind: "range", first, last };
  reading.errors.push(`${path}.destinationPort: expected a number, or a range with start and end`);
  return { protocol, kind: "all" };
}
