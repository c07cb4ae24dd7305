/** What `seam node` prints. */
import { expect, test } from "vitest";

import { lineOf, nodeTable, reportLine } from "./node.ts";

const forward = { key: "net.ipv4.ip_forward", value: "1" };
const remote = { destination: "10.244.1.0/24", via: "10.200.0.12", device: null };
const local = { destination: "10.244.0.2/32", via: null, device: "seam1" };
const stale = { destination: "10.244.9.0/24", via: "10.200.0.19", device: "eth0" };
const neighbour = { address: "10.244.0.2", mac: "02:00:00:00:00:01", device: "seam1" };
const masquerade = { sources: ["10.244.0.0/24"], exceptions: ["10.244.1.0/24", "10.200.0.12/32"] };
const desired = {
  sysctls: [forward],
  routes: [remote, local],
  neighbours: [neighbour],
  masquerade,
};

test("a line has the first value bare, the others named, and nothing that is not there", () => {
  expect([remote, local, masquerade].map(lineOf)).toEqual([
    "10.244.1.0/24 via 10.200.0.12",
    "10.244.0.2/32 device seam1",
    "10.244.0.0/24 exceptions 10.244.1.0/24, 10.200.0.12/32",
  ]);
});

test("a node without steps is as it should be, in every row", () => {
  const lines = nodeTable("n1", { desired, observed: desired, steps: [], gates: [] }).split("\n");
  expect(lines.filter((line) => /^\w+ +ok {2,}/.test(line))).toHaveLength(5);
  expect(lines.at(-1)).toBe("node n1 is as it should be");
});

test("what is due stands beside each thing, what has to go below", () => {
  const observed = {
    sysctls: [{ ...forward, value: "0" }],
    routes: [{ ...remote, via: "10.200.0.13" }, stale],
    neighbours: [neighbour],
    masquerade: null,
  };
  const steps = [
    { kind: "set-sysctl", sysctl: forward },
    { kind: "delete-route", route: stale },
    { kind: "add-route", route: local },
    { kind: "replace-route", route: remote },
    { kind: "set-masquerade", masquerade },
  ];
  const rows = nodeTable("n2", { desired, observed, steps, gates: [] })
    .split("\n")
    .map((line) => line.split(/ {2,}/));
  expect(rows).toEqual([
    ["WHAT", "STATE", "SHOULD BE"],
    ["sysctl", "set-sysctl", "net.ipv4.ip_forward value 1 (now: net.ipv4.ip_forward value 0)"],
    [
      "route",
      "replace-route",
      "10.244.1.0/24 via 10.200.0.12 (now: 10.244.1.0/24 via 10.200.0.13)",
    ],
    ["route", "add-route", "10.244.0.2/32 device seam1"],
    ["neighbour", "ok", "10.244.0.2 mac 02:00:00:00:00:01 device seam1"],
    ["masquerade", "set-masquerade", "10.244.0.0/24 exceptions 10.244.1.0/24, 10.200.0.12/32"],
    ["route", "delete-route", "10.244.9.0/24 via 10.200.0.19 device eth0"],
    [""],
    [
      "node n2 is 5 steps from what it should be: set-sysctl, delete-route, add-route, replace-route, set-masquerade",
    ],
  ]);
});

test("a step for a whole list stands beside each of its things, one without a thing alone", () => {
  const forward80 = { protocol: "tcp", hostAddress: null, hostPort: 80, target: "10.244.0.2" };
  const state = { ...desired, masquerade: null, portForwards: [forward80], sourceGuard: true };
  const steps = [
    { kind: "clear-masquerade" },
    { kind: "set-port-forwards", portForwards: [forward80] },
    { kind: "set-source-guard", sourceGuard: true },
  ];
  const observed = { ...state, portForwards: [], sourceGuard: false };
  const table = nodeTable("n1", { desired: state, observed, steps, gates: [] });
  expect(table).toMatch(/^portForward +set-port-forwards +tcp hostPort 80 target 10\.244\.0\.2$/m);
  expect(table).toMatch(/^sourceGuard +set-source-guard +true$/m);
  expect(table).toMatch(/^ +clear-masquerade$/m);
});

test("what a step adds to a list stands beside its thing, under the name of one", () => {
  const source = { device: "seam1", mac: "02:00:00:00:00:01", addresses: ["10.244.0.2"] };
  const deviceAddress = { device: "seam1", address: "169.254.1.1", length: 32 };
  const steps = [
    { kind: "add-sources", sources: [source] },
    { kind: "add-address", deviceAddress },
  ];
  const wanted = { sources: [source], deviceAddresses: [deviceAddress] };
  const observed = { sources: [], deviceAddresses: [] };
  const table = nodeTable("n1", { desired: wanted, observed, steps, gates: [] });
  expect(table).toMatch(
    /^source +add-sources +seam1 mac 02:00:00:00:00:01 addresses 10\.244\.0\.2$/m,
  );
  expect(table).toMatch(/^deviceAddress +add-address +seam1 address 169\.254\.1\.1 length 32$/m);
});

test("things of kinds that this version does not know are shown as well", () => {
  const view = {
    desired: { tunnels: [{ device: "seam-vx", vni: 7 }] },
    observed: {},
    steps: [],
    gates: [],
  };
  expect(nodeTable("n1", view)).toContain("tunnel  ok     seam-vx vni 7");
});

test("what a node reports of policies is a line", () => {
  const enforced = new Map([
    ["NetworkPolicy.networking.k8s.io", "1234"],
    ["Other.example.com", "7"],
  ]);
  expect(
    reportLine({ node: "n1", enforced, at: "2026-11-27T01:00:00.000000Z", linkSpeed: null }),
  ).toBe(
    "policies in force up to resourceVersion: NetworkPolicy.networking.k8s.io 1234, Other.example.com 7; reported at 2026-11-27T01:00:00.000000Z",
  );
  expect(reportLine({ node: "n1", enforced: new Map(), at: null, linkSpeed: null })).toContain(
    ": nothing;",
  );
  expect(reportLine(null)).toBe("no report of which policies are in force");
  const view = { desired: {}, observed: {}, steps: [], gates: [] };
  expect(nodeTable("n1", view, "a line").split("\n").slice(-2)).toEqual([
    "a line",
    "node n1 is as it should be",
  ]);
});

test("below stands each pod's gate with the policies that act there (S5)", () => {
  const gates = [
    { pod: "lab-a/db", device: "seam1", gate: "open", ingress: ["lab-a/db"], egress: null },
    { pod: "lab-a/web", device: "seam2", gate: "open", ingress: [], egress: ["a/x", "a/y"] },
    { pod: "lab-b/new", device: "seam3", gate: "closed", ingress: null, egress: null },
  ];
  expect(nodeTable("n1", { desired: {}, observed: {}, steps: [], gates })).toContain(
    `
POD        LINK   GATE    INGRESS POLICIES  EGRESS POLICIES
lab-a/db   seam1  open    lab-a/db          none: all pass
lab-a/web  seam2  open    -                 a/x,a/y
lab-b/new  seam3  closed  -                 -

node n1 is as it should be`,
  );
});
