/** The pure half of the lab: names, command lines, configuration and archives. */
import { expect, test } from "vitest";
import { parseNodes } from "./api-client.ts";
import { labCertificates } from "./certificates.ts";
import { controlPlane } from "./control-plane.ts";
import { networkPlan } from "./fabric.ts";
import { ownsNetns } from "./lab-down.ts";
import { freeHost, labLayout } from "./layout.ts";
import { formatMade, parseMade } from "./made-lab.ts";
import { kubeconfig, kubeletConfig, nodeComponents, proxyConfig } from "./node-config.ts";
import { nodeInit, shellQuote } from "./node-init.ts";
import { parseCutPorts } from "./partition.ts";
import { bridgeConflist, podRoutes } from "./reference-network.ts";

const lab = labLayout({ name: "unit", nodes: 2, binFolder: "/opt/bin" });

test("a lab has one address of each family per node", () => {
  expect(lab.nodes.map(({ addresses }) => addresses)).toEqual([
    ["10.200.0.11", "fd00:200::11"],
    ["10.200.0.12", "fd00:200::12"],
  ]);
});

test.each(["", "A", "a/b", "a".repeat(21), ".."])("lab name %j is refused", (name) => {
  expect(() => labLayout({ name, binFolder: "/opt/bin" })).toThrow(/must be 1 to 20/);
});

test.each([0, 10, 1.5])("%d nodes are refused", (nodes) => {
  expect(() => labLayout({ name: "unit", nodes, binFolder: "/opt/bin" })).toThrow(/1 to 9 nodes/);
});

test.each([
  ["ipv4", ["10.200.0.11"], "--service-cluster-ip-range=10.96.0.0/16", "--bind-address=0.0.0.0"],
  ["ipv6", ["fd00:200::11"], "--service-cluster-ip-range=fd00:10:96::/112", "--bind-address=::"],
] as const)("a lab of %s has nothing of the other family", (families, addresses, ...flags) => {
  const single = labLayout({ name: "unit", nodes: 2, families, binFolder: "/opt/bin" });
  const other = families === "ipv4" ? /fd00:/ : /10\.(200|96|244)\./;
  expect(single.nodes[0]!.addresses).toEqual(addresses);
  const components = [...controlPlane(single), ...nodeComponents(single, single.nodes[0]!)];
  const argv = components.flatMap((each) => each.argv);
  expect(argv).toEqual(expect.arrayContaining([...flags]));
  const whole = [argv, networkPlan(single), labCertificates(single)];
  expect(JSON.stringify(whole)).not.toMatch(other);
  const files = single.nodes.flatMap((node) => [
    kubeletConfig(single, node),
    proxyConfig(single, node),
    kubeconfig(single, "admin"),
  ]);
  expect(files.join()).not.toMatch(other);
});

const members = [
  { index: 1, host: 11 },
  { index: 3, host: 20 },
];

test("a lab that exists grows by the lowest free numbers and keeps what it has", () => {
  const made = { members, families: "ipv6" as const };
  const names = (nodes?: number): readonly string[] =>
    labLayout(
      { name: "unit", binFolder: "/opt/bin", ...(nodes === undefined ? {} : { nodes }) },
      made,
    ).nodes.map(({ name, addresses }) => `${name} ${addresses.join()}`);
  const kept = ["n1 fd00:200::11", "n3 fd00:200::20"];
  expect(names()).toEqual(kept);
  expect(names(4)).toEqual([kept[0], "n2 fd00:200::12", kept[1], "n4 fd00:200::14"]);
  expect(freeHost(members)).toBe(21);
});

test("a lab does not shrink by itself, nor change its families", () => {
  const made = { members, families: "ipv6" as const };
  const options = { name: "unit", binFolder: "/opt/bin" };
  expect(() => labLayout({ ...options, nodes: 1 }, made)).toThrow(
    "nodes: lab unit has 2, expected at least as many, not 1; take one away with: seam lab remove-node NODE",
  );
  expect(() => labLayout({ ...options, families: "dual" }, made)).toThrow(
    "families: lab unit was made with ipv6, expected the same, not dual; take it down first",
  );
});

test("what a lab remembers of itself is read as it was written", () => {
  const made = { members, families: "ipv4" as const };
  expect(parseMade(formatMade(made))).toEqual(made);
  expect(parseMade("")).toEqual({ members: [], families: undefined });
});

test("the controller manager and the scheduler wait for the API server", () => {
  expect(controlPlane(lab).map(({ name, after }) => [name, after])).toEqual([
    ["etcd", "nothing"],
    ["kube-apiserver", "nothing"],
    ["kube-controller-manager", "api"],
    ["kube-scheduler", "api"],
  ]);
});

test("the API server's certificate holds for the host's loopback and the first node", () => {
  const names = labCertificates(lab).find(({ file }) => file === "apiserver")?.names;
  expect(names).toEqual(
    expect.arrayContaining(["IP:127.0.0.1", "IP:10.200.0.11", "IP:fd00:200::11", "IP:10.96.0.1"]),
  );
});

test("every network command names one of the lab's namespaces", () => {
  const owned = [lab.fabric, lab.outside, ...lab.nodes.map(({ netns }) => netns)];
  const commands = networkPlan(lab).flatMap((entry) => entry.commands);
  expect(commands.length).toBeGreaterThan(20);
  for (const argv of commands)
    expect(owned.some((netns) => argv.join(" ").includes(netns))).toBe(true);
});

test("a kubelet stays below the lab's own cgroup", () => {
  expect(lab.nodes.map((node) => kubeletConfig(lab, node).match(/cgroupRoot: .*/)?.[0])).toEqual([
    "cgroupRoot: /seam-unit/n1",
    "cgroupRoot: /seam-unit/n2",
  ]);
});

test("the reference network uses the pod ranges it is given", () => {
  const cidrs = ["10.244.7.0/24", "fd00:10:244:7::/64"];
  expect(JSON.parse(bridgeConflist(cidrs))).toMatchObject({
    plugins: [{ ipam: { ranges: cidrs.map((subnet) => [{ subnet }]) } }, { type: "portmap" }],
  });
  const second = lab.nodes[1];
  if (second === undefined) throw new Error("two nodes expected");
  expect(podRoutes(lab, second, cidrs)).toContainEqual([
    "ip",
    "-n",
    "seam-unit-n1",
    "route",
    "replace",
    "fd00:10:244:7::/64",
    "via",
    "fd00:200::12",
  ]);
});

test("the init script quotes what it is given", () => {
  const first = lab.nodes[0];
  if (first === undefined) throw new Error("two nodes expected");
  const components = [{ name: "x", argv: ["/bin/x", "a b"], after: "nothing" as const }];
  expect(nodeInit(lab, first, { components, images: [] })).toContain(
    "n1-x.log nothing /bin/x 'a b' &",
  );
  expect(shellQuote("it's")).toBe(String.raw`'it'\''s'`);
});

test.each([
  ["a", "seam-a-n1", true],
  ["a", "seam-a-b-n1", false],
  ["a", "seam-ab-n1", false],
  ["a-b", "seam-a-b-fabric", true],
])("lab %s and namespace %s: %s", (name, netns, owned) => {
  expect(ownsNetns(name, netns)).toBe(owned);
});

test("a node list is read with its readiness and pod ranges", () => {
  const item = {
    metadata: { name: "n1" },
    spec: { podCIDRs: ["10.244.0.0/24"] },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  };
  expect(parseNodes(JSON.stringify({ items: [item, { metadata: { name: "n2" } }] }))).toEqual([
    { name: "n1", ready: true, podCidrs: ["10.244.0.0/24"] },
    { name: "n2", ready: false, podCidrs: [] },
  ]);
});

test("a node is cut off when its port of the bridge is disabled", () => {
  const port = (ifname: string, state: string): object => ({ ifname, master: "br0", state });
  const ports = [port("n2", "disabled"), port("n1", "forwarding"), port("outside", "disabled")];
  expect(parseCutPorts(JSON.stringify(ports))).toEqual(["n2"]);
  expect(parseCutPorts("[]")).toEqual([]);
});
