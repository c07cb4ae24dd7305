/** CNI commands, records and repair against the real kernel, in a namespace that stands for the node (I5, I7). */
import { formatAddress } from "@seam/base";
import { expect, test } from "vitest";

import { adoptInterfaces } from "./adopt.ts";
import { handleCni } from "./cni.ts";
import {
  call,
  cidr,
  hostOf,
  inPod,
  links,
  nodeNetns,
  podPath,
  reconcile,
  run,
  useTestNode,
} from "./node.fixture.ts";
import { openStore } from "./store.ts";

const node = useTestNode();

test("ADD gives an address of each family and the whole result of the specification", () => {
  const answer = call(node, "ADD");
  const [attachment] = node.store.attachments();
  expect(answer).toEqual({
    ok: true,
    value: {
      cniVersion: "1.1.0",
      interfaces: [
        { name: attachment?.device, mac: expect.stringMatching(/^02:/), mtu: 1400 },
        { name: "eth0", mac: attachment?.mac, mtu: 1400, sandbox: podPath },
      ],
      ips: [
        { address: "10.244.7.1/32", gateway: "169.254.1.1", interface: 1 },
        { address: "fd00:7::1/128", gateway: "fe80::1", interface: 1 },
      ],
      routes: [
        { dst: "0.0.0.0/0", gw: "169.254.1.1" },
        { dst: "::/0", gw: "fe80::1" },
      ],
      dns: {},
    },
  });
  expect(attachment).toMatchObject({ pod: "lab-a/server-0", containerId: "c1" });
  expect(inPod("-br", "addr", "show", "eth0")).toMatch(/10\.244\.7\.1\/32.*fd00:7::1\/128/);
  expect(inPod("link", "show", "eth0")).toContain("mtu 1400");
  run("ping", "-c1", "-W1", "10.244.7.1");
  run("ping", "-c1", "-W1", "fd00:7::1");
});

test("DEL removes everything, also twice and of what never was", () => {
  call(node, "ADD");
  expect([
    call(node, "DEL"),
    call(node, "DEL"),
    call(node, "DEL", { container: "never" }),
    call(node, "DEL", { container: "c1", netns: "" }),
  ]).toEqual(Array.from({ length: 4 }, () => ({ ok: true, value: null })));
  expect(node.store.attachments()).toEqual([]);
  expect(run("ip", "-n", nodeNetns, "route")).not.toContain("10.244.7.");
});

test("an ADD that was cut off half-way is made anew; one that was made whole is answered again", () => {
  const first = call(node, "ADD");
  const before = node.store.attachments();
  expect(call(node, "ADD")).toEqual(first);
  expect(node.store.attachments()).toEqual(before);
  run("ip", "-n", nodeNetns, "route", "del", "10.244.7.1/32");
  expect(call(node, "ADD")).toMatchObject({ ok: true });
  expect(node.store.attachments()).toHaveLength(1);
  expect(links().match(/seam/g)).toHaveLength(1);
});

test.each([
  { name: "no namespace", netns: "", code: 4 },
  { name: "a namespace that is gone", netns: "/run/netns/seam-test-gone", code: 4 },
])("ADD with $name is error $code and keeps nothing", ({ netns: given, code }) => {
  expect(call(node, "ADD", { container: "c1", netns: given })).toMatchObject({
    ok: false,
    error: { code },
  });
  expect(node.store.attachments()).toEqual([]);
});

test("a full prefix is an error that names it; a released address can be had again", () => {
  node.podCidrs = [cidr("10.244.8.0/30")];
  call(node, "ADD");
  const other = "seam-test-pod2";
  run("sh", "-c", `ip netns del ${other} 2>/dev/null; ip netns add ${other}`);
  expect(call(node, "ADD", { container: "c2", netns: `/run/netns/${other}` })).toMatchObject({
    ok: true,
  });
  expect(call(node, "ADD", { container: "c3" })).toMatchObject({
    ok: false,
    error: { code: 100, msg: "all 2 addresses of 10.244.8.0/30 are in use on this node" },
  });
  call(node, "DEL");
  expect(call(node, "ADD", { container: "c3" })).toMatchObject({
    ok: true,
    value: { ips: [{ address: "10.244.8.1/32" }] },
  });
  run("ip", "netns", "del", other);
});

test("a lost store is rebuilt from the kernel, and DEL still finds the interface", () => {
  call(node, "ADD");
  const [before] = node.store.attachments();
  const rebuilt = openStore(":memory:");
  expect(adoptInterfaces(rebuilt).ok).toBe(true);
  const [after] = rebuilt.attachments();
  expect(after).toMatchObject({ device: before?.device, mac: before?.mac, containerId: "" });
  expect(after?.addresses.map(formatAddress)).toEqual(before?.addresses.map(formatAddress));
  const next = handleCni(
    { ...hostOf(node), store: rebuilt },
    {
      command: "DEL",
      environment: new Map([
        ["CONTAINERID", "c1"],
        ["IFNAME", "eth0"],
      ]),
      config: {},
    },
  );
  expect(next).toEqual({ ok: true, value: null });
  expect(rebuilt.attachments()).toEqual([]);
  rebuilt[Symbol.dispose]();
});

test("records without an interface and half-made interfaces are cleaned at start", () => {
  call(node, "ADD");
  const [attachment] = node.store.attachments();
  node.store.put({ ...attachment!, device: "seam0123456789a" });
  run(
    "ip",
    "-n",
    nodeNetns,
    "link",
    "add",
    "seam0123456789b",
    "type",
    "veth",
    "peer",
    "name",
    "x0",
  );
  expect(adoptInterfaces(node.store).ok).toBe(true);
  expect(node.store.attachments()).toEqual([attachment]);
  expect(links()).not.toContain("seam0123456789b");
});

test("what somebody deletes is put back, and then there is nothing to do", () => {
  call(node, "ADD");
  const nodes = [
    { name: "a", internalAddresses: [], podCidrs: node.podCidrs },
    { name: "b", internalAddresses: [], podCidrs: [cidr("10.244.9.0/24")] },
  ];
  const round = () => reconcile(nodes, node.store);
  expect(round()).toContain("set-masquerade");
  expect(round()).toEqual([]);
  run("ip", "-n", nodeNetns, "route", "del", "10.244.7.1/32");
  expect(round()).toEqual(["add-route"]);
  expect(round()).toEqual([]);
});
