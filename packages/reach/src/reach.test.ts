/** The semantics of NetworkPolicy, sentence by sentence of the API's documentation. */
import { parseAddress, parseCidr, type Address } from "@seam/base";
import type { Json, KubeObject } from "@seam/kube";
import { describe, expect, test } from "vitest";
import {
  type End,
  judge,
  type NetworkPolicy,
  type Pod,
  type Protocol,
  readPolicy,
} from "./index.ts";

const address = (text: string): Address => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

const pod = (namespace: string, name: string, more: Partial<Pod> = {}): Pod => ({
  namespace,
  name,
  labels: { pod: name },
  namespaceLabels: { ns: namespace },
  addresses: [address(ADDRESSES[`${namespace}/${name}`] ?? "10.0.9.9"), address("fd00::1")],
  node: "n1",
  hostNetwork: false,
  ports: [
    { name: "web", port: 80, protocol: "TCP" },
    { name: "dns", port: 53, protocol: "UDP" },
  ],
  ...more,
});
const ADDRESSES: { readonly [pod: string]: string } = {
  "x/a": "10.0.0.1",
  "x/b": "10.0.0.2",
  "y/a": "10.0.1.1",
  "y/b": "10.0.1.2",
};
const pods = [pod("x", "a"), pod("x", "b"), pod("y", "a"), pod("y", "b")];

function policy(spec: Json, namespace = "x", name = "p"): NetworkPolicy {
  const object: KubeObject = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace },
    spec,
  };
  const read = readPolicy(object);
  if (!read.ok) throw new Error(read.error.join("; "));
  return read.value;
}

const endOf = (text: string): End => {
  const found = pods.find((each) => `${each.namespace}/${each.name}` === text);
  return found === undefined
    ? { kind: "address", address: address(text), node: null }
    : { kind: "pod", pod: found };
};

type Try = readonly [from: string, to: string, port: number, protocol?: Protocol];

const passes = (
  [from, to, port, protocol = "TCP"]: Try,
  policies: readonly NetworkPolicy[],
): boolean =>
  judge(
    { from: endOf(from), to: endOf(to), port, protocol, family: "ipv4" },
    { network: policies, cluster: [] },
  ).allowed;

const all = { podSelector: {} };
const onlyA = { podSelector: { matchLabels: { pod: "a" } } };

const cases: readonly (readonly [string, readonly Json[], readonly Try[], readonly Try[]])[] = [
  [
    "no policy",
    [],
    [
      ["x/a", "y/b", 81, "SCTP"],
      ["1.1.1.1", "x/a", 1],
    ],
    [],
  ],
  [
    "a policy without rules denies what comes in, also from the same namespace and from outside; what goes out passes",
    [all],
    [
      ["x/a", "y/a", 80],
      ["x/a", "1.1.1.1", 80],
    ],
    [
      ["x/a", "x/b", 80],
      ["y/a", "x/b", 80],
      ["1.1.1.1", "x/a", 80],
    ],
  ],
  [
    "a pod always reaches itself",
    [{ ...all, policyTypes: ["Ingress", "Egress"] }],
    [["x/a", "x/a", 80]],
    [["x/a", "x/b", 80]],
  ],
  [
    "an empty rule lets all in",
    [{ ...all, ingress: [{}] }],
    [
      ["y/a", "x/a", 80],
      ["1.1.1.1", "x/a", 9, "SCTP"],
    ],
    [],
  ],
  [
    "empty lists of peers and ports restrict nothing",
    [{ ...all, ingress: [{ from: [], ports: [] }] }],
    [["y/a", "x/a", 80]],
    [],
  ],
  [
    "a rule for egress isolates for egress without saying so in policyTypes, and for ingress too",
    [{ ...all, egress: [{ to: [all] }] }],
    [],
    [
      ["x/a", "y/a", 80],
      ["y/a", "x/a", 80],
      ["x/a", "x/b", 80],
    ],
  ],
  [
    "egress alone",
    [{ ...all, policyTypes: ["Egress"], egress: [{ to: [onlyA] }] }],
    [
      ["y/b", "x/a", 80],
      ["x/b", "x/a", 80],
    ],
    [
      ["x/a", "x/b", 80],
      ["x/a", "y/a", 80],
      ["x/a", "1.1.1.1", 80],
    ],
  ],
  [
    "a selector of pods means the policy's own namespace",
    [{ ...all, ingress: [{ from: [onlyA] }] }],
    [["x/a", "x/b", 80]],
    [
      ["y/a", "x/b", 80],
      ["x/b", "x/a", 80],
    ],
  ],
  [
    "a selector of namespaces means all their pods; an empty one all namespaces, but no address outside",
    [{ ...all, ingress: [{ from: [{ namespaceSelector: {} }] }] }],
    [
      ["y/b", "x/a", 80],
      ["x/b", "x/a", 80],
    ],
    [["1.1.1.1", "x/a", 80]],
  ],
  [
    "both selectors in one peer must hold",
    [
      {
        ...all,
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { ns: "y" } }, ...onlyA }] }],
      },
    ],
    [["y/a", "x/b", 80]],
    [
      ["y/b", "x/b", 80],
      ["x/a", "x/b", 80],
    ],
  ],
  [
    "two peers: one is enough",
    [{ ...all, ingress: [{ from: [{ namespaceSelector: { matchLabels: { ns: "y" } } }, onlyA] }] }],
    [
      ["y/b", "x/b", 80],
      ["x/a", "x/b", 80],
    ],
    [["x/b", "x/a", 80]],
  ],
  [
    "expressions",
    [
      {
        podSelector: {
          matchExpressions: [
            { key: "pod", operator: "NotIn", values: ["b"] },
            { key: "none", operator: "NotIn", values: ["z"] },
            { key: "pod", operator: "Exists" },
            { key: "none", operator: "DoesNotExist" },
          ],
        },
        ingress: [
          {
            from: [
              {
                namespaceSelector: {
                  matchExpressions: [{ key: "ns", operator: "In", values: ["y", "z"] }],
                },
              },
            ],
          },
        ],
      },
    ],
    [
      ["y/a", "x/a", 80],
      ["x/a", "x/b", 80],
    ],
    [["x/b", "x/a", 80]],
  ],
  [
    "a block with an exception, also for addresses of pods",
    [
      {
        ...all,
        ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.0.1.0/24"] } }] }],
      },
    ],
    [
      ["x/b", "x/a", 80],
      ["10.9.9.9", "x/a", 80],
    ],
    [
      ["y/a", "x/a", 80],
      ["10.0.1.77", "x/a", 80],
      ["11.0.0.1", "x/a", 80],
    ],
  ],
  [
    "a block of the other family means nobody here",
    [{ ...all, ingress: [{ from: [{ ipBlock: { cidr: "::/0" } }] }] }],
    [],
    [["x/b", "x/a", 80]],
  ],
  [
    "a port without a protocol is of TCP",
    [{ ...all, ingress: [{ ports: [{ port: 80 }] }] }],
    [["y/a", "x/a", 80]],
    [
      ["y/a", "x/a", 80, "UDP"],
      ["y/a", "x/a", 81],
    ],
  ],
  [
    "a protocol without a port is all its ports",
    [{ ...all, ingress: [{ ports: [{ protocol: "SCTP" }] }] }],
    [["y/a", "x/a", 7, "SCTP"]],
    [["y/a", "x/a", 7]],
  ],
  [
    "endPort includes both ends",
    [{ ...all, ingress: [{ ports: [{ port: 80, endPort: 82 }] }] }],
    [
      ["y/a", "x/a", 80],
      ["y/a", "x/a", 82],
    ],
    [
      ["y/a", "x/a", 79],
      ["y/a", "x/a", 83],
    ],
  ],
  [
    "a named port is that of the destination's container, of its protocol",
    [
      {
        ...all,
        ingress: [{ ports: [{ port: "web" }, { port: "dns", protocol: "UDP" }, { port: "dns" }] }],
      },
    ],
    [
      ["y/a", "x/a", 80],
      ["y/a", "x/a", 53, "UDP"],
    ],
    [
      ["y/a", "x/a", 53],
      ["y/a", "x/a", 81],
    ],
  ],
  [
    "a named port in egress cannot mean an address outside",
    [{ ...all, policyTypes: ["Egress"], egress: [{ ports: [{ port: "web" }] }] }],
    [["x/a", "y/a", 80]],
    [["x/a", "1.1.1.1", 80]],
  ],
  [
    "peers and ports of one rule belong together",
    [
      {
        ...all,
        ingress: [
          { from: [onlyA], ports: [{ port: 80 }] },
          { from: [{ namespaceSelector: { matchLabels: { ns: "y" } } }], ports: [{ port: 81 }] },
        ],
      },
    ],
    [
      ["x/a", "x/b", 80],
      ["y/b", "x/b", 81],
    ],
    [
      ["x/a", "x/b", 81],
      ["y/b", "x/b", 80],
    ],
  ],
  [
    "policies add up",
    [{ ...all }, { ...onlyA, ingress: [{ ports: [{ port: 80 }] }] }],
    [["y/a", "x/a", 80]],
    [["y/a", "x/b", 80]],
  ],
];

describe.each(cases)("%s", (...[, specs, open, closed]) => {
  const policies = specs.map((spec, at) => policy(spec, "x", `p${at}`));
  test.each(open.map((each) => [each.join(" "), each] as const))("passes: %s", (_name, each) => {
    expect(passes(each, policies)).toBe(true);
  });
  test.each(closed.map((each) => [each.join(" "), each] as const))(
    "does not pass: %s",
    (_name, each) => {
      expect(passes(each, policies)).toBe(false);
    },
  );
});

test("both sides must agree", () => {
  const out = policy({
    ...all,
    policyTypes: ["Egress"],
    egress: [{ to: [{ namespaceSelector: {} }] }],
  });
  const into = policy({ ...all, ingress: [] }, "y");
  expect(passes(["x/a", "y/a", 80], [out])).toBe(true);
  expect(passes(["x/a", "y/a", 80], [out, into])).toBe(false);
});

test("a pod's own node passes in both directions, another node and host-network pods count as addresses", () => {
  const closed = policy({ ...all, policyTypes: ["Ingress", "Egress"] });
  const [a] = pods;
  const end: End = { kind: "pod", pod: a! };
  const node = (name: string): End => ({
    kind: "address",
    address: address("10.200.0.1"),
    node: name,
  });
  const host = (name: string): End => ({
    kind: "pod",
    pod: pod("x", "host", { hostNetwork: true, node: name }),
  });
  const attempt = { port: 80, protocol: "TCP", family: "ipv4" } as const;
  for (const own of [node("n1"), host("n1")]) {
    expect(
      judge({ ...attempt, from: own, to: end }, { network: [closed], cluster: [] }).allowed,
    ).toBe(true);
    expect(
      judge({ ...attempt, from: end, to: own }, { network: [closed], cluster: [] }).allowed,
    ).toBe(true);
  }
  for (const other of [node("n2"), host("n2")]) {
    expect(
      judge({ ...attempt, from: other, to: end }, { network: [closed], cluster: [] }).allowed,
    ).toBe(false);
    expect(
      judge({ ...attempt, from: end, to: other }, { network: [closed], cluster: [] }).allowed,
    ).toBe(false);
  }
  const selecting = policy({ ...all, ingress: [{ from: [{ podSelector: {} }] }] });
  expect(
    judge({ ...attempt, from: host("n2"), to: end }, { network: [selecting], cluster: [] }).allowed,
  ).toBe(false);
});

test("what cannot be understood is an error that names the field", () => {
  const spec = {
    podSelector: { matchExpressions: [{ key: "a", operator: "Near" }] },
    ingress: [
      { from: [{ ipBlock: { cidr: "10.0.0.0/99" }, mood: 1 }], ports: [{ protocol: "QUIC" }] },
    ],
  };
  const read = readPolicy({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "p" },
    spec,
  });
  const wrong = parseCidr("10.0.0.0/99");
  expect(read).toEqual({
    ok: false,
    error: [
      "spec.podSelector.matchExpressions[0].operator: expected one of In, NotIn, Exists, DoesNotExist",
      "spec.ingress[0].from[0].mood: expected one of podSelector, namespaceSelector, ipBlock",
      `spec.ingress[0].from[0].ipBlock: ${wrong.ok ? "" : wrong.error}`,
      "spec.ingress[0].ports[0].protocol: expected TCP, UDP or SCTP",
    ],
  });
});
