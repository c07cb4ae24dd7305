/** Calico's policies on a pod, sentence by sentence of their documentation (projectcalico.org/v3); many combinations are in `@seam/reach`. */
import { type Address, invariant, parseAddress } from "@seam/base";
import { ANY } from "@seam/state";
import { describe, expect, test } from "vitest";

import { calicoFaults } from "./calico-faults.ts";
import type { CalicoKind } from "./calico-kinds.ts";
import { type Asked, permits } from "./permits.fixture.ts";
import { createPolicyIntent, type PolicyIntent } from "./policy-intent.ts";

const at = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};
const WEB = at("10.0.0.2");
const AWAY = at("10.0.1.2");
const OUTSIDE = at("192.0.2.10");
const OUTSIDE6 = at("2001:db8::10");

type Given = readonly [kind: CalicoKind, name: string, spec: object, labels?: object];

/** `lab-a/db` is on this node, `lab-a/web` and `lab-b/web` are elsewhere. */
function clusterWith(...objects: readonly Given[]): PolicyIntent {
  const intent = createPolicyIntent();
  intent.setNamespace("lab-a", { team: "a" });
  intent.setNamespace("lab-b", { team: "b" });
  intent.setServiceAccount("lab-a/robot", { kind: "machine" });
  for (const [key, address, serviceAccount] of [
    ["lab-a/db", "10.0.0.1", "default"],
    ["lab-a/web", "10.0.0.2", "robot"],
    ["lab-b/web", "10.0.1.2", "default"],
  ] as const) {
    const [namespace = "", app = ""] = key.split("/");
    intent.setPod(key, {
      namespace,
      uid: key,
      labels: { app },
      addresses: [at(address)],
      serviceAccount,
      hostNetwork: false,
      ports: [{ name: "http", protocol: "TCP", port: 8080 }],
    });
  }
  const addresses = [at("10.0.0.1"), at("fd00::1")];
  intent.setEndpoint("seam0", { addresses, pod: { key: "lab-a/db", uid: "" } });
  for (const given of objects) expect(put(intent, given)).toEqual([]);
  return intent;
}

const put = (intent: PolicyIntent, [kind, name, spec, labels = {}]: Given): readonly string[] =>
  intent.setCalico(kind, kind.startsWith("Network") ? `lab-a/${name}` : name, {
    metadata: { name, labels },
    spec,
  });

function passes(intent: PolicyIntent, asked: Partial<Asked> & Pick<Asked, "other">): boolean {
  intent.takeChange();
  const state = intent.state();
  const gate = state.gates.get("seam0");
  invariant(gate !== undefined, "the gate of lab-a/db");
  return permits(state, gate, { side: "ingress", protocol: "TCP", port: 80, ...asked });
}

const own = (...ingress: readonly object[]): Given => ["NetworkPolicy", "p", { ingress }];
const global = (order: number, ...ingress: readonly object[]): Given => [
  "GlobalNetworkPolicy",
  `g${order}`,
  { order, ingress },
];
const allow = { action: "Allow" };
const deny = { action: "Deny" };
const from = (source: object): object => ({ source });

describe("policies, rules and tiers (S23)", () => {
  test("a policy that selects a pod denies what none of its rules allows; other pods are as before", () => {
    expect(passes(clusterWith(), { other: WEB })).toBe(true);
    expect(passes(clusterWith(own()), { other: WEB })).toBe(false);
    expect(
      passes(clusterWith(["NetworkPolicy", "p", { selector: "app == 'web'" }]), { other: WEB }),
    ).toBe(true);
    expect(passes(clusterWith(own(allow)), { other: WEB })).toBe(true);
  });

  test("types follow the rules that are there", () => {
    const egress = clusterWith(["NetworkPolicy", "p", { egress: [allow] }]);
    expect(passes(egress, { other: WEB })).toBe(true);
    expect(passes(clusterWith(["NetworkPolicy", "p", {}]), { other: WEB, side: "egress" })).toBe(
      true,
    );
    const both = clusterWith(["NetworkPolicy", "p", { types: ["Ingress", "Egress"] }]);
    expect(passes(both, { other: WEB, side: "egress" })).toBe(false);
  });

  test("rules are looked at in their order, policies by theirs; without one a policy comes last", () => {
    expect(passes(clusterWith(own(deny, allow)), { other: WEB })).toBe(false);
    expect(passes(clusterWith(own(allow, deny)), { other: WEB })).toBe(true);
    expect(passes(clusterWith(global(2, deny), global(1, allow)), { other: WEB })).toBe(true);
    expect(passes(clusterWith(own(allow), global(5, deny)), { other: WEB })).toBe(false);
  });

  test("a rule that passes leaves it to the next tier, and a tier may end so too", () => {
    const early: Given = ["Tier", "early", { order: 10 }];
    const inEarly = (...ingress: readonly object[]): Given => [
      "GlobalNetworkPolicy",
      "early.p",
      { tier: "early", ingress },
    ];
    expect(passes(clusterWith(early, inEarly({ action: "Pass" }), own(deny)), { other: WEB })).toBe(
      false,
    );
    expect(passes(clusterWith(early, inEarly({ action: "Pass" })), { other: WEB })).toBe(true);
    expect(passes(clusterWith(early, inEarly(), own(allow)), { other: WEB })).toBe(false);
    const open: Given = ["Tier", "early", { order: 10, defaultAction: "Pass" }];
    const opened = clusterWith(early, inEarly(), own(allow));
    put(opened, open);
    expect(passes(opened, { other: WEB })).toBe(true);
    opened.setCalico("Tier", "early", null);
    expect(passes(opened, { other: WEB })).toBe(true);
  });

  test("they stand beside Kubernetes' policies, whose order is 1000", () => {
    const intent = clusterWith(global(999, { ...allow, ...from({ selector: "app == 'web'" }) }));
    intent.setPolicy("lab-a/none", { spec: { podSelector: {}, policyTypes: ["Ingress"] } });
    expect([passes(intent, { other: WEB }), passes(intent, { other: OUTSIDE })]).toEqual([
      true,
      false,
    ]);
  });
});

describe("whom a rule is about (I15)", () => {
  test("a namespace's policy means pods of its namespace, unless it selects namespaces", () => {
    const near = clusterWith(own({ ...allow, ...from({ selector: "app == 'web'" }) }));
    expect([passes(near, { other: WEB }), passes(near, { other: AWAY })]).toEqual([true, false]);
    const far = clusterWith(own({ ...allow, ...from({ namespaceSelector: "team == 'b'" }) }));
    expect([passes(far, { other: WEB }), passes(far, { other: AWAY })]).toEqual([false, true]);
  });

  test("service accounts are meant by their names and by their labels", () => {
    for (const serviceAccounts of [{ names: ["robot"] }, { selector: "kind == 'machine'" }]) {
      const intent = clusterWith(own({ ...allow, ...from({ serviceAccounts }) }));
      expect([passes(intent, { other: WEB }), passes(intent, { other: AWAY })]).toEqual([
        true,
        false,
      ]);
    }
    const intent = clusterWith(
      own({ ...allow, ...from({ serviceAccounts: { selector: "kind == 'machine'" } }) }),
    );
    intent.setServiceAccount("lab-a/robot", { kind: "other" });
    expect(passes(intent, { other: WEB })).toBe(false);
    const subject = clusterWith([
      "GlobalNetworkPolicy",
      "g",
      { serviceAccountSelector: "kind == 'machine'" },
    ]);
    subject.setServiceAccount("lab-a/default", { kind: "machine" });
    expect(passes(subject, { other: WEB })).toBe(false);
  });

  test("what is not selected is everybody else, also from outside", () => {
    const intent = clusterWith(own({ ...allow, ...from({ notNets: ["192.0.2.0/28"] }) }));
    expect(
      [WEB, OUTSIDE, at("192.0.2.99"), OUTSIDE6].map((other) => passes(intent, { other })),
    ).toEqual([true, false, true, true]);
    const selected = clusterWith(global(1, { ...allow, ...from({ notSelector: "app == 'web'" }) }));
    expect([WEB, AWAY, OUTSIDE].map((other) => passes(selected, { other }))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test("networks and selectors of one end must both be met", () => {
    const both = { selector: "app == 'web'", nets: ["10.0.1.0/24", "10.9.0.0/16"] };
    const intent = clusterWith(global(1, { ...allow, ...from(both) }));
    expect([WEB, AWAY, at("10.0.1.9")].map((other) => passes(intent, { other }))).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("a rule may be about the pod itself too, and about one family", () => {
    const destination = { selector: "app == 'db'", nets: ["10.0.0.1"] };
    const intent = clusterWith(global(1, { ...allow, destination }));
    expect([OUTSIDE, OUTSIDE6].map((other) => passes(intent, { other }))).toEqual([true, false]);
    const others = clusterWith(
      global(1, { ...allow, destination: { notSelector: "app == 'db'" } }),
    );
    expect(passes(others, { other: OUTSIDE })).toBe(false);
    const six = clusterWith(own({ ...allow, ipVersion: 6 }));
    expect([OUTSIDE, OUTSIDE6].map((other) => passes(six, { other }))).toEqual([false, true]);
  });
});

describe("sets of networks (I15)", () => {
  const set = (...nets: readonly string[]): Given => [
    "GlobalNetworkSet",
    "bad",
    { nets },
    { list: "bad" },
  ];
  const policy = global(1, { ...deny, ...from({ selector: "list == 'bad'" }) }, allow);

  test("a selector means sets as it does pods, and follows them", () => {
    const intent = clusterWith(policy);
    expect(passes(intent, { other: OUTSIDE })).toBe(true);
    put(intent, set("192.0.2.0/24", "2001:db8::10"));
    expect([OUTSIDE, OUTSIDE6, WEB].map((other) => passes(intent, { other }))).toEqual([
      false,
      false,
      true,
    ]);
    put(intent, set("10.0.0.0/24"));
    expect([OUTSIDE, WEB, AWAY].map((other) => passes(intent, { other }))).toEqual([
      true,
      false,
      true,
    ]);
    put(intent, ["GlobalNetworkSet", "bad", { nets: ["10.0.0.0/24"] }, { list: "good" }]);
    expect(passes(intent, { other: WEB })).toBe(true);
    put(intent, set("10.0.0.0/24"));
    intent.setCalico("GlobalNetworkSet", "bad", null);
    expect(passes(intent, { other: WEB })).toBe(true);
  });

  test("a pod that is denied stays so when a set has its address that a later rule allows", () => {
    const quarantined = { ...deny, ...from({ selector: "app == 'web'" }) };
    const intent = clusterWith(
      global(1, quarantined, { ...allow, ...from({ selector: "has(app) || list == 'good'" }) }),
    );
    expect(passes(intent, { other: WEB })).toBe(false);
    intent.takeChange();
    put(intent, ["GlobalNetworkSet", "good", { nets: ["10.0.0.0/16"] }, { list: "good" }]);
    expect([WEB, at("10.0.5.5")].map((other) => passes(intent, { other }))).toEqual([false, true]);
    intent.setCalico("GlobalNetworkSet", "good", null);
    expect(passes(intent, { other: WEB })).toBe(false);
  });

  test("fields of sets and tiers that nobody knows are told", () => {
    const intent = clusterWith();
    expect(put(intent, ["GlobalNetworkSet", "s", { nets: ["x"], domains: [] }])).toEqual([
      "spec.domains: expected one of nets",
      expect.stringMatching(/^spec\.nets\[0\]: /),
    ]);
    expect(put(intent, ["Tier", "t", { order: 1, action: "Pass" }])).toEqual([
      "spec.action: expected one of order, defaultAction",
    ]);
  });

  test("a namespace's policy means sets of its namespace, and those of the cluster by global()", () => {
    const near: Given = ["NetworkSet", "near", { nets: ["192.0.2.0/28"] }, { list: "bad" }];
    const wide: Given = ["GlobalNetworkSet", "wide", { nets: ["192.0.2.64/28"] }, { list: "bad" }];
    const peers = (more: object): Given =>
      own({ ...allow, ...from({ selector: "list == 'bad'", ...more }) });
    const reach = (intent: PolicyIntent): readonly boolean[] =>
      [OUTSIDE, at("192.0.2.70")].map((other) => passes(intent, { other }));
    expect(reach(clusterWith(near, wide, peers({})))).toEqual([true, false]);
    expect(reach(clusterWith(near, wide, peers({ namespaceSelector: "global()" })))).toEqual([
      false,
      true,
    ]);
    expect(reach(clusterWith(near, wide, peers({ namespaceSelector: "all()" })))).toEqual([
      true,
      false,
    ]);
  });
});

describe("protocols and ports (I15)", () => {
  const web = { other: WEB } as const;
  test("ports are numbers, ranges and names of the pod that is spoken to", () => {
    const intent = clusterWith(
      own({ ...allow, protocol: "TCP", destination: { ports: [80, "90:99", "http"] } }),
    );
    expect([80, 95, 8080, 81].map((port) => passes(intent, { ...web, port }))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(passes(intent, { ...web, protocol: "UDP" })).toBe(false);
    const not = clusterWith(own({ ...allow, protocol: "TCP", destination: { notPorts: [80] } }));
    expect([80, 81].map((port) => passes(not, { ...web, port }))).toEqual([false, true]);
  });

  test("names of ports are those of peers where they are spoken to", () => {
    const destination = { selector: "app == 'web'", notNets: ["10.0.1.0/24"], ports: ["http"] };
    const intent = clusterWith([
      "GlobalNetworkPolicy",
      "g",
      { types: ["Egress"], egress: [{ ...allow, protocol: "TCP", destination }] },
    ]);
    const asked = { side: "egress", port: 8080 } as const;
    expect([WEB, AWAY].map((other) => passes(intent, { other, ...asked }))).toEqual([true, false]);
    expect(passes(intent, { other: WEB, side: "egress", port: 80 })).toBe(false);
  });

  test("types and codes of ICMP, protocols by number, and what is none of them", () => {
    const ping = { ...web, protocol: "ICMP", port: 8 * 256 } as const;
    const some = clusterWith(own({ ...allow, protocol: "ICMP", icmp: { type: 8 } }));
    expect([
      passes(some, ping),
      passes(some, { ...ping, port: 13 * 256 }),
      passes(some, web),
    ]).toEqual([true, false, false]);
    const not = clusterWith(own({ ...allow, protocol: "icmp", notICMP: { type: 8, code: 0 } }));
    expect([passes(not, ping), passes(not, { ...ping, port: 8 * 256 + 1 })]).toEqual([false, true]);
    const gre = clusterWith(own({ ...allow, protocol: 47 }));
    expect([passes(gre, { ...web, port: null }), passes(gre, web)]).toEqual([true, false]);
    const noTcp = clusterWith(own({ ...allow, notProtocol: 6 }));
    expect([passes(noTcp, web), passes(noTcp, ping)]).toEqual([false, true]);
  });

  test("a rule that logs decides nothing, and what it logs is shown", () => {
    const intent = clusterWith(
      own({ action: "Log", protocol: "TCP" }, { ...allow, protocol: "UDP" }),
    );
    expect([passes(intent, web), passes(intent, { ...web, protocol: "UDP" })]).toEqual([
      false,
      true,
    ]);
    expect(intent.state().gates.get("seam0")?.ingress?.get(ANY.ipv4)).toBe("udp/* log tcp/*");
  });
});

describe("what is not understood is told by field, and fails closed", () => {
  test.each([
    [
      { ...allow, source: { ports: [80] } },
      "spec.ingress[0].source.ports: expected one of nets, notNets, selector, notSelector, namespaceSelector, serviceAccounts",
    ],
    [
      { ...allow, http: { methods: ["GET"] } },
      "spec.ingress[0].http: expected one of action, ipVersion, protocol, notProtocol, icmp, notICMP, source, destination, metadata",
    ],
    [{ action: "Maybe" }, "spec.ingress[0].action: expected Allow, Deny, Pass, Log"],
    [
      { ...allow, destination: { ports: [80] } },
      "spec.ingress[0].destination.ports: expected protocol TCP, UDP or SCTP beside ports",
    ],
    [
      { ...allow, protocol: "TCP", destination: { notPorts: ["web"] } },
      "spec.ingress[0].destination.notPorts: expected numbers; what is not a port by its name is not supported",
    ],
    [
      { ...allow, protocol: "XTP" },
      "spec.ingress[0].protocol: expected TCP, UDP, SCTP, ICMP, ICMPv6, UDPLite or a number from 1 to 255",
    ],
    [
      { ...allow, icmp: { type: 8 } },
      "spec.ingress[0].icmp: expected protocol ICMP or ICMPv6 beside it",
    ],
    [{ ...allow, source: { nets: ["10.0.0.1/8/9"] } }, "spec.ingress[0].source.nets[0]: "],
    [
      { ...allow, source: { selector: "app = 'x'" } },
      "spec.ingress[0].source.selector: not understood from here on: = 'x'",
    ],
    [{ ...allow, ipVersion: 5 }, "spec.ingress[0].ipVersion: expected 4 or 6"],
  ])("%j", (rule, fault) => {
    const object = { spec: { ingress: [rule] } };
    expect(calicoFaults("NetworkPolicy", object).faults.join()).toContain(fault);
    const intent = clusterWith();
    intent.setCalico("NetworkPolicy", "lab-a/p", object);
    expect(passes(intent, { other: WEB })).toBe(false);
    intent.setCalico("NetworkPolicy", "lab-a/p", {
      spec: { ingress: [{ ...rule, action: "Deny" }, allow] },
    });
    expect(passes(intent, { other: WEB, port: 1, protocol: "SCTP" })).toBe(false);
  });

  test("a policy of which it is not clear whom it is about is not in force", () => {
    const intent = clusterWith();
    const faults = put(intent, ["GlobalNetworkPolicy", "g", { selector: "app = 'db'" }]);
    expect(faults).toEqual(["spec.selector: not understood from here on: = 'db'"]);
    expect(passes(intent, { other: WEB })).toBe(true);
    expect(
      put(intent, ["GlobalNetworkPolicy", "g", { doNotTrack: true, applyOnForward: true }]),
    ).toHaveLength(1);
    expect(
      calicoFaults("Tier", { metadata: { name: "default" }, spec: { order: 5 } }).faults,
    ).toEqual(["spec: tier default always has order 1000000 and defaultAction Deny"]);
    expect(calicoFaults("GlobalNetworkSet", { spec: { nets: ["x"] } })).toMatchObject({
      faults: [expect.any(String)],
      leaves: "out",
    });
  });
});
