/** Random objects of Calico's kinds, as the API server takes them, over the vocabulary of specs.fixture.ts and steps.fixture.ts. */
import fc from "fast-check";

import { labels, PORTS } from "./specs.fixture.ts";

/** Whom pods run as; of every namespace. */
export const ACCOUNTS = ["default", "robot"] as const;
/** Tiers that can be made, beside those that always are. */
export const TIERS = ["early", "late"] as const;
/** Messages of ICMP that rules name, and others. */
export const ICMP_MESSAGES = [
  { type: 8, code: 0 },
  { type: 8, code: 1 },
  { type: 128, code: 0 },
  { type: 3, code: 4 },
  { type: 0, code: 0 },
] as const;
/** Protocols without ports that rules name, and another. */
export const OTHER_PROTOCOLS = [47, 136, 50] as const;

const value = fc.constantFrom("a", "b", "1", "2");
const quoted = value.map((text) => `'${text}'`);
const term = (keys: readonly string[]): fc.Arbitrary<string> => {
  const key = fc.constantFrom(...keys);
  const texts = fc.array(quoted, { maxLength: 3 }).map((all) => `{${all.join(", ")}}`);
  const word = fc.constantFrom("==", "!=", "contains", "starts with", "ends with");
  return fc.oneof(
    { weight: 4, arbitrary: fc.tuple(key, word, quoted).map((parts) => parts.join(" ")) },
    {
      weight: 2,
      arbitrary: fc.tuple(key, fc.constantFrom("in", "not in"), texts).map((all) => all.join(" ")),
    },
    key.map((each) => `has(${each})`),
    key.map((each) => `!has(${each})`),
  );
};

/** Terms alone, as most selectors are, and put together. */
function selectorOver(terms: fc.Arbitrary<string>, atoms: readonly string[]): fc.Arbitrary<string> {
  const one = fc.oneof(
    { weight: 4, arbitrary: terms },
    { weight: 1, arbitrary: fc.constantFrom(...atoms) },
  );
  const sign = fc.constantFrom("&&", "||");
  return fc.oneof(
    { weight: 4, arbitrary: one },
    fc.tuple(one, sign, one).map((parts) => parts.join(" ")),
    one.map((each) => `!(${each})`),
    fc
      .tuple(one, sign, one, sign, one)
      .map(([a, first, b, second, c]) => `(${a} ${first} ${b}) ${second} !(${c})`),
  );
}

const OWN = ["app", "tier"];
/** Of pods and network sets, by their own labels and by those that Calico gives them. */
const selector = selectorOver(
  fc.oneof(
    { weight: 6, arbitrary: term(OWN) },
    fc.constantFrom(
      "projectcalico.org/namespace == 'x'",
      "projectcalico.org/namespace != 'y'",
      "projectcalico.org/serviceaccount == 'robot'",
      "projectcalico.org/orchestrator == 'k8s'",
      "pcns.app == 'a'",
      "pcns.projectcalico.org/name == 'y'",
      "!has(pcns.tier)",
      "pcsa.app == 'b'",
      "has(pcsa.tier)",
    ),
  ),
  ["all()"],
);
const namespaceTerm = fc.oneof(
  { weight: 3, arbitrary: term(OWN) },
  fc.constantFrom("projectcalico.org/name == 'x'", "projectcalico.org/name in {'y', 'z'}"),
);
const namespaceSelector = selectorOver(namespaceTerm, ["all()"]);
const scopeSelector = selectorOver(namespaceTerm, ["all()", "global()"]);
const accountSelector = selectorOver(
  fc.oneof({ weight: 3, arbitrary: term(OWN) }, fc.constant("projectcalico.org/name == 'robot'")),
  ["all()"],
);

/** Once in so many times. */
const oneIn = <T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const mostly = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary }, { weight: 1, arbitrary: fc.constant(undefined) });
/** What is not said is not there. */
const without = (of: object): object =>
  Object.fromEntries(Object.entries(of).filter(([, each]) => each !== undefined));

const serviceAccounts = fc
  .record({
    names: oneIn(2, fc.uniqueArray(fc.constantFrom(...ACCOUNTS, "nobody"), { maxLength: 2 })),
    selector: oneIn(2, accountSelector),
  })
  .map(without);

const port = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<number | string>(...PORTS) },
  fc.constantFrom<number | string>("80:443", "8080", "1:80"),
  { weight: 2, arbitrary: fc.constantFrom<number | string>("web", "db") },
);
const ports = fc.array(port, { minLength: 1, maxLength: 2 });

const netsOf = (blocks: readonly string[]): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...blocks), { minLength: 1, maxLength: 2 });

/** Most ends ask for one thing or nothing, so that rules are about somebody. */
const entity = (blocks: readonly string[]): fc.Arbitrary<object> => {
  const nets = netsOf(blocks);
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant({}) },
    { weight: 3, arbitrary: fc.record({ selector }) },
    fc.record({ notSelector: selector }),
    fc.record({ nets }),
    fc.record({ notNets: nets }),
    fc.record({ namespaceSelector: scopeSelector }),
    fc.record({ serviceAccounts }),
    fc.record({ selector, namespaceSelector: scopeSelector }),
    fc
      .record({
        selector: oneIn(2, selector),
        notSelector: oneIn(3, selector),
        namespaceSelector: oneIn(2, scopeSelector),
        serviceAccounts: oneIn(3, serviceAccounts),
        nets: oneIn(3, nets),
        notNets: oneIn(3, nets),
      })
      .map(without),
  );
};

/** What is asked of the pod's own end, in a rule of either direction. */
const ownEnd = (blocks: readonly string[]): fc.Arbitrary<object> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, entity(blocks));

const PORT_PROTOCOLS = ["TCP", "TCP", "UDP", "SCTP", "tcp", "Udp", 6, 17, 132] as const;
const withPorts = fc
  .record({
    protocol: fc.constantFrom(...PORT_PROTOCOLS),
    ports: oneIn(2, ports),
    notPorts: oneIn(3, ports),
  })
  .map(({ protocol, ...of }) => ({ traffic: { protocol }, ports: without(of) }));

const icmp = fc
  .record({ message: fc.constantFrom(...ICMP_MESSAGES), hasCode: fc.boolean() })
  .map(({ message: { type, code }, hasCode }) => (hasCode ? { type, code } : { type }));
const icmpProtocol = fc.constantFrom("ICMP", "ICMPv6", "icmp", 1, 58);
const withoutPorts = fc
  .oneof(
    { weight: 6, arbitrary: fc.constant({}) },
    fc.record({ protocol: fc.constantFrom<number | string>(...PORT_PROTOCOLS, "UDPLite", 47) }),
    fc.record({
      notProtocol: fc.constantFrom<number | string>(...PORT_PROTOCOLS, "ICMP", "udplite", 58, 47),
    }),
    fc.record({ protocol: icmpProtocol }),
    fc.record({ protocol: icmpProtocol, icmp }),
    fc.record({ protocol: icmpProtocol, notICMP: icmp }),
    fc.record({ protocol: icmpProtocol, icmp, notICMP: icmp }),
  )
  .map((traffic) => ({ traffic, ports: {} }));

const action = fc.oneof(
  { weight: 3, arbitrary: fc.constant("Allow") },
  { weight: 3, arbitrary: fc.constant("Deny") },
  { weight: 2, arbitrary: fc.constant("Pass") },
  fc.constant("Log"),
);

const rule = (direction: "ingress" | "egress", blocks: readonly string[]): fc.Arbitrary<object> =>
  fc
    .record({
      action,
      ipVersion: oneIn(6, fc.constantFrom(4, 6)),
      sent: fc.oneof(withPorts, withoutPorts),
      peer: entity(blocks),
      own: ownEnd(blocks),
    })
    .map(({ sent, peer, own, ...of }) => {
      const [source, server] = direction === "ingress" ? [peer, own] : [own, peer];
      const destination = { ...server, ...sent.ports };
      return without({ ...of, ...sent.traffic, source, destination });
    });

const order = oneIn(3, fc.constantFrom(-1, 0.5, 1, 1000, 1001));
const tier = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(undefined, "default") },
  { weight: 4, arbitrary: fc.constantFrom(...TIERS) },
  // There is never a Tier of the last name.
  fc.constantFrom("kube-admin", "kube-baseline", "nowhere"),
);
const types = oneIn(2, fc.constantFrom(["Ingress"], ["Egress"], ["Ingress", "Egress"]));

const common = (blocks: readonly string[]) => ({
  tier,
  order,
  types,
  selector: oneIn(2, selector),
  serviceAccountSelector: oneIn(4, accountSelector),
  ingress: mostly(fc.array(rule("ingress", blocks), { maxLength: 4, size: "max" })),
  egress: mostly(fc.array(rule("egress", blocks), { maxLength: 4, size: "max" })),
});

/** Specifications of Calico's NetworkPolicies about these networks. */
export const calicoPolicySpec = (blocks: readonly string[]): fc.Arbitrary<object> =>
  fc.record(common(blocks)).map(without);

/** Specifications of GlobalNetworkPolicies about these networks. */
export const calicoGlobalPolicySpec = (blocks: readonly string[]): fc.Arbitrary<object> =>
  fc
    .record({
      ...common(blocks),
      namespaceSelector: oneIn(3, namespaceSelector),
      beforeTranslation: fc.nat(9).map((roll) => roll === 0),
      applyOnForward: oneIn(4, fc.boolean()),
    })
    .map(({ beforeTranslation, egress, ...of }) =>
      // Such a policy has no egress, as the API server has it.
      beforeTranslation
        ? without({ ...of, types: ["Ingress"], preDNAT: true, applyOnForward: true })
        : without({ ...of, egress }),
    );

type RuleDraft = { readonly source?: object; readonly destination?: object };

/** What is forwarded is judged by its other end, and by ports that have numbers. */
function withoutOwnEnd(direction: "ingress" | "egress", drafts: readonly object[]): object[] {
  return drafts.map((draft: RuleDraft) => {
    if (direction === "egress") return { ...draft, source: {} };
    const { destination = {} } = draft;
    const numbers = Object.entries(destination).filter(
      ([key, each]) => /ports$/i.test(key) && !/web|db/.test(`${each}`),
    );
    return { ...draft, destination: Object.fromEntries(numbers) };
  });
}

/** Specifications of GlobalNetworkPolicies that are in force at host endpoints, about these networks. */
export const calicoHostPolicySpec = (blocks: readonly string[]): fc.Arbitrary<object> =>
  fc
    .record({
      ...common(blocks),
      tier: fc.constantFrom(undefined, "default", ...TIERS),
      use: fc.constantFrom("local", "forward", "before"),
    })
    .map(({ use, egress = [], ingress = [], ...given }) => {
      const of = { ...given, serviceAccountSelector: undefined };
      if (use === "local") return without({ ...of, ingress, egress });
      const coming = withoutOwnEnd("ingress", ingress);
      const onForward = { ...of, applyOnForward: true, ingress: coming };
      return use === "before"
        ? without({ ...onForward, types: ["Ingress"], preDNAT: true })
        : without({ ...onForward, egress: withoutOwnEnd("egress", egress) });
    });

/** Specifications of Tiers, before, between and after those that always are. */
export const tierSpec: fc.Arbitrary<object> = fc
  .record({
    order: oneIn(4, fc.constantFrom(1, 1000, 5000, 1_000_000, 2_000_000, 20_000_000)),
    defaultAction: oneIn(2, fc.constantFrom("Deny", "Pass")),
  })
  .map(without);

/** Labels and specifications of NetworkSets and GlobalNetworkSets of these networks. */
export const networkSet = (
  blocks: readonly string[],
): fc.Arbitrary<{ readonly labels: object; readonly spec: object }> =>
  fc.record({ labels: labels.map(without), spec: fc.record({ nets: netsOf(blocks) }) });

/** Labels of service accounts. */
export const accountLabels: fc.Arbitrary<object> = labels.map(without);
