/**
 * The agent's process keeps the host endpoints of a real API server on a node of its own, with real packets between its programs, a host
 * outside and a pod: through changes, a kill of the agent and a start without the API server (I16).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";

import { calicoDefinitions } from "@seam/api";
import { isKubeObject } from "@seam/kube";
import { afterAll, beforeAll, expect, test } from "vitest";

import { AGENT_PORT, type AgentProcess, prepareAgent } from "./agent-process.fixture.ts";
import { run } from "./node.fixture.ts";

const netns = {
  node: "seam-test-hep-node",
  db: "seam-test-hep-db",
  outside: "seam-test-hep-out",
} as const;
type Place = keyof typeof netns;
const NODE = ["198.51.100.1", "2001:db8:77::1"] as const;
const OUTSIDE = ["198.51.100.2", "2001:db8:77::2"] as const;
const PORTS = [22, 80, 81, 6443];

let agent: AgentProcess;
let servers: readonly Server[] = [];
const programs: ChildProcess[] = [];
let db: readonly string[] = [];

const startAgent = async (answers: "healthz" | "readyz" = "readyz"): Promise<void> =>
  agent.start({
    answers,
    environment: {
      SEAM_CNI_CACHE: agent.at("cache"),
      SEAM_DAEMONSET: "seam-system/seam-agent",
    },
  });

/** Programs that take connections at all ports. */
async function listenIn(place: Place): Promise<void> {
  const script = `let left = ${PORTS.length};
    for (const port of ${JSON.stringify(PORTS)})
      require("node:net").createServer((c) => c.on("error", () => {}).end())
        .listen(port, "::", () => --left === 0 && console.log("ready"));`;
  const argv = ["netns", "exec", netns[place], process.execPath, "-e", script];
  const program = spawn("ip", argv, { stdio: ["ignore", "pipe", "inherit"] });
  programs.push(program);
  await new Promise((resolve) => program.stdout.once("data", resolve));
}

async function listenHere(): Promise<void> {
  servers = PORTS.map((port) =>
    createServer((connection) => connection.on("error", () => {}).end()).listen(port, "::"),
  );
  await Promise.all(
    servers.map(async (each) => new Promise((done) => each.once("listening", done))),
  );
}

/**
 * Asks all at once and tells which connect. A program that waits for a processor is not told that nothing came: it takes as many turns as
 * fit into a second.
 */
const PROBE = `const wanted = JSON.parse(process.argv[1]);
  const found = wanted.map(() => null);
  const end = () => { console.log(JSON.stringify(found.map((each) => each === true))); process.exit(0); };
  const note = (at, isOpen) => { found[at] ??= isOpen; if (!found.includes(null)) end(); };
  wanted.forEach(([host, port], at) =>
    require("node:net").connect({ host, port })
      .on("connect", () => note(at, true)).on("error", () => note(at, false)));
  const afterTurns = (left) => setTimeout(() => (left === 0 ? end() : afterTurns(left - 1)), 20);
  afterTurns(50);`;

type Target = readonly [address: string, port: number];

const connectAll = (from: Place, to: readonly Target[]): readonly boolean[] =>
  JSON.parse(
    run("ip", "netns", "exec", netns[from], process.execPath, "-e", PROBE, JSON.stringify(to)),
  );
const connects = (from: Place, ...to: Target): boolean => connectAll(from, [to])[0] === true;

/** Ports that take connections, `80` over both families; `80/4` or `80/6` over one alone. */
function openPorts(from: Place, to: readonly string[], ports = PORTS): readonly string[] {
  const targets = ports.flatMap((port) => to.map((address): Target => [address, port]));
  const all = connectAll(from, targets);
  return ports.flatMap((port, index) => {
    const found = all.slice(index * to.length, (index + 1) * to.length);
    if (found.every(Boolean)) return [`${port}`];
    return found.flatMap((isOpen, at) => (isOpen ? [`${port}/${at === 0 ? 4 : 6}`] : []));
  });
}

const expectOpen = async (
  [from, to]: readonly [Place, readonly string[]],
  wanted: readonly string[],
): Promise<void> =>
  expect.poll(() => openPorts(from, to), { timeout: 30_000, interval: 50 }).toEqual(wanted);
const EVERY = PORTS.map(String);

const object = (kind: string, name: string, spec: object): object => ({
  apiVersion: "projectcalico.org/v3",
  kind,
  metadata: { name, labels: { role: "node" } },
  spec,
});
const endpoint = (spec: object = {}): object =>
  object("HostEndpoint", "uplink", { node: "a", interfaceName: "ext0", ...spec });
const policy = (name: string, spec: object): object =>
  object("GlobalNetworkPolicy", name, { selector: "role == 'node'", ...spec });
const remove = (kind: "hep" | "gnp", name: string): string => agent.k("delete", kind, name);
const allow = { action: "Allow" };
const tcp = (action: string, ...ports: readonly number[]): object => ({
  action,
  protocol: "TCP",
  destination: { ports },
});

beforeAll(async () => {
  agent = await prepareAgent(Object.values(netns));
  run("ip", "link", "add", "ext0", "type", "veth", "peer", "name", "ext1", "netns", netns.outside);
  for (const [at, link, addresses, other] of [
    [netns.node, "ext0", NODE, OUTSIDE],
    [netns.outside, "ext1", OUTSIDE, NODE],
  ] as const) {
    run("ip", "-n", at, "link", "set", link, "up");
    run("ip", "-n", at, "addr", "add", `${addresses[0]}/24`, "dev", link);
    run("ip", "-n", at, "addr", "add", `${addresses[1]}/64`, "dev", link, "nodad");
    if (at === netns.outside)
      for (const each of other) run("ip", "-n", at, "route", "add", "default", "via", each);
  }
  await agent.makeNode("a", "10.200.7.1", ["10.244.7.0/24", "fd00:7::/64"]);
  agent.signIn();
  agent.apply(...calicoDefinitions().filter(isKubeObject));
  agent.k("wait", "--for=condition=Established", "crd", "--all", "--timeout=90s");
  await startAgent();
  await agent.makePod("db", { labels: { app: "db" } });
  const added = await agent.cni("ADD", { pod: "db", netns: netns.db });
  db = JSON.parse(JSON.stringify(added)).ips.map(({ address }: { address: string }) =>
    address.replace(/\/.*/, ""),
  );
  for (const place of ["db", "outside"] as const) await listenIn(place);
  await listenHere();
});

afterAll(async () => {
  for (const each of servers) each.close();
  for (const each of programs) each.kill();
  await agent[Symbol.asyncDispose]();
});

test("an endpoint closes the node's programs there but for the ports without which a node is lost (I16)", async () => {
  await expectOpen(["outside", NODE], EVERY);
  agent.apply(endpoint());
  await expectOpen(["outside", NODE], ["22", "6443"]);
  expect(openPorts("node", OUTSIDE)).toEqual(["6443"]);
  expect([openPorts("outside", db), openPorts("node", db)]).toEqual([EVERY, EVERY]);
  expect(openPorts("node", ["10.200.7.1"])).toEqual(EVERY);
});

test("policies open them to whom they say, programs and what is forwarded apart (I16)", async () => {
  const source = { nets: [OUTSIDE[0]] };
  agent.apply(policy("web", { ingress: [{ ...tcp("Allow", 80), source }], egress: [allow] }));
  await expectOpen(["outside", NODE], ["22", "80/4", "6443"]);
  await expectOpen(["node", OUTSIDE], EVERY);
  expect(openPorts("outside", db)).toEqual(EVERY);
  const rules = { ingress: [tcp("Deny", 80), allow], egress: [tcp("Deny", 81), allow] };
  agent.apply(policy("transit", { order: 1, applyOnForward: true, ...rules }));
  await expectOpen(["outside", db], ["22", "81", "6443"]);
  expect(openPorts("db", OUTSIDE)).toEqual(["22", "80", "6443"]);
  expect(openPorts("outside", NODE)).toEqual(["22", "81", "6443"]);
  remove("gnp", "transit");
  await expectOpen(["outside", db], EVERY);
  remove("gnp", "web");
  await expectOpen(["outside", NODE], ["22", "6443"]);
});

test("before translation ports count as they were sent, and what is allowed there passes for good (I16, preDNAT)", async () => {
  const [ipv4 = ""] = db;
  run("nft", "add", "table", "ip", "hep-test");
  run(
    "nft",
    "add",
    "chain",
    "ip",
    "hep-test",
    "pre",
    "{ type nat hook prerouting priority -100; }",
  );
  run(
    "nft",
    "add",
    "rule",
    "ip",
    "hep-test",
    "pre",
    "tcp",
    "dport",
    "30080",
    "dnat",
    "to",
    `${ipv4}:80`,
  );
  const through = (): boolean => connects("outside", NODE[0], 30_080);
  const early = { preDNAT: true, applyOnForward: true };
  expect(through()).toBe(true);
  agent.apply(policy("node-ports", { ...early, ingress: [tcp("Deny", 30_080)] }));
  await expect.poll(through, { timeout: 30_000 }).toBe(false);
  expect(openPorts("outside", db)).toEqual(EVERY);
  agent.apply(policy("transit", { applyOnForward: true, ingress: [{ action: "Deny" }] }));
  agent.apply(policy("node-ports", { ...early, ingress: [tcp("Allow", 30_080, 81)] }));
  await expect.poll(through, { timeout: 30_000 }).toBe(true);
  await expectOpen(["outside", db], ["81"]);
  expect(openPorts("outside", NODE)).toEqual(["22", "81", "6443"]);
  for (const each of ["node-ports", "transit"]) remove("gnp", each);
  run("nft", "delete", "table", "ip", "hep-test");
  await expectOpen(["outside", NODE], ["22", "6443"]);
});

const metrics = async (): Promise<string> =>
  (await fetch(`http://127.0.0.1:${AGENT_PORT}/metrics`)).text();

test("what is let through and denied is counted, and denials are logged, with interface, point and policies (I16)", async () => {
  // No policy is about it, and the endpoint has no profile.
  expect(openPorts("outside", NODE)).toEqual(["22", "6443"]);
  await expect
    .poll(metrics, { timeout: 30_000 })
    .toMatch(
      /seam_policy_host_packets_denied_total\{interface="ext0",point="local-ingress",policy=""\} [1-9]/,
    );
  agent.apply(policy("named", { ingress: [tcp("Deny", 81), tcp("Allow", 80)] }));
  await expect
    .poll(
      () => {
        connects("outside", NODE[0], 81);
        return agent.log();
      },
      { timeout: 30_000, interval: 300 },
    )
    .toMatch(
      /"interface":"ext0","point":"local-ingress","policies":\["calico\/GlobalNetworkPolicy\/named"\]/,
    );
  await expect
    .poll(metrics, { timeout: 30_000 })
    .toMatch(
      /seam_policy_host_packets_denied_total\{interface="ext0",point="local-ingress",policy="calico\/GlobalNetworkPolicy\/named"\} [1-9]/,
    );
  expect(connects("outside", NODE[0], 80)).toBe(true);
  await expect
    .poll(metrics, { timeout: 30_000 })
    .toMatch(
      /seam_policy_host_packets_allowed_total\{interface="ext0",point="local-ingress",policy="calico\/GlobalNetworkPolicy\/named"\} [1-9]/,
    );
  remove("gnp", "named");
});

test("a rule that logs shows what begins, and an endpoint that is in force nowhere is told on the node (I16)", async () => {
  agent.apply(policy("seen", { ingress: [{ action: "Log", protocol: "TCP" }, tcp("Allow", 80)] }));
  await expectOpen(["outside", NODE], ["22", "80", "6443"]);
  await expect
    .poll(() => agent.log(), { timeout: 30_000 })
    .toMatch(
      /"port":"80\/TCP".*"interface":"ext0","point":"local-ingress","policies":\["calico\/GlobalNetworkPolicy\/seen"\].*a rule of a policy logs a connection at an interface of the node/,
    );
  remove("gnp", "seen");
  const astray = { node: "a", interfaceName: "ext9" };
  agent.apply(object("HostEndpoint", "astray", astray));
  const reasons = (): string =>
    agent.k("get", "events", "-A", "-o", "jsonpath={.items[*].reason} {.items[*].message}");
  await expect
    .poll(reasons, { timeout: 30_000 })
    .toMatch(/HostEndpointNotInForce.*HostEndpoint astray .* none is called ext9/);
  remove("hep", "astray");
});

test("rules stay while the agent is away and starts without the API server, and change with what did meanwhile (I16)", async () => {
  agent.apply(policy("web", { ingress: [tcp("Allow", 80)] }));
  await expectOpen(["outside", NODE], ["22", "80", "6443"]);
  await agent.stop("SIGKILL");
  expect(openPorts("outside", NODE)).toEqual(["22", "80", "6443"]);
  const kubeconfig = readFileSync(agent.at("kubeconfig"), "utf8");
  writeFileSync(agent.at("kubeconfig"), kubeconfig.replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:9"));
  await startAgent("healthz");
  expect(openPorts("outside", NODE)).toEqual(["22", "80", "6443"]);
  await agent.stop("SIGKILL");
  writeFileSync(agent.at("kubeconfig"), kubeconfig);
  remove("gnp", "web");
  await startAgent();
  await expectOpen(["outside", NODE], ["22", "6443"]);
});

test("an endpoint without a name is for the interface that has its address, now and when it moves (I16)", async () => {
  remove("hep", "uplink");
  await expectOpen(["outside", NODE], EVERY);
  agent.apply(endpoint({ interfaceName: undefined, expectedIPs: [NODE[1], "192.0.2.77"] }));
  await expectOpen(["outside", NODE], ["22", "6443"]);
  run("ip", "addr", "del", `${NODE[1]}/64`, "dev", "ext0");
  await expect.poll(() => openPorts("outside", [NODE[0]]), { timeout: 30_000 }).toEqual(EVERY);
  run("ip", "addr", "add", "192.0.2.77/32", "dev", "ext0");
  await expect
    .poll(() => openPorts("outside", [NODE[0]]), { timeout: 30_000 })
    .toEqual(["22", "6443"]);
  await agent.stop("SIGKILL");
  await startAgent();
  expect(openPorts("outside", [NODE[0]])).toEqual(["22", "6443"]);
  remove("hep", "uplink");
  await expect.poll(() => openPorts("outside", [NODE[0]]), { timeout: 30_000 }).toEqual(EVERY);
});

test("an agent that is uninstalled leaves the node open, as nobody would change its rules any more (I16)", async () => {
  agent.apply(endpoint());
  await expectOpen(["outside", [NODE[0]]], ["22", "6443"]);
  agent.k("delete", "daemonset", "seam-agent", "-n", "seam-system");
  await agent.stop("SIGTERM");
  expect(openPorts("outside", [NODE[0]])).toEqual(EVERY);
  const table = run("nft", "list", "table", "inet", "seam-policy");
  expect(table).toContain("chain forward {");
  expect(table).not.toContain("host-input");
});
