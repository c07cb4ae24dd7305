/**
 * Seam before and after other plug-ins of a chain: libcni (as `cnitool`) runs lists of upstream's plug-ins with the
 * shim among them, as a container runtime does, and keeps the results between the calls.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { adoptInterfaces } from "./adopt.ts";
import { inPod, links, podNetns, podPath, run as ip, useTestNode } from "./node.fixture.ts";
import { runtimeMemory } from "./runtime-memory.ts";
import { type Ended, run, useShim } from "./shim.fixture.ts";
import { openStore } from "./store.ts";

const tools = process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools";
/** Where libcni keeps results; cnitool cannot be told another folder. */
const results = "/var/lib/cni/results";
const NETWORK = "seam-test";

const node = useTestNode();
const shim = useShim(node);
const plugins = ["loopback", "tuning", "portmap", "bridge", "host-local"];

beforeAll(() => {
  for (const each of plugins) symlinkSync(path.join(tools, each), path.join(shim.folder, each));
});

const cached = (): readonly string[] =>
  existsSync(results) ? readdirSync(results).filter((name) => name.startsWith(`${NETWORK}-`)) : [];

const forget = (): void => {
  for (const name of cached()) rmSync(path.join(results, name));
};
beforeEach(forget);
afterAll(forget);

const seam = { type: "seam-cni", capabilities: { ips: true } };
const sysctls = { "net.ipv4.tcp_syn_retries": "3", "net.core.somaxconn": "321" };
const tuning = { type: "tuning", sysctl: sysctls, mtu: 1300 };
const portmap = { type: "portmap", capabilities: { portMappings: true }, snat: true };

/** Runs a command of libcni for a list of plug-ins. */
async function chain(
  command: "add" | "check" | "del" | "status" | "gc",
  list: readonly object[],
  cniVersion = "1.1.0",
): Promise<Ended> {
  const folder = path.join(shim.folder, "conf");
  mkdirSync(folder, { recursive: true });
  const config = { cniVersion, name: NETWORK, plugins: list };
  writeFileSync(path.join(folder, "net.conflist"), JSON.stringify(config));
  return run([path.join(tools, "cnitool"), command, NETWORK, podPath], {
    env: {
      PATH: process.env["PATH"] ?? "",
      CNI_PATH: shim.folder,
      NETCONFPATH: folder,
      SEAM_CNI_SOCKET: shim.socket,
      CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=lab-a;K8S_POD_NAME=server-0",
      CAP_ARGS: JSON.stringify({
        ips: ["10.244.7.77"],
        portMappings: [{ hostPort: 8181, containerPort: 80, protocol: "tcp" }],
      }),
    },
  });
}

const done: Ended = { code: 0, document: null };
const sysctl = (key: string): string =>
  ip("ip", "netns", "exec", podNetns, "sysctl", "-n", key).trim();

test.each([
  { place: "first", list: [seam, tuning, portmap], version: "1.1.0" },
  { place: "second", list: [{ type: "loopback" }, seam, tuning, portmap], version: "1.1.0" },
  { place: "last", list: [{ type: "loopback" }, seam], version: "1.0.0" },
  { place: "first", list: [seam, tuning, portmap], version: "0.4.0" },
])("Seam is the $place of a chain in version $version", async ({ list, version }) => {
  const before = sysctl("net.core.somaxconn");
  expect(await chain("add", list, version)).toMatchObject({
    code: 0,
    document: {
      cniVersion: version,
      interfaces: expect.arrayContaining([expect.objectContaining({ name: "eth0" })]),
      ips: expect.arrayContaining([expect.objectContaining({ address: "10.244.7.77/32" })]),
    },
  });
  const tuned = list.includes(tuning);
  expect(sysctl("net.core.somaxconn")).toBe(tuned ? "321" : before);
  expect(inPod("link", "show", "eth0")).toContain(tuned ? "mtu 1300" : "mtu 1400");
  expect(await chain("check", list, version)).toEqual(done);
  expect(await chain("status", list, version)).toEqual(done);
  expect(await chain("check", list, version)).toEqual(done);
  expect(await chain("del", list, version)).toEqual(done);
  expect(await chain("del", list, version)).toEqual(done);
  expect(links()).not.toContain("seam");
  expect(cached()).toEqual([]);
});

test("CHECK of a chain tells Seam's fault", async () => {
  expect(await chain("add", [seam, tuning])).toMatchObject({ code: 0 });
  inPod("addr", "del", "10.244.7.77/32", "dev", "eth0");
  expect(await chain("check", [seam, tuning])).toMatchObject({
    code: 1,
    document: expect.stringContaining("eth0 of the pod lacks the address 10.244.7.77"),
  });
  expect(await chain("del", [seam, tuning])).toEqual(done);
});

test("behind a plug-in that made eth0 Seam refuses, and the chain can be undone", async () => {
  const ipam = { type: "host-local", subnet: "10.99.0.0/24", dataDir: shim.folder };
  const list = [{ type: "bridge", bridge: "other0", ipam }, seam];
  expect(await chain("add", list)).toMatchObject({
    code: 1,
    document: expect.stringContaining("CNI_IFNAME eth0 exists"),
  });
  expect(node.store.attachments()).toEqual([]);
  expect(inPod("-br", "addr", "show", "eth0")).toContain("10.99.0.2/24");
  expect(await chain("del", list)).toEqual(done);
  ip("ip", "-n", "seam-test-node", "link", "del", "other0");
});

test("GC of libcni removes what it remembers and does not list", async () => {
  expect(await chain("add", [seam])).toMatchObject({ code: 0 });
  // cnitool lists nothing at all; libcni then calls DEL for what it remembers, and GC without a list.
  expect(await chain("gc", [seam])).toMatchObject({
    document: expect.stringContaining("cni.dev/valid-attachments is missing"),
  });
  expect(links()).not.toContain("seam");
});

test("a lost store is rebuilt with the names that libcni remembers", async () => {
  expect(await chain("add", [seam])).toMatchObject({ code: 0 });
  const [before] = node.store.attachments();
  writeFileSync(path.join(results, `${NETWORK}-broken`), "{");
  const stale = readFileSync(
    path.join(
      results,
      cached().find((name) => !name.endsWith("broken"))!,
    ),
  );
  writeFileSync(
    path.join(results, `${NETWORK}-stale`),
    stale.toString().replace(/"containerId":"[^"]*"/, '"containerId":"gone"'),
  );
  using rebuilt = openStore(":memory:");
  expect(adoptInterfaces(rebuilt, () => runtimeMemory(results))).toMatchObject({ ok: true });
  expect(rebuilt.attachments()).toEqual([before]);
  expect(before).toMatchObject({ pod: "lab-a/server-0", network: NETWORK, netns: podPath });
  expect(runtimeMemory("/nowhere").size).toBe(0);
  expect(await chain("del", [seam])).toEqual(done);
});
