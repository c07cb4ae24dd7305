/**
 * The gateways that pods have, with real packets (issue 4): who asks for 169.254.1.1 and fe80::1 is answered, also on
 * nodes with strict settings, and no address waits for duplicate address detection.
 */
import { expect, test } from "vitest";

import { call, inPod, links, podNetns, reconcile, run, useTestNode } from "./node.fixture.ts";

const node = useTestNode();

/** One round of reconciliation of a node alone; what it did. */
const reconcileAlone = (): readonly string[] =>
  reconcile([{ name: "a", internalAddresses: [], podCidrs: node.podCidrs }], node.store);
const ping = (target: string): string =>
  run("ip", "netns", "exec", podNetns, "ping", "-c1", "-W2", target);
const device = (): string => /seam\w+/.exec(links())?.[0] ?? "";

test.each([
  { name: "Linux's own settings", settings: [] },
  {
    name: "strict ones",
    settings: ["arp_ignore=1", "arp_announce=2", "rp_filter=1", "arp_filter=1"],
  },
  { name: "loose reverse path", settings: ["rp_filter=2"] },
])("a pod that lost its neighbour entries asks and is answered, with $name", ({ settings }) => {
  for (const each of settings) run("sysctl", "-qw", `net.ipv4.conf.all.${each}`);
  try {
    call(node, "ADD");
    reconcileAlone();
    const mac = /link\/ether (\S+)/.exec(run("ip", "link", "show", device()))?.[1];
    for (const [gateway, target] of [
      ["169.254.1.1", "10.200.7.1"],
      ["fe80::1", "fd00:200::7"],
    ] as const) {
      inPod("neigh", "del", gateway, "dev", "eth0");
      expect(ping(target)).toContain("1 received");
      expect(inPod("neigh", "show", gateway)).toMatch(
        new RegExp(`lladdr ${mac} .*(REACHABLE|DELAY|STALE)`),
      );
    }
    expect(ping("169.254.1.1")).toContain("1 received");
    expect(ping("fe80::1%eth0")).toContain("1 received");
  } finally {
    for (const each of settings)
      run("sysctl", "-qw", `net.ipv4.conf.all.${each.replace(/\d$/, "0")}`);
  }
});

test("no address of either end is tentative after ADD, and the node's is no source", () => {
  call(node, "ADD");
  expect(inPod("-6", "addr", "show", "dev", "eth0", "tentative")).toBe("");
  expect(inPod("-6", "-br", "addr", "show", "dev", "eth0")).toMatch(
    /fd00:7::1\/128 fe80::\S+\/64 *$/m,
  );
  expect(run("ip", "-6", "addr", "show", "dev", device(), "tentative")).toBe("");
  expect(run("ip", "-br", "addr", "show", "dev", device())).toMatch(
    /169\.254\.1\.1\/32 fe80::1\/128 *$/m,
  );
  expect(run("ip", "route", "get", "10.244.7.1")).toContain("src 10.200.7.1");
  expect(run("ip", "route", "get", "fd00:7::1")).toContain("src fd00:200::7");
  expect(ping("fe80::1%eth0")).toContain("1 received");
});

test("a node's end without its addresses gets them back, one of an earlier release changes over", () => {
  call(node, "ADD");
  reconcileAlone();
  expect(reconcileAlone()).toEqual([]);
  run("ip", "addr", "flush", "dev", device());
  run("ip", "addr", "add", "fe80::ab:cdff:fe01:203/64", "dev", device(), "nodad");
  // With its last IPv4 address an interface loses its IPv4 routes and neighbours.
  const steps = ["add-neighbour", "delete-address", "add-address", "add-address", "add-route"];
  expect(reconcileAlone()).toEqual(steps);
  expect(reconcileAlone()).toEqual([]);
  inPod("neigh", "flush", "all", "nud", "permanent");
  expect(ping("fd00:200::7")).toContain("1 received");
});
