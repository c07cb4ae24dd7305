/** `seam doctor`: each check passes on what is right and fails, with what to do, on what is not. */
import { spawnSync } from "node:child_process";
import path from "node:path";

import type { ClusterFacts, NodeHealth } from "@seam/client";
import type { MachineFacts } from "@seam/lab";
import { expect, test } from "vitest";

import {
  type Check,
  checksText,
  clusterChecks,
  machineChecks,
  unreachable,
} from "./doctor-checks.ts";

const machine: MachineFacts = {
  root: true,
  cgroups: "v1",
  trials: {
    namespaces: null,
    veth: null,
    bridge: null,
    overlayfs: null,
    nftables: null,
    policies: null,
    rates: null,
  },
  missingPackages: [],
  go: "go version go1.26.8 linux/amd64",
  toolsBuilt: true,
  freeDiskMiB: 4096,
  availableMemoryMiB: 2048,
};

const node = (name: string): NodeHealth => ({
  name,
  ready: true,
  podCidrs: ["10.244.0.0/24", "fd00:10:244::/64"],
  kernel: "6.6.0-generic",
  agent: "ready",
  dns: null,
});

const cluster: ClusterFacts = {
  nodes: [node("n1"), node("n2")],
  families: ["IPv4", "IPv6"],
  kinds: [{ name: "projects.seam.ucsd.edu", state: "current" }],
  controller: "ready",
  server: "absent",
  dns: "10.96.0.10",
};

const missing = (checks: readonly Check[]): readonly string[] =>
  checks.filter(({ ok }) => !ok).map(({ name, found, fix }) => `${name}: ${found} -> ${fix}`);

test("nothing is missing where all is right", () => {
  expect(missing([...machineChecks(machine), ...clusterChecks(cluster)])).toEqual([]);
  expect(checksText(clusterChecks(cluster))).toMatch(/nothing is missing$/);
});

test.each([
  [
    "6.5.13",
    "needs Linux 6.6; packets between pods of one node take the normal way on n1 (6.5.13)",
  ],
  ["5.15.0-100-generic", "on n1 (5.15.0-100-generic)"],
  ["6.6.0-rc1", "every node's kernel has it"],
  ["7.0.1", "every node's kernel has it"],
])("Linux %s lacks nothing, and what it means for the fast path is said", (kernel, said) => {
  const checks = clusterChecks({ ...cluster, nodes: [{ ...node("n1"), kernel }, node("n2")] });
  expect(missing(checks)).toEqual([]);
  expect(checks.find(({ name }) => name === "fast path")?.found).toContain(said);
});

type MachineCase = readonly [string, Partial<MachineFacts>, RegExp];

const { trials } = machine;
const machineCases: readonly MachineCase[] = [
  ["root", { root: false }, /not running as root -> run as root, .*sudo bin\/seam doctor/],
  ["cgroups", { cgroups: "v2" }, /version 2 -> start the kernel with systemd\.unified_cgroup/],
  ["cgroups", { cgroups: "none" }, /none below \/sys\/fs\/cgroup -> /],
  [
    "namespaces",
    { trials: { ...trials, namespaces: "no" } },
    /no -> use a kernel with CONFIG_NET_NS/,
  ],
  ["veth", { trials: { ...trials, veth: "Unknown device type." } }, /type\. -> .*modprobe veth/],
  ["bridge", { trials: { ...trials, bridge: "no" } }, /no -> .*modprobe bridge/],
  ["overlayfs", { trials: { ...trials, overlayfs: "no" } }, /no -> .*modprobe overlay/],
  ["nftables", { trials: { ...trials, nftables: "no" } }, /no -> .*apt-get install nftables/],
  [
    "rates",
    { trials: { ...trials, rates: "no sch_htb: Error: Specified qdisc kind is unknown." } },
    /no sch_htb: .* -> load each module that is named .*modprobe sch_htb.*not held to their rates/,
  ],
  [
    "policies",
    { trials: { ...trials, policies: "no nft_log and nfnetlink_log: Error: ..." } },
    /no nft_log and nfnetlink_log: .* -> load each module that is named .*modprobe nft_log.*no pod can speak/,
  ],
  [
    "packages",
    { missingPackages: ["runc", "gcc"] },
    /not installed: runc gcc -> apt-get install .*runc gcc$/,
  ],
  ["packages", { missingPackages: null }, /no Debian -> use Debian 12/],
  ["go", { go: null }, /no go on PATH -> apt-get install golang-go/],
  ["disk", { freeDiskMiB: 2048 }, /2\.0 GiB free, 3\.0 GiB needed -> free 1\.0 GiB of disk/],
  ["disk", { toolsBuilt: false }, /4\.0 GiB free, 10\.0 GiB needed -> free 6\.0 GiB/],
  [
    "memory",
    { availableMemoryMiB: 1024 },
    /1\.0 GiB free, 1\.5 GiB needed -> free 0\.5 GiB of memory/,
  ],
];

test.each(machineCases)("a machine that lacks %s: %j", (name, change, said) => {
  const found = missing(machineChecks({ ...machine, ...change }));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(new RegExp(`^${name}: .*`));
  expect(found[0]).toMatch(said);
});

test("what was not tried because of a missing right says so", () => {
  const refused = { ...trials, veth: "Operation not permitted" };
  expect(missing(machineChecks({ ...machine, root: false, trials: refused }))[1]).toBe(
    "veth: Operation not permitted -> run seam doctor as root: only root can try it",
  );
});

type ClusterCase = readonly [string, Partial<ClusterFacts>, RegExp];

const second = (change: Partial<NodeHealth>): Partial<ClusterFacts> => ({
  nodes: [node("n1"), { ...node("n2"), ...change }],
});
const clusterCases: readonly ClusterCase[] = [
  ["kinds", { kinds: [{ name: "p", state: "absent" }] }, /p not installed -> .*seam install/],
  ["kinds", { kinds: [{ name: "p", state: "other" }] }, /p of another version -> /],
  ["kinds", { kinds: [] }, /0 of this version -> /],
  ["pod prefixes", second({ podCidrs: [] }), /n2 has none -> .*--allocate-node-cidrs/],
  ["pod prefixes", second({ podCidrs: ["10.0.0.0/24"] }), /n2 has none of IPv6 -> /],
  ["agents", second({ agent: "absent" }), /none on n2 -> .*seam install/],
  ["agents", second({ agent: "not ready" }), /not Ready on n2 -> look at: seam get pods/],
  ["controller", { controller: "absent" }, /absent -> .*seam install/],
  ["controller", { controller: "not ready" }, /not ready -> look at: seam describe deployment/],
  ["server", { server: "not ready" }, /not ready -> look at: seam describe deployment seam-server/],
  ["nodes", second({ ready: false }), /NotReady: n2 -> look at: seam describe node n2/],
  ["dns", { dns: null }, /no DNS service in kube-system -> install CoreDNS/],
  ["dns", second({ dns: "queryA ETIMEOUT" }), /n2: queryA ETIMEOUT -> look at: seam get pods/],
  ["dns", { nodes: [{ ...node("n1"), dns: undefined }] }, /could not be asked/],
];

test.each(clusterCases)("a cluster that lacks %s: %j", (name, change, said) => {
  const found = missing(clusterChecks({ ...cluster, ...change }));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(new RegExp(`^${name}: .*`));
  expect(found[0]).toMatch(said);
});

test("a cluster without nodes is not ready", () => {
  const names = clusterChecks({ ...cluster, nodes: [] }).filter(({ ok }) => !ok);
  expect(names.map(({ name }) => name)).toEqual(["nodes", "dns"]);
});

test("a cluster that cannot be asked is one check that failed, with what to do", () => {
  const error = {
    code: "Unreachable",
    message: "no route",
    hint: "Start it.",
    details: [],
  } as const;
  expect(checksText(unreachable(error))).toBe(
    "MISSING  cluster  api server  no route\n          Start it.\n\n1 missing",
  );
});

test("the command ends with 1 when the cluster cannot be asked, and prints JSON when told so", () => {
  const main = path.join(import.meta.dirname, "main.ts");
  const flags = ["doctor", "cluster", "--kubeconfig", "/tmp/seam-no-such-file", "-o", "json"];
  const { status, stdout } = spawnSync(process.execPath, [main, ...flags], { encoding: "utf8" });
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    checks: [{ area: "cluster", name: "api server", ok: false }],
  });
});
