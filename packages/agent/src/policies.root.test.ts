/**
 * The agent's process keeps the policies of a real API server on a node of its own, with real packets between two pods: closed
 * until their objects were seen, then as the objects say, through changes, kills of the agent and flushes by others.
 */
import { readFileSync, writeFileSync } from "node:fs";

import {
  calicoDefinition,
  CLUSTER_POLICY_DEFINITION,
  clusterPolicyDefinition,
} from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

import { AGENT_PORT, type AgentProcess, prepareAgent } from "./agent-process.fixture.ts";
import { run } from "./node.fixture.ts";

const netns = {
  node: "seam-test-pol-node",
  web: "seam-test-pol-web",
  db: "seam-test-pol-db",
} as const;
type PodName = "web" | "db";
let agent: AgentProcess;
const addresses = new Map<string, readonly string[]>();

const makePod = async (name: PodName): Promise<void> =>
  agent.makePod(name, { labels: { app: name } });
const cni = async (command: "ADD" | "DEL", pod: PodName): Promise<unknown> =>
  agent.cni(command, { pod, netns: netns[pod] });
const startAgent = async (answers: "healthz" | "readyz" = "readyz"): Promise<void> =>
  agent.start({ answers, environment: { SEAM_CNI_CACHE: agent.at("cache") } });

/** As kubelet does when the sandbox is there. */
async function tellAddresses(name: PodName): Promise<void> {
  const shown: readonly { addr_info: readonly { local: string; scope: string }[] }[] = JSON.parse(
    run("ip", "-n", netns[name], "-j", "addr", "show", "eth0"),
  );
  const found = shown.flatMap(({ addr_info: all }) =>
    all.filter(({ scope }) => scope === "global").map(({ local }) => local),
  );
  addresses.set(name, found);
  const podIPs = found.map((each) => ({ ip: each }));
  const status = { phase: "Running", podIP: found[0], podIPs };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "lab-a" }, status };
  const told = await agent.client.applyStatus(pod, { fieldManager: "kubelet", force: true });
  expect(told).toMatchObject({ ok: true });
}

const pingsAll = (from: PodName | "node", to: readonly string[]): readonly boolean[] =>
  to.map((each) => {
    try {
      run("ip", "netns", "exec", netns[from], "ping", "-c1", "-W1", "-i0.2", each);
      return true;
    } catch {
      return false;
    }
  });
const pings = (from: PodName | "node", to: PodName): readonly boolean[] =>
  pingsAll(from, addresses.get(to) ?? []);
/** The node's own, of which its object says the first. */
const NODE = ["10.200.7.1", "fd00:200::7"] as const;
const toNode = (): readonly boolean[] => pingsAll("db", NODE);
const networkOf = (address: string): string => `${address}/${address.includes(":") ? 128 : 32}`;
const OPEN = [true, true];
const CLOSED = [false, false];
const expectPings = async (from: PodName, to: PodName, wanted: readonly boolean[]): Promise<void> =>
  expect.poll(() => pings(from, to), { timeout: 30_000, interval: 50 }).toEqual(wanted);

const policy = (name: string, spec: object): object => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace: "lab-a" },
  spec,
});
const clusterPolicy = (version: string, spec: object): object => ({
  apiVersion: `policy.networking.k8s.io/${version}`,
  kind: "ClusterNetworkPolicy",
  metadata: { name: "apart" },
  spec,
});

const selector = (app: string): object => ({ matchLabels: { app } });

/** Tries to connect, for a second. */
const connects = (from: PodName, address: string, port: number): void => {
  const script = `timeout 1 bash -c '</dev/tcp/${address}/${port}' || true`;
  run("ip", "netns", "exec", netns[from], "bash", "-c", script);
};

/** What the log says of connections. */
const logged = (message: string): readonly object[] =>
  agent
    .log()
    .split("\n")
    .filter((line) => line.includes(`"${message}"`))
    .map((line): object => JSON.parse(line));
const denials = (): readonly object[] => logged("policy denied a connection");

/** How many packets the agent tells of with these labels. */
async function packets(labels: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${AGENT_PORT}/metrics`)).text();
  const line = text
    .split("\n")
    .find((each) => each.includes(`seam_policy_packets_total{${labels}}`));
  return Number(line?.split(" ").at(-1) ?? 0);
}

beforeAll(async () => {
  agent = await prepareAgent(Object.values(netns));
  run("ip", "addr", "add", "fd00:200::7/64", "dev", "up0", "nodad");
  await agent.makeNode("a", "10.200.7.1", ["10.244.7.0/24", "fd00:7::/64"]);
  agent.signIn();
  await startAgent();
});

afterAll(async () => agent[Symbol.asyncDispose]());

test("ADD waits for the pod's object, and asks to be tried again when it does not come (architecture §1.5)", async () => {
  const started = performance.now();
  expect(await cni("ADD", "web")).toMatchObject({
    code: 11,
    msg: "policies for this pod are not known yet, so its interface stays closed",
  });
  expect(performance.now() - started).toBeGreaterThan(4900);
  expect(await cni("DEL", "web")).toBeNull();
  const waiting = cni("ADD", "db");
  await makePod("web");
  expect(await cni("ADD", "web")).toMatchObject({ ips: [{}, {}] });
  await makePod("db");
  // The runtime meant another pod of that name, which is gone.
  expect(await waiting).toMatchObject({ code: 11 });
  expect(await cni("DEL", "db")).toBeNull();
  expect(await cni("ADD", "db")).toMatchObject({ ips: [{}, {}] });
  for (const name of ["web", "db"] as const) await tellAddresses(name);
  expect([pings("web", "db"), pings("node", "db")]).toEqual([OPEN, OPEN]);
});

test("policies and labels are followed at once, and the node always comes through (S5, I14)", async () => {
  const ingress = [{ from: [{ podSelector: selector("web") }] }];
  agent.apply(policy("deny", { podSelector: selector("db"), policyTypes: ["Ingress"] }));
  await expectPings("web", "db", CLOSED);
  expect([pings("db", "web"), pings("node", "db")]).toEqual([OPEN, OPEN]);
  agent.apply(policy("allow", { podSelector: selector("db"), ingress }));
  await expectPings("web", "db", OPEN);
  agent.k("label", "pod", "web", "-n", "lab-a", "app=other", "--overwrite");
  await expectPings("web", "db", CLOSED);
  agent.k("label", "pod", "web", "-n", "lab-a", "app=web", "--overwrite");
  await expectPings("web", "db", OPEN);
  agent.k("delete", "networkpolicy", "allow", "-n", "lab-a");
  await expectPings("web", "db", CLOSED);
});

test("a kind that is served later is followed from then on, and its policies go with it (I15)", async () => {
  const rule = { action: "Deny", to: [{ namespaces: {} }] };
  const spec = { tier: "Admin", priority: 1, subject: { namespaces: {} }, egress: [rule] };
  agent.apply(clusterPolicyDefinition("v1alpha2"));
  agent.k("wait", "--for=condition=Established", "crd", CLUSTER_POLICY_DEFINITION);
  agent.apply(clusterPolicy("v1alpha2", spec));
  await expectPings("db", "web", CLOSED);
  // Another version of the kind, with the same objects.
  agent.apply(clusterPolicyDefinition("v1beta1"));
  expect(pings("db", "web")).toEqual(CLOSED);
  await agent.stop("SIGKILL");
  await startAgent();
  expect([pings("db", "web"), pings("node", "web")]).toEqual([CLOSED, OPEN]);
  agent.k("delete", "crd", CLUSTER_POLICY_DEFINITION);
  await expectPings("db", "web", OPEN);
});

test("what a pod says to its own node is judged, but what the node begins is not, and a denial is told (I15, S5)", async () => {
  const expectToNode = async (wanted: readonly boolean[]): Promise<void> =>
    expect.poll(toNode, { timeout: 30_000, interval: 50 }).toEqual(wanted);
  agent.apply(policy("out", { podSelector: selector("db"), policyTypes: ["Egress"] }));
  await expectPings("db", "web", CLOSED);
  expect(toNode()).toEqual(OPEN);
  agent.apply(clusterPolicyDefinition("v1beta1"));
  agent.k("wait", "--for=condition=Established", "crd", CLUSTER_POLICY_DEFINITION);
  const spec = { tier: "Admin", priority: 1, subject: { namespaces: {} } };
  agent.apply(
    clusterPolicy("v1beta1", { ...spec, egress: [{ action: "Deny", to: [{ nodes: {} }] }] }),
  );
  await expectToNode([false, true]);
  const both = { action: "Deny", to: [{ networks: NODE.map((each) => networkOf(each)) }] };
  agent.apply(clusterPolicy("v1beta1", { ...spec, egress: [both] }));
  await expectToNode(CLOSED);
  expect(pings("node", "db")).toEqual(OPEN);
  connects("db", NODE[0], 10_250);
  await expect.poll(denials, { timeout: 30_000 }).toContainEqual(
    expect.objectContaining({
      from: "lab-a/db",
      to: NODE[0],
      port: "10250/TCP",
      direction: "egress",
      policies: ["ClusterNetworkPolicy/apart"],
    }),
  );
  const of = 'verdict="denied",namespace="lab-a",pod="db",policy="ClusterNetworkPolicy/apart"';
  expect(await packets(`direction="egress",${of}`)).toBeGreaterThanOrEqual(2);
  // Kept while the agent is away, put right after a flush, and closed at the start of an agent that finds nothing.
  await agent.stop("SIGKILL");
  expect(toNode()).toEqual(CLOSED);
  run("nft", "delete", "table", "inet", "seam-policy");
  expect(toNode()).toEqual(OPEN);
  await startAgent();
  await expectToNode(CLOSED);
  expect(pings("node", "db")).toEqual(OPEN);
  agent.k("delete", "crd", CLUSTER_POLICY_DEFINITION);
  agent.k("delete", "networkpolicy", "out", "-n", "lab-a");
  await expectToNode(OPEN);
  await expectPings("db", "web", OPEN);
});

const CALICO = [
  ["GlobalNetworkPolicy", "globalnetworkpolicies"],
  ["GlobalNetworkSet", "globalnetworksets"],
] as const;
const calico = (kind: string, spec: object, labels: object = {}): object => ({
  apiVersion: "projectcalico.org/v3",
  kind,
  metadata: { name: "apart", labels },
  spec,
});
const fromDb = (...egress: readonly object[]): object =>
  calico("GlobalNetworkPolicy", { selector: "app == 'db'", order: 10, egress });

test("Calico's policies are followed, and sets of networks with them (I15, S23)", async () => {
  const [ipv4 = "", ipv6 = ""] = addresses.get("web") ?? [];
  const set = (net: string): object => calico("GlobalNetworkSet", { nets: [net] }, { list: "bad" });
  for (const [kind, plural] of CALICO) {
    agent.apply(calicoDefinition(kind, plural));
    agent.k("wait", "--for=condition=Established", "crd", `${plural}.projectcalico.org`);
  }
  const allow = { action: "Allow" };
  const bad = { action: "Deny", destination: { selector: "list == 'bad'" } };
  agent.apply(fromDb({ action: "Log", protocol: "ICMP" }, bad, allow));
  agent.apply(set(ipv4));
  await expectPings("db", "web", [false, true]);
  agent.apply(set(`${ipv6}/128`));
  await expectPings("db", "web", [true, false]);
  await expect
    .poll(() => logged("a rule of a policy logs a connection"), { timeout: 30_000 })
    .toContainEqual(expect.objectContaining({ from: "lab-a/db", to: "lab-a/web", port: "ICMP" }));
  agent.apply(fromDb({ action: "Deny", protocol: "ICMP", icmp: { type: 8 } }, allow));
  await expectPings("db", "web", [false, true]);
  agent.apply(fromDb({ action: "Deny", protocol: "ICMP", icmp: { type: 13 } }, allow));
  await expectPings("db", "web", OPEN);
  agent.apply(fromDb({ action: "Allow", notProtocol: 58 }));
  await expectPings("db", "web", [true, false]);
  for (const [, plural] of CALICO) agent.k("delete", "crd", `${plural}.projectcalico.org`);
  await expectPings("db", "web", OPEN);
});

test("what is denied is counted, logged, and after the third time told on the pod (S5)", async () => {
  const [ipv4 = "", ipv6 = ""] = addresses.get("db") ?? [];
  for (let round = 0; round < 3; round += 1) expect(pings("web", "db")).toEqual(CLOSED);
  for (const address of [ipv4, ipv6, ipv4, ipv4]) connects("web", address, 5432);
  const both = { from: "lab-a/web", to: "lab-a/db", direction: "ingress", policies: ["deny"] };
  await expect
    .poll(denials, { timeout: 30_000 })
    .toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...both, port: "ICMP", family: "ipv4" }),
        expect.objectContaining({ ...both, port: "ICMPv6", family: "ipv6" }),
        expect.objectContaining({ ...both, port: "5432/TCP", family: "ipv4" }),
        expect.objectContaining({ ...both, port: "5432/TCP", family: "ipv6" }),
      ]),
    );
  const denied = 'direction="ingress",verdict="denied",namespace="lab-a",pod="db",policy="deny"';
  expect(await packets(denied)).toBeGreaterThanOrEqual(8);
  const open = 'direction="egress",verdict="allowed",namespace="lab-a",pod="web",policy=""';
  expect(await packets(open)).toBeGreaterThanOrEqual(8);
  const events = (): string =>
    agent.k(
      "get",
      "events",
      "-n",
      "lab-a",
      "--field-selector",
      "reason=PolicyDenied",
      "-o",
      "wide",
    );
  await expect
    .poll(events, { timeout: 60_000, interval: 500 })
    .toContain("lab-a/web may not connect to this pod, port 5432/TCP by IPv4");
  expect(events()).toContain("pod/db");
  expect(events()).toContain("seam can lab-a/web lab-a/db --port 5432/TCP");
});

test("what is let through is counted for the policy that lets it", async () => {
  const ingress = [{ from: [{ podSelector: selector("web") }] }];
  agent.apply(policy("allow", { podSelector: selector("db"), ingress }));
  await expectPings("web", "db", OPEN);
  const of = (name: string): string =>
    `direction="ingress",verdict="allowed",namespace="lab-a",pod="db",policy="${name}"`;
  const before = await packets(of("allow"));
  expect(before).toBeGreaterThan(0);
  expect(pings("web", "db")).toEqual(OPEN);
  expect(await packets(of("allow"))).toBe(before + 4);
  expect(await packets(of("deny"))).toBe(0);
  // A table that is written anew counts from nothing; the agent goes on.
  run("nft", "delete", "table", "inet", "seam-policy");
  await expect
    .poll(() => run("nft", "list", "tables"), { timeout: 30_000, interval: 20 })
    .toContain("inet seam-policy");
  expect(pings("web", "db")).toEqual(OPEN);
  expect(await packets(of("allow"))).toBe(before + 8);
  agent.k("delete", "networkpolicy", "allow", "-n", "lab-a");
  await expectPings("web", "db", CLOSED);
});

test("what was in force stays while the agent is away, and what changed meanwhile comes with it", async () => {
  await agent.stop("SIGKILL");
  agent.k("label", "pod", "web", "-n", "lab-a", "tier=front");
  expect([pings("web", "db"), pings("db", "web")]).toEqual([CLOSED, OPEN]);
  const tier = { podSelector: { matchLabels: { tier: "front" } } };
  agent.apply(policy("tier", { podSelector: selector("db"), ingress: [{ from: [tier] }] }));
  await startAgent();
  await expectPings("web", "db", OPEN);
  agent.k("delete", "networkpolicy", "tier", "-n", "lab-a");
  await expectPings("web", "db", CLOSED);
});

test("a flush by something else is undone and told", async () => {
  const listed = (): string => run("nft", "list", "tables");
  expect(listed()).toContain("inet seam-policy");
  const times: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const started = performance.now();
    run("nft", "delete", "table", "inet", "seam-policy");
    await expect.poll(listed, { timeout: 30_000, interval: 20 }).toContain("inet seam-policy");
    times.push(performance.now() - started);
  }
  // The others may have waited for a processor.
  process.stdout.write(
    `policies: repaired within ${Math.round(Math.min(...times))} ms of a flush\n`,
  );
  expect(pings("web", "db")).toEqual(CLOSED);
  const events = (): string => agent.k("get", "events", "-A", "-o", "custom-columns=:reason");
  await expect.poll(events, { timeout: 60_000, interval: 500 }).toContain("PoliciesRepaired");
});

test("a restart without the API server keeps what was in force; where that is taken away all pods are closed (S5)", async () => {
  await agent.stop("SIGKILL");
  const kubeconfig = readFileSync(agent.at("kubeconfig"), "utf8");
  writeFileSync(agent.at("kubeconfig"), kubeconfig.replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:9"));
  await startAgent("healthz");
  expect([pings("web", "db"), pings("db", "web")]).toEqual([CLOSED, OPEN]);
  // What was in force nobody knows any more.
  run("nft", "flush", "table", "inet", "seam-policy");
  const judged = (): string => run("nft", "list", "chain", "inet", "seam-policy", "forward");
  await expect.poll(judged, { timeout: 30_000 }).toContain("jump");
  expect([pings("web", "db"), pings("db", "web")]).toEqual([CLOSED, CLOSED]);
  await agent.stop("SIGKILL");
  // Nor when it was flushed while no agent was there.
  run("nft", "flush", "table", "inet", "seam-policy");
  await startAgent("healthz");
  expect([pings("web", "db"), pings("db", "web")]).toEqual([CLOSED, CLOSED]);
  // Nor do pods reach their node, which reaches them.
  expect([toNode(), pings("node", "db")]).toEqual([CLOSED, OPEN]);
  await agent.stop("SIGKILL");
  writeFileSync(agent.at("kubeconfig"), kubeconfig);
  await startAgent();
  await expectPings("db", "web", OPEN);
  expect([pings("web", "db"), toNode()]).toEqual([CLOSED, OPEN]);
});
