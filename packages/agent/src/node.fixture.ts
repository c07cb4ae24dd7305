/** A node for tests: a network namespace that stands for it, one for a pod, and CNI calls as the runtime makes them. */
import { execFileSync } from "node:child_process";

import { bytes, type Cidr, parseCidr } from "@seam/base";
import { DEFAULT_NETWORK, type NodeFacts } from "@seam/intent";
import { enterNetns } from "@seam/kernel";
import type { Json } from "@seam/kube";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";

import { type AdmittingNode, handleCni } from "./cni.ts";
import type { CniAnswer, CniRequest, Command } from "./cni-message.ts";
import { reconcileNode } from "./reconcile.ts";
import { openStore, type Store } from "./store.ts";

/** Names of the two namespaces, and the path of the pod's. */
export const nodeNetns = "seam-test-node";
export const podNetns = "seam-test-pod";
export const podPath = `/run/netns/${podNetns}`;

/** Runs a program to its end; what it printed. */
export const run = (program: string, ...argv: readonly string[]): string =>
  execFileSync(program, argv, { encoding: "utf8" });

/** `ip` in the pod's namespace. */
export const inPod = (...argv: readonly string[]): string => run("ip", "-n", podNetns, ...argv);

/** The node's links, one a line. */
export const links = (): string => run("ip", "-n", nodeNetns, "-br", "link");

/** A prefix of the test's own text. */
export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** One round of node `a` among `nodes`; the steps of it, all of which worked. */
export function reconcile(nodes: readonly NodeFacts[], store: Store): readonly string[] {
  const own = { name: "a", onLink: [], uplinkMtu: bytes(1500) };
  const result = reconcileNode({ nodes, network: DEFAULT_NETWORK }, own, store.attachments());
  if (!result.ok) throw new Error(result.error.message);
  if (result.value.failed.length > 0) throw new Error(JSON.stringify(result.value.failed));
  return result.value.applied.map(({ kind }) => kind);
}

/** What the tests of one file share; new for each test. */
export type TestNode = { store: Store; podCidrs: readonly Cidr[] };

const fresh = (): TestNode => ({
  store: openStore(":memory:"),
  podCidrs: [cidr("10.244.7.0/24"), cidr("fd00:7::/64")],
});

/** Makes the namespaces, and moves this process into the node's; each test leaves no interface. */
export function useTestNode(): TestNode {
  const current = fresh();
  beforeAll(() => {
    for (const each of [nodeNetns, podNetns]) {
      run("sh", "-c", `ip netns del ${each} 2>/dev/null; ip netns add ${each}`);
      run("ip", "-n", each, "link", "set", "lo", "up");
    }
    // Addresses of the node's own, as sources of what it sends.
    run("ip", "-n", nodeNetns, "addr", "add", "10.200.7.1/32", "dev", "lo");
    run("ip", "-n", nodeNetns, "addr", "add", "fd00:200::7/128", "dev", "lo");
    const entered = enterNetns(`/run/netns/${nodeNetns}`);
    if (!entered.ok) throw new Error(entered.error.message);
  });
  afterAll(() => {
    for (const each of [nodeNetns, podNetns]) run("ip", "netns", "del", each);
  });
  beforeEach(() => void Object.assign(current, fresh()));
  afterEach(() => {
    for (const { containerId } of current.store.attachments())
      call(current, "DEL", { container: containerId });
    if (links().includes("seam")) throw new Error(`a test left interfaces: ${links()}`);
    current.store[Symbol.dispose]();
  });
  return current;
}

/** What the commands work on, also after the next test began with a new store. */
export const hostOf = (current: TestNode): AdmittingNode => ({
  get store() {
    return current.store;
  },
  podCidrs: () => current.podCidrs,
  mtu: () => bytes(1400),
  changed: () => {},
  isAdmitted: async () => true,
});

/** For which container and namespace, and with which additions to the configuration. */
export type CallOptions = {
  readonly container?: string;
  readonly netns?: string;
  readonly config?: Json;
};

/** One CNI call for eth0 of a container. */
export const call = (current: TestNode, command: Command, options: CallOptions = {}): CniAnswer =>
  handleCni(hostOf(current), requestFor(command, options));

/** The same as the agent's server reads it. */
export function requestFor(
  command: Command,
  { container = "c1", netns = podPath, config = {} }: CallOptions = {},
): CniRequest {
  const environment = new Map([
    ["CONTAINERID", container],
    ["IFNAME", "eth0"],
    ["NETNS", netns],
    ["ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=lab-a;K8S_POD_NAME=server-0"],
  ]);
  return { command, environment, config: { cniVersion: "1.1.0", name: "seam", ...config } };
}
