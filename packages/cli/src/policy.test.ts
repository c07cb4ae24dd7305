/** The table of who reaches whom. */
import { type Address, parseAddress } from "@seam/base";
import { matrixOf, type NetworkPolicy, type Pod, type Policies, readPolicy } from "@seam/reach";
import { expect, test } from "vitest";
import { allowancePolicies, denialPolicy } from "@seam/client";
import { millis } from "@seam/base";
import { enforcementText, lateness } from "./policy-allow.ts";
import { matrixText } from "./policy.ts";

const address = (text: string): Address => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const pod = (name: string, port: number): Pod => ({
  namespace: "lab-a",
  name,
  labels: { app: name.replace(/-.*/, "") },
  namespaceLabels: {},
  addresses: [address("10.0.0.1")],
  node: null,
  hostNetwork: false,
  ports: [{ name: "p", port, protocol: "TCP" }],
});
const policy = (name: string, spec: object): NetworkPolicy => {
  const read = readPolicy({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: "lab-a" },
    spec: { ...spec },
  });
  if (!read.ok) throw new Error(read.error.join());
  return read.value;
};
const of = (app: string): object => ({ podSelector: { matchLabels: { app } } });
const pods = [pod("web-0", 80), pod("web-1", 80), pod("db-0", 5432)];
const policies = [
  policy("db", { ...of("db"), ingress: [{ from: [of("web")], ports: [{ port: 5432 }] }] }),
];
const under = (network: readonly NetworkPolicy[]): Policies => ({ network, cluster: [] });
const world = { pods, policies: under(policies), family: "ipv4", proposed: null } as const;

test("open, closed, some ports; pods that are alike stand together", () => {
  expect(matrixText(matrixOf(world), "lab-a")).toBe(
    `
FROM \\ TO  web-*  db-0
web-*      all    5432/TCP
db-0       all    all`.trimStart(),
  );
});

test("what a change would alter shows both sides", () => {
  const closed = policy("web", {
    ...of("web"),
    ingress: [{ ports: [{ port: 80 }, { protocol: "UDP" }] }],
  });
  const proposed = { pods, policies: under([...policies, closed]) };
  expect(matrixText(matrixOf({ ...world, proposed }), "lab-a")).toBe(
    `
FROM \\ TO  web-*                    db-0
web-*      all -> 80/TCP,other UDP  5432/TCP
db-0       all -> 80/TCP,other UDP  all`.trimStart(),
  );
});

test("pods that a policy tells apart stand alone", () => {
  const one = policy("one", { podSelector: { matchLabels: { app: "web" } }, ingress: [] });
  const labelled = pods.map((each, at) =>
    at === 0 ? { ...each, labels: { app: "other" } } : each,
  );
  const text = matrixText(matrixOf({ ...world, pods: labelled, policies: under([one]) }), "lab-a");
  expect(text).toBe(
    `
FROM \\ TO  web-0  web-1  db-0
web-0      all    -      all
web-1      all    all    all
db-0       all    -      all`.trimStart(),
  );
});

test("certain ports alone", () => {
  const ports = [{ port: 80, protocol: "TCP" } as const];
  expect(matrixText(matrixOf({ ...world, ports }), "lab-a")).toContain("web-*      all    -");
  expect(matrixText(matrixOf({ ...world, pods: [] }), "lab-a")).toBe(
    "no pod of the pod network in namespace lab-a",
  );
});

test("allow opens exactly one cell of a closed namespace; a pod always reaches itself (S5)", () => {
  const written = allowancePolicies({
    namespace: "lab-a",
    from: "app=web",
    to: "app=db",
    ports: ["5432/tcp"],
  });
  if (!written.ok) throw new Error(written.error);
  const all = [denialPolicy("lab-a"), ...written.value].map((object) => {
    const read = readPolicy(object);
    if (!read.ok) throw new Error(read.error.join());
    return read.value;
  });
  expect(matrixText(matrixOf({ ...world, policies: under(all) }), "lab-a")).toBe(
    `
FROM \\ TO  web-*  db-0
web-*      -      5432/TCP
db-0       -      all`.trimStart(),
  );
  expect(written.value.map(({ metadata }) => metadata.name)).toEqual([
    expect.stringMatching(/^allow-web-to-db-[0-9a-f]{6}-in$/),
    expect.stringMatching(/^allow-web-to-db-[0-9a-f]{6}-out$/),
  ]);
});

test.each([
  [{ from: "web" }, '--from: expected labels such as app=web or app=web,tier=front; found "web"'],
  [{ to: "a=b=c" }, '--to: expected labels such as app=web or app=web,tier=front; found "a=b=c"'],
  [
    { ports: ["80/quic"] },
    '--port: expected a number or a port\'s name, such as 5432/tcp or http; found "80/quic"',
  ],
  [
    { ports: ["0"] },
    '--port: expected a number or a port\'s name, such as 5432/tcp or http; found "0"',
  ],
])("allow with %j says what was expected", (change, error) => {
  const allowance = { namespace: "lab-a", from: "app=web", to: "app=db", ports: [], ...change };
  expect(allowancePolicies(allowance)).toEqual({ ok: false, error });
});

test("what became of written policies is said: enforced, not known, or behind and where", () => {
  const took = millis(53);
  expect(enforcementText({ kind: "enforced", nodes: ["n1", "n2", "n3"], took })).toBe(
    "enforced on 3 nodes after 0.05 s",
  );
  expect(enforcementText({ kind: "enforced", nodes: ["n1"], took })).toContain("on 1 node after");
  const why = { code: "Denied", message: "cannot read it", hint: "Ask.", details: [] } as const;
  expect(enforcementText({ kind: "unknown", why })).toBe(
    "whether they are in force is not known: cannot read it\nAsk.",
  );
  const behind = { kind: "behind", late: ["n2"], nodes: ["n1", "n2"] } as const;
  expect(lateness(behind, millis(10_000))).toMatchObject({
    code: "Timeout",
    message: "the policies are written, but after 10 s not in force on n2, of 2 nodes",
    hint: expect.stringContaining("seam node n2"),
  });
});
