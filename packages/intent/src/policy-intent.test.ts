/** What policies mean, case by case; the many combinations are in `@seam/reach`, held against its evaluator. */
import { type Address, invariant, parseAddress } from "@seam/base";
import { ANY, type PeerClass } from "@seam/state";
import { describe, expect, test } from "vitest";

import { type Asked, permits } from "./permits.fixture.ts";
import { createPolicyIntent, type PolicyIntent } from "./policy-intent.ts";

const at = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};

const pods = {
  "lab-a/db": { app: "db", last: 1 },
  "lab-a/web": { app: "web", last: 2 },
  "lab-b/web": { app: "web", last: 3 },
} as const;
const OUTSIDE = { near: at("192.0.2.10"), far: at("198.51.100.1") };
const addressOf = (key: keyof typeof pods): Address => at(`10.0.0.${pods[key].last}`);

/** A cluster of three pods, of which `lab-a/db` is on this node, with one policy of that spec. */
function clusterWith(...specs: readonly object[]): PolicyIntent {
  const intent = createPolicyIntent();
  for (const name of ["lab-a", "lab-b"]) intent.setNamespace(name, { team: name });
  for (const [key, { app, last }] of Object.entries(pods))
    intent.setPod(key, {
      namespace: key.split("/")[0] ?? "",
      uid: key,
      labels: { app },
      addresses: [at(`10.0.0.${last}`)],
      serviceAccount: "default",
      hostNetwork: false,
      ports: [{ name: "http", protocol: "TCP", port: 8080 + last }],
    });
  intent.setEndpoint("seam0", { addresses: [at("10.0.0.1")], pod: { key: "lab-a/db", uid: "" } });
  for (const [index, spec] of specs.entries())
    expect(intent.setPolicy(`lab-a/p${index}`, { spec })).toEqual([]);
  intent.takeChange();
  return intent;
}

function passes(intent: PolicyIntent, asked: Partial<Asked> & Pick<Asked, "other">): boolean {
  const state = intent.state();
  const gate = state.gates.get("seam0");
  invariant(gate !== undefined, "the gate of lab-a/db");
  return permits(state, gate, { side: "ingress", protocol: "TCP", port: 80, ...asked });
}

const db = { podSelector: { matchLabels: { app: "db" } } };
const web = { podSelector: { matchLabels: { app: "web" } } };
const [near, other] = [addressOf("lab-a/web"), addressOf("lab-b/web")];

test("a pod that a TCP rule selects takes no UDP and no ICMP (§4.5 defect 1)", () => {
  const intent = clusterWith({ ...db, ingress: [{ from: [web], ports: [{ port: 80 }] }] });
  expect(passes(intent, { other: near })).toBe(true);
  expect(passes(intent, { other: near, protocol: "UDP" })).toBe(false);
  expect(passes(intent, { other: near, port: null })).toBe(false);
  expect(passes(intent, { other: near, side: "egress" })).toBe(true);
});

test("selectors of pods and namespaces alone decide, and their default is the policy's namespace (§4.5 defect 2)", () => {
  const intent = clusterWith({ ...db, ingress: [{ from: [web] }] });
  expect([near, other].map((each) => passes(intent, { other: each }))).toEqual([true, false]);
  const everywhere = clusterWith({
    ...db,
    ingress: [{ from: [{ ...web, namespaceSelector: {} }] }],
  });
  expect([near, other].map((each) => passes(everywhere, { other: each }))).toEqual([true, true]);
});

test("a rule for SCTP lets SCTP pass and nothing else (§4.5 defects 3 and 4)", () => {
  const intent = clusterWith({ ...db, ingress: [{ ports: [{ protocol: "SCTP", port: 7 }] }] });
  const asked = { other: near, port: 7 } as const;
  expect(passes(intent, { ...asked, protocol: "SCTP" })).toBe(true);
  expect([passes(intent, asked), passes(intent, { ...asked, port: null })]).toEqual([false, false]);
});

test("all ports and all blocks of a rule count, and a protocol without a port means all of them (§4.5 defects 5 and 6)", () => {
  const blocks = ["192.0.2.0/28", "198.51.100.1/32"].map((cidr) => ({ ipBlock: { cidr } }));
  const ports = [{ port: 80 }, { port: 90, endPort: 99 }, { protocol: "UDP" }];
  const intent = clusterWith({ ...db, ingress: [{ from: blocks, ports }] });
  for (const from of Object.values(OUTSIDE)) {
    for (const port of [80, 90, 99]) expect(passes(intent, { other: from, port })).toBe(true);
    expect(passes(intent, { other: from, port: 1, protocol: "UDP" })).toBe(true);
    expect(passes(intent, { other: from, port: 100 })).toBe(false);
  }
});

test("more than eight ranges, and as many policies as there are, add up (§4.5 defects 7, 8 and 11)", () => {
  const ports = Array.from({ length: 300 }, (_, index) => ({ port: 2 * index + 1 }));
  const many = ports.map((port) => ({ ...db, ingress: [{ from: [web], ports: [port] }] }));
  for (const intent of [clusterWith({ ...db, ingress: [{ ports }] }), clusterWith(...many)]) {
    expect(passes(intent, { other: near, port: 599 })).toBe(true);
    expect(passes(intent, { other: near, port: 598 })).toBe(false);
  }
});

test("blocks may overlap and come twice, with ports of their own (§4.5 defect 9)", () => {
  const rule = (cidr: string, port: number): object => ({
    from: [{ ipBlock: { cidr } }],
    ports: [{ port }],
  });
  const intent = clusterWith({
    ...db,
    ingress: [rule("192.0.0.0/8", 1), rule("192.0.2.0/24", 2), rule("192.0.2.0/24", 3)],
  });
  for (const port of [1, 2, 3]) expect(passes(intent, { other: OUTSIDE.near, port })).toBe(true);
  expect(passes(intent, { other: at("192.1.0.1"), port: 2 })).toBe(false);
});

test("an exception in IPv6's form of IPv4 is one of IPv4, and one of all leaves nobody (S5)", () => {
  const ipBlock = { cidr: "10.0.0.0/8", except: ["::ffff:10.0.0.2/128"] };
  const intent = clusterWith({ ...db, ingress: [{ from: [{ ipBlock }] }] });
  expect([near, other].map((each) => passes(intent, { other: each }))).toEqual([false, true]);
  const nobody = { cidr: "0.0.0.0/0", except: ["0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8"] };
  const shut = clusterWith({ ...db, ingress: [{ from: [{ ipBlock: nobody }] }] });
  const asked = [near, other, OUTSIDE.near, at("::1")];
  expect(asked.map((each) => passes(shut, { other: each }))).toEqual(asked.map(() => false));
});

test("a port's name is the number that the pod which is spoken to has for it", () => {
  const named = { ports: [{ port: "http" }] };
  const ingress = clusterWith({ ...db, ingress: [named] });
  expect([8081, 8082].map((port) => passes(ingress, { other: near, port }))).toEqual([true, false]);
  const egress = clusterWith({ ...db, policyTypes: ["Egress"], egress: [named] });
  const toward = (to: Address, port: number): boolean =>
    passes(egress, { other: to, port, side: "egress" });
  expect([toward(near, 8082), toward(other, 8083), toward(near, 8083)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(toward(OUTSIDE.far, 8082)).toBe(false);
});

test("a link has a gate when the object of its very pod was seen, and loses it with that (fail-closed)", () => {
  const intent = clusterWith();
  const gates = (): readonly string[] => [...intent.state().gates.keys()];
  intent.setEndpoint("seam1", { addresses: [near], pod: { key: "lab-a/web", uid: "another" } });
  intent.setEndpoint("seam2", { addresses: [other], pod: null });
  expect([...(intent.takeChange()?.gates.keys() ?? [])]).toEqual(["seam2"]);
  expect(gates()).toEqual(["seam0", "seam2"]);
  intent.setPod("lab-a/db", null);
  const gone = [...(intent.takeChange()?.gates ?? [])];
  expect(gone.map(([device, { exists }]) => [device, exists])).toEqual([["seam0", false]]);
  expect(gates()).toEqual(["seam2"]);
});

test("a pod of a namespace that was not seen yet has no gate, as nobody knows which policies are about it (S5)", () => {
  const intent = clusterWith();
  const gates = (): readonly string[] => {
    intent.takeChange();
    return [...intent.state().gates.keys()];
  };
  expect(gates()).toEqual(["seam0"]);
  intent.setNamespace("lab-a", null);
  expect(gates()).toEqual([]);
  intent.setNamespace("lab-a", {});
  expect(gates()).toEqual(["seam0"]);
});

test("a new pod of this node is known by its link before its object has addresses (S5)", () => {
  const intent = clusterWith({ ...db, ingress: [{ from: [web] }] });
  const pod = {
    namespace: "lab-a",
    uid: "late",
    labels: { app: "web" },
    addresses: [],
    serviceAccount: "default",
    hostNetwork: false,
    ports: [],
  };
  const [early, later] = [at("10.0.0.7"), at("10.0.0.8")];
  const passing = (): readonly boolean[] => {
    intent.takeChange();
    return [early, later].map((each) => passes(intent, { other: each }));
  };
  intent.setPod("lab-a/late", pod);
  expect(passing()).toEqual([false, false]);
  const endpoint = { addresses: [early], pod: { key: "lab-a/late", uid: "late" } };
  intent.setEndpoint("seam7", endpoint);
  expect(passing()).toEqual([true, false]);
  intent.setPod("lab-a/late", { ...pod, addresses: [later] });
  expect(passing()).toEqual([false, true]);
  intent.setPod("lab-a/late", pod);
  intent.setEndpoint("seam7", null);
  expect(passing()).toEqual([false, false]);
  intent.setEndpoint("seam7", { ...endpoint, pod: { key: "lab-a/late", uid: "another" } });
  expect(passing()).toEqual([false, false]);
});

test("a policy with a field that nobody knows isolates, and allows nothing", () => {
  const intent = clusterWith();
  const spec = { ...db, ingress: [{ from: [web] }], except: [] };
  expect(intent.setPolicy("lab-a/p", { spec })).toEqual([
    "spec.except: expected one of podSelector, policyTypes, ingress, egress",
  ]);
  intent.takeChange();
  expect(passes(intent, { other: near })).toBe(false);
});

test("what cannot be read is told and allows nothing, while the rest of the policy holds", () => {
  const intent = clusterWith();
  const spec = {
    ...db,
    ingress: [
      { from: [{ ...web, serviceSelector: {} }] },
      { from: [{ namespaceSelector: {} }], ports: [{ port: 80, protocol: "QUIC" }] },
      { from: [{ ipBlock: { cidr: "192.0.2.7/24" } }] },
    ],
  };
  expect(intent.setPolicy("lab-a/p", { spec })).toEqual([
    "spec.ingress[0].from[0].serviceSelector: expected one of podSelector, namespaceSelector, ipBlock",
    "spec.ingress[1].ports[0].protocol: expected TCP, UDP or SCTP",
  ]);
  intent.takeChange();
  expect([passes(intent, { other: near }), passes(intent, { other: OUTSIDE.near })]).toEqual([
    false,
    true,
  ]);
  expect(intent.policiesOf("seam0", "ingress")).toEqual(["lab-a/p"]);
  expect(intent.policiesOf("seam0", "egress")).toBeNull();
});

test("what changes nothing is no change, and a label of a pod that no rule tells apart is none", () => {
  const intent = clusterWith({ ...db, ingress: [{ from: [web] }] });
  intent.setPod("lab-b/web", {
    namespace: "lab-b",
    uid: "lab-b/web",
    labels: { app: "web", more: "labels" },
    addresses: [other],
    serviceAccount: "default",
    hostNetwork: false,
    ports: [],
  });
  intent.setNamespace("lab-b", { team: "another" });
  expect(intent.takeChange()).toBeNull();
});

test("a label that every JavaScript object seems to have is none", () => {
  const matchExpressions = [{ key: "constructor", operator: "Exists" }];
  const intent = clusterWith({
    ...db,
    ingress: [{ from: [{ podSelector: { matchExpressions } }] }],
  });
  expect(passes(intent, { other: near })).toBe(false);
});

test("a class is given something by the policies that have a rule about it, and no others", () => {
  const block = { ipBlock: { cidr: "192.0.2.0/24" } };
  const intent = clusterWith(
    { ...db, ingress: [{ from: [web], ports: [{ port: 80 }] }] },
    { ...db, ingress: [{ from: [{ ...web, namespaceSelector: {} }, block] }] },
    { ...db, ingress: [{ from: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ port: 1 }] }] },
    { ...db, policyTypes: ["Ingress"] },
  );
  const { addresses, blocks } = intent.state();
  const given = (peers: PeerClass | undefined): readonly string[] =>
    intent.policiesFor("seam0", "ingress", peers ?? 0);
  expect(given(addresses.get("10.0.0.2"))).toEqual(["lab-a/p0", "lab-a/p1", "lab-a/p2"]);
  expect(given(addresses.get("10.0.0.3"))).toEqual(["lab-a/p1", "lab-a/p2"]);
  expect(given(blocks[0]?.peers)).toEqual(["lab-a/p1", "lab-a/p2"]);
  expect(given(ANY.ipv4)).toEqual(["lab-a/p2"]);
  expect([given(ANY.ipv6), given(4711)]).toEqual([[], []]);
  expect(intent.policiesFor("seam0", "egress", ANY.ipv4)).toEqual([]);
  expect(intent.policiesFor("seam9", "ingress", ANY.ipv4)).toEqual([]);
});

test("whose an address is follows pods as they come, move and go; a node's own is no pod's (S5)", () => {
  const intent = clusterWith();
  const read = (...texts: readonly string[]): readonly (string | null)[] =>
    texts.map((text) => intent.podAt(at(text)));
  intent.setNode("n1", { labels: {}, addresses: [at("192.0.2.1")] });
  const pod = {
    namespace: "lab-b",
    uid: "new",
    labels: {},
    addresses: [at("10.0.0.2"), at("fd00::2")],
    serviceAccount: "default",
    hostNetwork: false,
    ports: [],
  };
  expect(read("10.0.0.1", "10.0.0.2", "10.0.0.9", "192.0.2.1")).toEqual([
    "lab-a/db",
    "lab-a/web",
    null,
    null,
  ]);
  // Between two pods of an address the later one counts.
  intent.setPod("lab-b/late", pod);
  expect(read("10.0.0.2", "fd00::2")).toEqual(["lab-b/late", "lab-b/late"]);
  intent.setPod("lab-b/late", { ...pod, hostNetwork: true });
  expect(read("10.0.0.2", "fd00::2")).toEqual(["lab-a/web", null]);
  intent.setPod("lab-a/web", null);
  expect(read("10.0.0.2")).toEqual([null]);
});

describe("the acceptance example (I14)", () => {
  const block = (cidr: string): object => ({ ipBlock: { cidr } });
  const rule = (protocol: string, port: number, ...blocks: readonly string[]): object => ({
    ports: [{ protocol, port }],
    ...(blocks.length > 0 && { from: blocks.map(block) }),
  });
  const to = (protocol: string, port: number, cidr: string): object => ({
    ports: [{ protocol, port }],
    to: [block(cidr)],
  });
  const intent = clusterWith({
    ...db,
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      rule("UDP", 5000, "120.132.0.0/16"),
      rule("UDP", 6379, "10.255.0.0/16", "10.230.0.0/16"),
      rule("TCP", 6379, "10.240.0.0/16"),
    ],
    egress: [to("UDP", 5978, "13.0.0.0/8"), to("TCP", 5400, "15.0.0.0/8")],
  });
  const ALLOWED = [
    ["ingress", "UDP", 5000, "120.132.7.1"],
    ["ingress", "UDP", 6379, "10.255.0.1"],
    ["ingress", "UDP", 6379, "10.230.255.254"],
    ["ingress", "TCP", 6379, "10.240.3.4"],
    ["egress", "UDP", 5978, "13.1.2.3"],
    ["egress", "TCP", 5400, "15.255.255.1"],
  ] as const;

  test.each(ALLOWED)("%s %s/%i of %s passes", (...[side, protocol, port, address]) => {
    expect(passes(intent, { side, protocol, port, other: at(address) })).toBe(true);
  });

  test("nothing else does: no other protocol, port, direction or address", () => {
    const protocols = ["TCP", "UDP", "SCTP"] as const;
    const addresses = [...ALLOWED.map(([, , , address]) => address), "120.133.0.1", "16.0.0.1"];
    const asked = (["ingress", "egress"] as const).flatMap((side) =>
      protocols.flatMap((protocol) =>
        [5000, 6379, 5978, 5400, 80].flatMap((port) =>
          addresses.map((address) => ({ side, protocol, port, address })),
        ),
      ),
    );
    const passing = asked.filter(({ address, ...each }) =>
      passes(intent, { ...each, other: at(address) }),
    );
    expect(passing.map((each) => Object.values(each))).toEqual(
      expect.arrayContaining(ALLOWED.map((each) => [...each])),
    );
    expect(passing).toHaveLength(ALLOWED.length);
  });
});
