/** A node in namespaces with a server and two clients: one whose rates Seam holds, one whose rates the CNI bandwidth plugin does. */
import { execFileSync } from "node:child_process";

import { type BitsPerSecond, bytes, parseAddress } from "@seam/base";
import { createPodInterface, hostDeviceName, type PodLink } from "@seam/kernel";

/** What Seam is compared with, with the burst that its documentation advises and its own latency of 25 ms. */
export const PEER = "CNI bandwidth plugin (Debian), tbf, burst 64 KiB";

/** Address of the server. */
export const SERVER = "10.244.0.1";

const PLUGINS = "/usr/lib/cni";
const BURST_BITS = 8 * 65_536;
const ADDRESSES = { server: SERVER, seam: "10.244.0.2", peer: "10.244.0.3" } as const;
type Pod = keyof typeof ADDRESSES;
const PODS = ["server", "seam", "peer"] as const satisfies readonly Pod[];

/** Disposing of it leaves nothing. */
export type BandwidthNode = Disposable & {
  readonly link: (pod: Pod) => PodLink;
  /** Arguments of `ip` that run a command in a pod. */
  readonly inside: (pod: Pod, ...command: readonly string[]) => readonly string[];
  /** Gives the peer's client this rate in both directions, instead of the one that it has. */
  readonly limitPeer: (rate: BitsPerSecond) => void;
};

const prefix = `seam-bench-${process.pid}`;
const at = (name: string): string => `/run/netns/${prefix}-${name}`;
const deviceOf = (pod: Pod): string => hostDeviceName(`bench-${pod}`, "eth0");
const ip = (...argv: readonly string[]): void => void execFileSync("ip", argv);

/** Makes it. */
export function makeBandwidthNode(): BandwidthNode {
  for (const name of ["node", ...PODS]) {
    ip("netns", "add", `${prefix}-${name}`);
    ip("-n", `${prefix}-${name}`, "link", "set", "lo", "up");
  }
  ip("netns", "exec", `${prefix}-node`, "sysctl", "-qw", "net.ipv4.ip_forward=1");
  for (const pod of PODS) connect(pod);
  let limited: BitsPerSecond | null = null;
  return {
    link: (pod) => ({
      node: { netns: at("node"), device: deviceOf(pod) },
      pod: { netns: at(pod), device: "eth0" },
    }),
    inside: (pod, ...command) => ["netns", "exec", `${prefix}-${pod}`, ...command],
    limitPeer: (rate) => {
      if (limited !== null) endLimit(limited);
      plugin("ADD", rate);
      limited = rate;
    },
    [Symbol.dispose]: () => {
      for (const name of ["node", ...PODS]) ip("netns", "del", `${prefix}-${name}`);
    },
  };
}

function connect(pod: Pod): void {
  const address = parseAddress(ADDRESSES[pod]);
  if (!address.ok) throw new Error(address.error);
  const made = createPodInterface({
    podNetns: at(pod),
    hostNetns: at("node"),
    hostDevice: deviceOf(pod),
    podDevice: "eth0",
    addresses: [address.value],
    mtu: bytes(1500),
  });
  if (!made.ok) throw new Error(made.error.message);
}

function plugin(command: "ADD" | "DEL", rate: BitsPerSecond): void {
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: "bench",
    CNI_NETNS: at("peer"),
    CNI_IFNAME: "eth0",
    CNI_PATH: PLUGINS,
  };
  const argv = ["netns", "exec", `${prefix}-node`, `${PLUGINS}/bandwidth`];
  const input = JSON.stringify(pluginInput(rate, deviceOf("peer"), at("peer")));
  execFileSync("ip", argv, { input, env: { ...process.env, ...env } });
}

/** The plugin leaves two disciplines to the end of the pod, and makes them once only. */
function endLimit(rate: BitsPerSecond): void {
  plugin("DEL", rate);
  const remove = ["netns", "exec", `${prefix}-node`, "tc", "qdisc", "del", "dev"];
  for (const place of ["root", "ingress"]) ip(...remove, deviceOf("peer"), place);
}

/** The plugin stands behind another, whose result it is given (CNI specification, section 4). */
const pluginInput = (rate: BitsPerSecond, device: string, sandbox: string): object => ({
  cniVersion: "0.4.0",
  name: "bench",
  type: "bandwidth",
  ingressRate: rate,
  ingressBurst: BURST_BITS,
  egressRate: rate,
  egressBurst: BURST_BITS,
  prevResult: {
    cniVersion: "0.4.0",
    interfaces: [
      { name: device, sandbox: "" },
      { name: "eth0", sandbox },
    ],
    ips: [{ version: "4", interface: 1, address: `${ADDRESSES.peer}/32` }],
  },
});
