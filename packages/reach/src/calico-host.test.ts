/** What the evaluator says of nodes' interfaces: a case for each sentence of the reference (projectcalico.org/v3, HostEndpoint). */
import { isKubeObject, type Json } from "@seam/kube";
import { expect, test } from "vitest";

import {
  allow,
  attemptOf,
  deny,
  object,
  type Objects,
  pass,
  policiesOf,
} from "./calico.fixture.ts";
import {
  type CalicoHostEndpoint,
  type CalicoPolicies,
  endpointFor,
  hostSet,
  isHostAllowed,
  judge,
  judgeHost,
  readCalicoHostEndpoint,
} from "./index.ts";

function endpoint(name: string, spec: Json): CalicoHostEndpoint {
  const labels = { role: name };
  const read = readCalicoHostEndpoint(object(`HostEndpoint ${name}`, { labels, ...spec }));
  if (!read.ok) throw new Error(read.error.join());
  return read.value;
}
const own = { node: "n1", interfaceName: "eth0" };
const gate = endpoint("gate", own);
const open = endpoint("gate", { ...own, profiles: ["projectcalico-default-allow"] });

/** `in` or `out`, `local` or `forwarded`, and an attempt. */
type Way = `${"in" | "out"} ${"local" | "forwarded"} ${string}`;

type At = { readonly at?: CalicoHostEndpoint; readonly asSent?: string | null };

function passes(way: Way, objects: Objects, { at = gate, asSent = null }: At = {}): boolean {
  const [direction, where, ...words] = way.split(" ");
  const side = judgeHost(
    {
      endpoint: at,
      direction: direction === "in" ? "ingress" : "egress",
      isForwarded: where === "forwarded",
      attempt: attemptOf(words.join(" ")),
      asSent: asSent === null ? null : attemptOf(asSent),
    },
    calicoOf(objects),
  );
  return isHostAllowed(side);
}

function calicoOf(objects: Objects): CalicoPolicies {
  const { calico } = policiesOf(objects);
  if (calico === undefined) throw new Error("no policies");
  return calico;
}

const [IN, OUT] = ["192.0.2.1 10.9.0.1 8443/TCP", "10.9.0.1 192.0.2.1 8443/TCP"];
const WAYS: readonly Way[] = [
  `in local ${IN}`,
  `out local ${OUT}`,
  `in forwarded ${IN}`,
  `out forwarded ${OUT}`,
];
const both = { types: ["Ingress", "Egress"] };

/** Whether it comes in, goes out, is forwarded in, is forwarded out. */
const ways = (objects: Objects, at = gate): readonly boolean[] =>
  WAYS.map((way) => passes(way, objects, { at }));

test.each<readonly [string, Objects, readonly boolean[], readonly boolean[]]>([
  [
    "without policies programs are closed, what is forwarded is open",
    {},
    [false, false, true, true],
    [true, true, true, true],
  ],
  [
    "policies without applyOnForward are about programs alone",
    { "GlobalNetworkPolicy g": { ...both, selector: "role == 'gate'", ingress: [allow] } },
    [true, false, true, true],
    [true, false, true, true],
  ],
  [
    "with it they are about what is forwarded too, which their end then denies",
    { "GlobalNetworkPolicy g": { ...both, applyOnForward: true, egress: [allow] } },
    [false, true, false, true],
    [false, true, false, true],
  ],
  [
    "what all pass on is as if no policy were there",
    { "GlobalNetworkPolicy g": { ...both, applyOnForward: true, ingress: [pass], egress: [pass] } },
    [false, false, true, true],
    [true, true, true, true],
  ],
  [
    "policies of namespaces, and those that ask for namespaces or service accounts, are about no interface",
    {
      "NetworkPolicy x/p": { ...both, ingress: [allow], egress: [allow] },
      "GlobalNetworkPolicy g": { ...both, namespaceSelector: "all()", ingress: [allow] },
      "GlobalNetworkPolicy h": { ...both, serviceAccountSelector: "all()", egress: [allow] },
    },
    [false, false, true, true],
    [true, true, true, true],
  ],
  [
    "policies before the translation of addresses are about all that comes in, and deny nothing at their end",
    {
      "GlobalNetworkPolicy g": {
        preDNAT: true,
        applyOnForward: true,
        ingress: [{ ...allow, protocol: "UDP" }],
      },
    },
    [false, false, true, true],
    [true, true, true, true],
  ],
  [
    "what they leave open is asked in the next tier",
    {
      "Tier first": { order: 1 },
      "GlobalNetworkPolicy first": { tier: "first", preDNAT: true, applyOnForward: true },
      "GlobalNetworkPolicy second": { preDNAT: true, applyOnForward: true, ingress: [deny] },
    },
    [false, false, false, true],
    [false, true, false, true],
  ],
  [
    "what they allow is asked no more, what they deny is denied",
    {
      "GlobalNetworkPolicy early": {
        preDNAT: true,
        applyOnForward: true,
        ingress: [{ ...allow, protocol: "TCP" }],
      },
      "GlobalNetworkPolicy late": { ...both, order: -1, applyOnForward: true, ingress: [deny] },
    },
    [true, false, true, false],
    [true, false, true, false],
  ],
])("%s", (_, objects, ...wanted) => {
  expect([ways(objects), ways(objects, open)]).toEqual(wanted);
});

test("before their translation addresses and ports are as they were sent", () => {
  const objects = {
    "GlobalNetworkPolicy g": {
      preDNAT: true,
      applyOnForward: true,
      ingress: [{ ...deny, protocol: "TCP", destination: { ports: [30_080] } }],
    },
  };
  const way = "in forwarded 192.0.2.1 x/a 80/TCP";
  const sent = ["192.0.2.1 10.9.0.1 30080/TCP", "192.0.2.1 10.9.0.1 30081/TCP", null];
  expect(sent.map((each) => passes(way, objects, { asSent: each }))).toEqual([false, true, true]);
});

test("some ports stay open for programs, also when a policy denies them; for what is forwarded they do not", () => {
  const every = { applyOnForward: true, ingress: [deny], egress: [deny] };
  const objects = {
    "GlobalNetworkPolicy g": every,
    "GlobalNetworkPolicy early": { applyOnForward: true, preDNAT: true, ingress: [deny] },
  };
  const open22 = ["22/TCP", "68/UDP", "6443/TCP", "53/UDP", "10250/TCP", "22/UDP", "icmp 8 0"];
  const through = (way: "in" | "out", where: "local" | "forwarded"): readonly string[] =>
    open22.filter((port) => passes(`${way} ${where} 192.0.2.1 10.9.0.1 ${port}`, objects));
  expect([
    through("in", "local"),
    through("out", "local"),
    through("in", "forwarded"),
    through("out", "forwarded"),
  ]).toEqual([["22/TCP", "68/UDP", "6443/TCP"], ["6443/TCP", "53/UDP"], [], []]);
});

test("an interface has the endpoint that names it, else one that has its address, else the one for all of its node", () => {
  const all = [
    endpoint("other", { node: "n2", interfaceName: "eth0" }),
    endpoint("all", { node: "n1", interfaceName: "*" }),
    endpoint("by-address", { node: "n1", expectedIPs: ["10.9.0.1"] }),
    gate,
  ];
  const [address] = endpoint("by-address", { node: "n1", expectedIPs: ["10.9.0.1"] }).addresses;
  const nameOf = (node: string, name: string, isThere: boolean): string | undefined =>
    endpointFor({ node, name, addresses: isThere && address !== undefined ? [address] : [] }, all)
      ?.name;
  expect([
    nameOf("n1", "eth0", true),
    nameOf("n1", "eth1", true),
    nameOf("n1", "eth1", false),
    nameOf("n3", "eth0", true),
  ]).toEqual(["gate", "by-address", "all", undefined]);
});

test("selectors of rules find endpoints by the addresses that they say they have, as what is of no namespace", () => {
  const host = endpoint("web", { node: "n1", expectedIPs: ["192.0.2.7"] });
  const { calico, ...rest } = policiesOf({
    "GlobalNetworkPolicy g": {
      selector: "app == 'a'",
      ingress: [{ ...allow, source: { selector: "role == 'web'" } }],
    },
    "NetworkPolicy x/p": {
      selector: "app == 'b'",
      ingress: [{ ...allow, source: { namespaceSelector: "global()" } }],
    },
  });
  if (calico === undefined) throw new Error("no policies");
  const policies = { ...rest, calico: { ...calico, sets: [hostSet(host)] } };
  const tried = ["192.0.2.7 x/a", "192.0.2.8 x/a", "192.0.2.7 x/b", "192.0.2.8 x/b"];
  expect(tried.map((each) => judge(attemptOf(each), policies).allowed)).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test("ports have the names that an endpoint gives them", () => {
  const { ports } = endpoint("gate", {
    ...own,
    ports: [{ name: "metrics", protocol: "tcp", port: 9100 }],
  });
  const attempt = attemptOf("192.0.2.1 10.9.0.1 9100/TCP");
  if (attempt.to.kind === "pod") throw new Error("expected an address");
  const calico = calicoOf({
    "GlobalNetworkPolicy g": {
      ingress: [{ ...allow, protocol: "TCP", destination: { ports: ["metrics"] } }],
    },
  });
  const asked = { endpoint: gate, direction: "ingress", isForwarded: false, asSent: null } as const;
  const to = { ...attempt.to, ports };
  expect([
    isHostAllowed(judgeHost({ ...asked, attempt }, calico)),
    isHostAllowed(judgeHost({ ...asked, attempt: { ...attempt, to } }, calico)),
  ]).toEqual([false, true]);
});

test("fields of an endpoint that are not understood are named", () => {
  const made: unknown = {
    apiVersion: "projectcalico.org/v3",
    kind: "HostEndpoint",
    metadata: { name: "e" },
    spec: { profiles: ["mine"], ports: [{ name: "a", protocol: "ICMP", port: 1 }], mode: 1 },
  };
  if (!isKubeObject(made)) throw new Error("no object");
  expect(readCalicoHostEndpoint(made)).toEqual({
    ok: false,
    error: [
      "spec.mode: expected one of node, interfaceName, expectedIPs, profiles, ports",
      "spec.node: expected the name of a node",
      "spec: expected interfaceName, or expectedIPs",
      "spec.profiles: expected projectcalico-default-allow, or none",
      "spec.ports[0]: expected a name, a number, and protocol TCP, UDP or SCTP",
    ],
  });
});
