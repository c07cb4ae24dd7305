/** What a pod sends under another's name, frame by frame, and what the node makes of it (issue 4, decision 4). */
import { createSocket } from "node:dgram";
import { once } from "node:events";

import { expect, test } from "vitest";

import { arpRequest, ethernet, icmpv6, sendFrame, sendIcmpv6, udp } from "./frames.fixture.ts";
import {
  call,
  inPod,
  links,
  nodeNetns,
  podNetns,
  reconcile,
  run,
  useTestNode,
} from "./node.fixture.ts";

const node = useTestNode();

/** One round of reconciliation of a node alone; what it did. */
const reconcileAlone = (): readonly string[] =>
  reconcile([{ name: "a", internalAddresses: [], podCidrs: node.podCidrs }], node.store);
const device = (): string => /seam\w+/.exec(links())?.[0] ?? "";
const macOf = (netns: string, link: string): string =>
  /link\/ether (\S+)/.exec(run("ip", "-n", netns, "link", "show", link))?.[1] ?? "";
const send = (frame: Buffer): void => sendFrame(podNetns, "eth0", frame);
const foreign = "02:00:00:00:00:99";

/** Which of the frames, each with a UDP datagram to port 4001 of the node, arrive. */
async function arrived(frames: readonly Buffer[]): Promise<readonly boolean[]> {
  const socket = createSocket("udp4").bind(4001);
  await once(socket, "listening");
  const results: boolean[] = [];
  for (const frame of frames) {
    const message = once(socket, "message", { signal: AbortSignal.timeout(300) });
    send(frame);
    results.push(
      await message.then(
        () => true,
        () => false,
      ),
    );
  }
  socket.close();
  return results;
}

const datagram = (mac: string, from: string): Buffer =>
  ethernet(
    { from: mac, to: macOf(nodeNetns, device()) },
    0x0800,
    udp({ from, to: "10.200.7.1" }, 4001),
  );

test("frames with another's MAC address or another's IP address are dropped, the pod's own are not", async () => {
  call(node, "ADD");
  const own = macOf(podNetns, "eth0");
  const frames = [
    datagram(own, "10.244.7.1"),
    datagram(foreign, "10.244.7.1"),
    datagram(own, "10.244.7.77"),
  ];
  expect(await arrived(frames)).toEqual([true, true, true]);
  expect(reconcileAlone()).toContain("set-source-guard");
  expect(await arrived(frames)).toEqual([true, false, false]);
});

test("a new pod's first frame passes before its node knows it; then only its own do", async () => {
  reconcileAlone();
  call(node, "ADD");
  const own = macOf(podNetns, "eth0");
  const frames = [datagram(own, "10.244.7.1"), datagram(foreign, "10.244.7.1")];
  expect(await arrived(frames)).toEqual([true, true]);
  expect(reconcileAlone()).toEqual(["add-sources"]);
  expect(await arrived(frames)).toEqual([true, false]);
  const config = { runtimeConfig: { mac: foreign } };
  call(node, "DEL");
  call(node, "ADD", { config });
  expect(reconcileAlone()).toEqual(["delete-sources", "add-sources"]);
  const changed = [datagram(foreign, "10.244.7.2"), datagram(own, "10.244.7.2")];
  expect(await arrived(changed)).toEqual([true, false]);
  call(node, "DEL");
  expect(reconcileAlone()).toEqual(["delete-sources"]);
});

test("ARP that names another's MAC or IPv4 address leaves no trace on the node", () => {
  call(node, "ADD");
  const own = macOf(podNetns, "eth0");
  const learnt = (): string => run("ip", "neigh", "show", "dev", device(), "nud", "all");
  const forged = arpRequest(own, "10.244.7.88", "169.254.1.1");
  send(forged);
  expect(learnt()).toContain("10.244.7.88");
  run("ip", "neigh", "flush", "dev", device(), "10.244.7.88");
  reconcileAlone();
  send(forged);
  send(arpRequest(foreign, "10.244.7.1", "169.254.1.1"));
  expect(learnt()).not.toContain("10.244.7.88");
  expect(learnt()).not.toContain(foreign);
  inPod("neigh", "del", "169.254.1.1", "dev", "eth0");
  run("ip", "netns", "exec", podNetns, "ping", "-c1", "-W2", "169.254.1.1");
  // The whole of a pod that gives itself another MAC address is silent.
  inPod("link", "set", "eth0", "address", foreign);
  inPod("neigh", "flush", "all");
  expect(() => run("ip", "netns", "exec", podNetns, "ping", "-c1", "-W1", "169.254.1.1")).toThrow(
    "Command failed",
  );
  expect(inPod("neigh", "show", "169.254.1.1")).toMatch(/INCOMPLETE|FAILED/);
});

test("router advertisements change neither the node's routes nor the pod's", () => {
  run("nft", "flush", "ruleset");
  // As distributions do that are both routers and hosts.
  run("sysctl", "-qw", "net.ipv6.conf.default.accept_ra=2");
  call(node, "ADD");
  run("sysctl", "-qw", "net.ipv6.conf.default.accept_ra=1");
  const from = /fe80\S+(?=\/64)/.exec(inPod("-6", "-br", "addr", "show", "eth0"))?.[0] ?? "";
  // Type 134, hop limit 64, lifetime, and 2001:db8:99::/64 as a prefix on the link.
  const message = (lifetime: string): string =>
    `8600 0000 40 00 ${lifetime} 00000000 00000000` +
    "0304 40c0 00000e10 00000e10 00000000 20010db8009900000000000000000000";
  const multicast = "33:33:00:00:00:01";
  const advertisement = (mac: string, source: string): Buffer =>
    ethernet(
      { from: mac, to: multicast },
      0x86dd,
      icmpv6({ from: source, to: "ff02::1" }, message("0708")),
    );
  const fromPod = advertisement(macOf(podNetns, "eth0"), from);
  const routes = (): string => run("ip", "-6", "route", "show", "proto", "ra");
  const podRoutes = (): string => inPod("-6", "route", "show", "2001:db8:99::/64");
  sendIcmpv6(nodeNetns, device(), message("0000"));
  expect(podRoutes()).toContain("2001:db8:99::/64");
  inPod("-6", "route", "flush", "2001:db8:99::/64");
  send(fromPod);
  expect(routes()).toContain(`default via ${from}`);
  run("ip", "-6", "route", "flush", "proto", "ra");
  expect(reconcileAlone()).toContain("set-source-guard");
  send(fromPod);
  sendIcmpv6(nodeNetns, device(), message("0000"));
  expect(routes()).toBe("");
  expect(podRoutes()).toBe("");
});

test.each([
  { name: "all rules are flushed", damage: "flush ruleset" },
  { name: "a chain is flushed", damage: "flush chain inet seam-guard packet" },
  { name: "the ARP chain is flushed", damage: "flush chain arp seam-guard input" },
  { name: "the guarded links are forgotten", damage: "flush set inet seam-guard guarded" },
  { name: "the owners are forgotten", damage: "flush set inet seam-guard owners" },
  { name: "own IPv4 addresses are forgotten", damage: "flush set inet seam-guard own4" },
  {
    name: "another MAC address gets an address",
    damage: `add element inet seam-guard own4 { "DEVICE" . ${foreign} . 10.244.7.1 }`,
  },
  {
    name: "an address that is not the pod's is let in",
    damage: `add element inet seam-guard own4 { "DEVICE" . OWNMAC . 10.0.0.1 }`,
  },
  {
    name: "another MAC address is let in",
    damage: `add element inet seam-guard owners { "DEVICE" . ${foreign} }`,
  },
  {
    name: "ARP for another is let in",
    damage: `add element arp seam-guard speakers { "DEVICE" . ${foreign} . ${foreign} . 10.0.0.1 }`,
  },
])("when $name, one round mends it", ({ damage }) => {
  call(node, "ADD");
  reconcileAlone();
  expect(reconcileAlone()).toEqual([]);
  run("nft", damage.replace("DEVICE", device()).replace("OWNMAC", macOf(podNetns, "eth0")));
  expect(reconcileAlone()).toContain("set-source-guard");
  expect(reconcileAlone()).toEqual([]);
});

test("when a pod's own IPv6 address is forgotten, one round puts it back", () => {
  call(node, "ADD");
  reconcileAlone();
  run("nft", "flush set inet seam-guard own6");
  expect(reconcileAlone()).toEqual(["delete-sources", "add-sources"]);
  expect(run("nft", "list set inet seam-guard own6")).toContain(`${macOf(podNetns, "eth0")} . fd`);
  expect(reconcileAlone()).toEqual([]);
});
