/** Random policies, as the API server takes them. */
import fc from "fast-check";

/** Ports that policies name by numbers. */
export const PORTS = [80, 81, 443, 8080] as const;
export const PROTOCOLS = ["TCP", "UDP", "SCTP"] as const;

/** Labels of pods, namespaces and nodes. */
export const labels = fc.record(
  { app: fc.constantFrom("a", "b"), tier: fc.constantFrom("1", "2") },
  { requiredKeys: [] },
);
const requirement = fc.oneof(
  fc.record({
    key: fc.constantFrom("app", "tier"),
    operator: fc.constantFrom("In", "NotIn"),
    values: fc.subarray(["a", "b", "1", "2"], { minLength: 1 }),
  }),
  fc.record({
    key: fc.constantFrom("app", "tier"),
    operator: fc.constantFrom("Exists", "DoesNotExist"),
  }),
);
const selector = fc.oneof(
  // Most of the others select nothing.
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      {},
      { matchLabels: { app: "a" } },
      { matchLabels: { app: "b" } },
      { matchLabels: { tier: "1" } },
      { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["1"] }] },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      { matchLabels: labels, matchExpressions: fc.array(requirement, { maxLength: 2 }) },
      { requiredKeys: [] },
    ),
  },
);
const protocol = fc.constantFrom(...PROTOCOLS);
const port = fc.oneof(
  fc.record({ protocol }, { requiredKeys: [] }),
  fc.record({ protocol, port: fc.constantFrom(...PORTS) }, { requiredKeys: ["port"] }),
  fc.record({ protocol, port: fc.constantFrom("web", "db") }, { requiredKeys: ["port"] }),
  fc.record({ protocol, port: fc.constant(80), endPort: fc.constantFrom(80, 443) }),
);
const ports = fc.array(port, { maxLength: 2 });
const selected = fc.record({ podSelector: selector, namespaceSelector: selector });
const subject = fc.oneof(fc.record({ namespaces: selector }), fc.record({ pods: selected }));
const numbers = fc.record({
  destinationPort: fc.oneof(
    fc.record({ number: fc.constantFrom(...PORTS) }),
    fc.constant({ range: { start: 80, end: 443 } }),
  ),
});
const match = fc.oneof(
  fc.record({ tcp: fc.oneof(fc.constant({}), numbers) }),
  fc.record({ udp: numbers }),
  fc.record({ sctp: numbers }),
  fc.record({ destinationNamedPort: fc.constantFrom("web", "db") }),
);
const clusterRules = <T>(key: "from" | "to", item: fc.Arbitrary<T>): fc.Arbitrary<object[]> =>
  fc.array(
    fc.record(
      {
        action: fc.constantFrom("Accept", "Deny", "Pass"),
        [key]: fc.array(item, { minLength: 1, maxLength: 2 }),
        protocols: fc.array(match, { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: ["action", key] },
    ),
    { maxLength: 3 },
  );
/** Specifications of NetworkPolicies about blocks of these. */
export function policySpec(blocks: readonly object[]): fc.Arbitrary<object> {
  const block = fc.constantFrom(...blocks);
  const peer = fc.oneof(
    fc.record({ podSelector: selector }),
    fc.record({ namespaceSelector: selector }),
    fc.record({ podSelector: selector, namespaceSelector: selector }),
    fc.record({ ipBlock: block }),
  );
  const ingress = fc.array(
    fc.record({ from: fc.array(peer, { maxLength: 2 }), ports }, { requiredKeys: [] }),
    { maxLength: 2 },
  );
  const egress = fc.array(
    fc.record({ to: fc.array(peer, { maxLength: 2 }), ports }, { requiredKeys: [] }),
    { maxLength: 2 },
  );
  return fc.record(
    {
      podSelector: selector,
      policyTypes: fc.constantFrom(["Ingress"], ["Egress"], ["Ingress", "Egress"]),
      ingress,
      egress,
    },
    { requiredKeys: ["podSelector", "policyTypes"] },
  );
}

/** Specifications of ClusterNetworkPolicies about these networks. */
export function clusterPolicySpec(cidrs: readonly string[]): fc.Arbitrary<object> {
  const network = fc.constantFrom(...cidrs);
  const networks = fc.uniqueArray(network, { minLength: 1, maxLength: 2 });
  const target = fc.oneof(subject, fc.record({ nodes: selector }), fc.record({ networks }));
  return fc.record({
    tier: fc.constantFrom("Admin", "Baseline"),
    priority: fc.nat(2),
    subject,
    ingress: clusterRules("from", subject),
    egress: clusterRules("to", target),
  });
}
