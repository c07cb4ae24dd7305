/**
 * NetworkPolicies as the API defines them (networking.k8s.io/v1), read for the question who may speak to whom. What is written here
 * follows the documentation of the API's types alone and shares nothing with what makes nodes enforce policies, so that each can
 * be held against the other.
 */
import { type Cidr, err, ok, parseNetwork, type Result } from "@seam/base";
import { child, children, isJson, type Json, type KubeObject, textAt } from "@seam/kube";

/** Transport protocols that policies know. */
export type Protocol = "TCP" | "UDP" | "SCTP";

/** A condition on labels. */
type Requirement = {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
};

/** A selector of labels: all requirements hold; an empty one selects everything. */
export type Selector = readonly Requirement[];

/** Whom a rule is about. */
export type PolicyPeer =
  | {
      readonly kind: "pods";
      /** Null: the namespace of the policy. */
      readonly namespaces: Selector | null;
      readonly pods: Selector;
    }
  | { readonly kind: "block"; readonly cidr: Cidr; readonly except: readonly Cidr[] };

/** Ports that a rule is about: all of a protocol, a range, or what a container calls so. */
export type PolicyPort = { readonly protocol: Protocol } & (
  | { readonly kind: "all" }
  | { readonly kind: "range"; readonly first: number; readonly last: number }
  | { readonly kind: "named"; readonly name: string }
);

/** What a rule lets pass; null: everyone, or every port. */
export type PolicyRule = {
  readonly peers: readonly PolicyPeer[] | null;
  readonly ports: readonly PolicyPort[] | null;
};

/** One policy; null for a direction that it does not isolate. */
export type NetworkPolicy = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Json;
  readonly selector: Selector;
  readonly ingress: readonly PolicyRule[] | null;
  readonly egress: readonly PolicyRule[] | null;
};

/** Reads a NetworkPolicy; the errors name fields that cannot be understood, of which none is passed over. */
export function readPolicy(object: KubeObject): Result<NetworkPolicy, readonly string[]> {
  const spec = child(object, "spec");
  const reading = { errors: new Array<string>() };
  known(reading, spec, { path: "spec", keys: ["podSelector", "policyTypes", "ingress", "egress"] });
  const types = listAt(spec, "policyTypes");
  // Without types: ingress always, egress when there is a rule for it.
  const isolates = (type: string): boolean =>
    types.length > 0
      ? types.includes(type)
      : type === "Ingress" || listAt(spec, "egress").length > 0;
  const rules = (key: "ingress" | "egress"): readonly PolicyRule[] =>
    children(spec, key).map((rule, at) =>
      readRule(reading, rule, {
        path: `spec.${key}[${at}]`,
        peers: key === "ingress" ? "from" : "to",
      }),
    );
  const policy: NetworkPolicy = {
    namespace: object.metadata.namespace ?? "",
    name: object.metadata.name,
    labels: child(object.metadata, "labels"),
    selector: readSelector(reading, child(spec, "podSelector"), "spec.podSelector"),
    ingress: isolates("Ingress") ? rules("ingress") : null,
    egress: isolates("Egress") ? rules("egress") : null,
  };
  return reading.errors.length === 0 ? ok(policy) : err(reading.errors);
}

/** What could not be read so far. */
export type Reading = { readonly errors: string[] };

/** Tells fields that are not among those that are known. */
export function known(
  { errors }: Reading,
  value: Json,
  { path, keys }: { readonly path: string; readonly keys: readonly string[] },
): void {
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) errors.push(`${path}.${key}: expected one of ${keys.join(", ")}`);
  }
}

/** The list of that name; empty when there is none. */
export const listAt = (value: Json, key: string): readonly unknown[] => {
  const found = value[key];
  return Array.isArray(found) ? found : [];
};

function readRule(
  reading: Reading,
  rule: Json,
  { path, peers: key }: { readonly path: string; readonly peers: "from" | "to" },
): PolicyRule {
  known(reading, rule, { path, keys: [key, "ports"] });
  const peers = children(rule, key).map((peer, at) =>
    readPeer(reading, peer, `${path}.${key}[${at}]`),
  );
  const ports = children(rule, "ports").map((port, at) =>
    readPort(reading, port, `${path}.ports[${at}]`),
  );
  // An empty list and a missing one mean the same: no restriction.
  return { peers: peers.length === 0 ? null : peers, ports: ports.length === 0 ? null : ports };
}

function readPeer(reading: Reading, peer: Json, path: string): PolicyPeer {
  known(reading, peer, { path, keys: ["podSelector", "namespaceSelector", "ipBlock"] });
  if (isJson(peer["ipBlock"])) return readBlock(reading, peer["ipBlock"], `${path}.ipBlock`);
  const namespaces = peer["namespaceSelector"];
  return {
    kind: "pods",
    namespaces: isJson(namespaces)
      ? readSelector(reading, namespaces, `${path}.namespaceSelector`)
      : null,
    // Without a selector of pods: all pods of the namespaces.
    pods: readSelector(reading, child(peer, "podSelector"), `${path}.podSelector`),
  };
}

function readBlock(reading: Reading, block: Json, path: string): PolicyPeer {
  known(reading, block, { path, keys: ["cidr", "except"] });
  const cidrs = [block["cidr"], ...listAt(block, "except")].flatMap((text) => {
    const parsed = parseNetwork(String(text));
    if (!parsed.ok) reading.errors.push(`${path}: ${parsed.error}`);
    return parsed.ok ? [parsed.value] : [];
  });
  const [cidr = NOWHERE, ...except] = cidrs;
  return { kind: "block", cidr, except };
}

/** Stands for a block that cannot be read, which is an error. */
const NOWHERE: Cidr = { address: { family: "ipv4", bytes: [0, 0, 0, 0] }, length: 32 };

function readPort(reading: Reading, port: Json, path: string): PolicyPort {
  known(reading, port, { path, keys: ["protocol", "port", "endPort"] });
  const protocol = protocolOf(textAt(port, "protocol") ?? "TCP");
  if (protocol === null) reading.errors.push(`${path}.protocol: expected TCP, UDP or SCTP`);
  const first = port["port"];
  const last = port["endPort"] ?? first;
  const of = { protocol: protocol ?? "TCP" };
  if (typeof first === "number" && typeof last === "number")
    return { ...of, kind: "range", first, last };
  return typeof first === "string" ? { ...of, kind: "named", name: first } : { ...of, kind: "all" };
}

/** The protocol of a name, or null. */
export const protocolOf = (text: string): Protocol | null =>
  text === "TCP" || text === "UDP" || text === "SCTP" ? text : null;

const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

/** Reads a LabelSelector (meta/v1). */
export function readSelector(reading: Reading, selector: Json, path: string): Selector {
  known(reading, selector, { path, keys: ["matchLabels", "matchExpressions"] });
  const labels = Object.entries(child(selector, "matchLabels")).map(([key, value]) => ({
    key,
    operator: "In" as const,
    values: [String(value)],
  }));
  const expressions = children(selector, "matchExpressions").flatMap((each, at) => {
    const operator = OPERATORS.find((one) => one === each["operator"]);
    if (operator === undefined) {
      const expected = OPERATORS.join(", ");
      reading.errors.push(`${path}.matchExpressions[${at}].operator: expected one of ${expected}`);
      return [];
    }
    return [
      { key: textAt(each, "key") ?? "", operator, values: listAt(each, "values").map(String) },
    ];
  });
  return [...labels, ...expressions];
}

/** Whether labels meet a selector. `NotIn` is also met by labels without the key. */
export const selects = (selector: Selector, labels: Json): boolean =>
  selector.every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    const isIn = typeof value === "string" && values.includes(value);
    switch (operator) {
      case "In":
        return isIn;
      case "NotIn":
        return !isIn;
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
    }
  });
