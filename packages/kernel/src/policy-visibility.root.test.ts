/** What policies let pass and deny, counted and shown by the real kernel, with real packets. */
import { bytes, formatAddress, invariant } from "@seam/base";
import { ANY, type Gate, gateChange, type GateRules } from "@seam/state";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import {
  type DeniedPackets,
  openDeniedPackets,
  openPolicyTable,
  type PolicyTable,
} from "./index.ts";
import {
  A,
  addressOf,
  ask,
  B,
  C,
  FAMILIES,
  gates,
  inside,
  makePolicyNode,
  path,
  pings,
  pods,
  removePolicyNode,
  stateWith,
  valueOf,
} from "./policy-node.fixture.ts";

let table: PolicyTable;
let shown: DeniedPackets;
const nothing: GateRules = new Map();
const rewrite = (rules: Parameters<typeof gates>[0]): void => {
  const state = stateWith(rules);
  valueOf(table.rewrite(state));
  written = state.gates;
};
/** The gates that the table has. */
let written: ReadonlyMap<string, Gate> = new Map();
const nameOf = (device: string): string => pods.find((pod) => pod.device === device)?.name ?? "?";

/** What is new, as `b ingress allowed 10: 4`. */
const counts = (): readonly string[] =>
  valueOf(table.takeCounts(written))
    .map((each) => {
      const peers = each.verdict === "denied" ? "" : ` ${each.peers ?? "open"}`;
      return `${nameOf(each.device)} ${each.side} ${each.verdict}${peers}: ${each.packets}`;
    })
    .toSorted();

/** What is shown, as `ingress 10.244.0.1 10.244.0.2 TCP/80`. */
const told = (): readonly string[] =>
  shown.take().packets.map((each) => {
    const ends = `${formatAddress(each.client)} ${formatAddress(each.server)}`;
    return `${each.side} ${ends} ${each.protocol}${each.port === null ? "" : `/${each.port}`}`;
  });

/** One datagram of each family, of which no answer is waited for. */
const datagrams = async (from: string, to: string, port: number): Promise<void> => {
  for (const family of FAMILIES) await ask(from, `udp ${addressOf(to, family)} ${port}`);
};
const pingsBoth = (from: string, to: string): readonly string[] =>
  FAMILIES.map((family) => pings(from, addressOf(to, family)));

beforeAll(async () => {
  await makePolicyNode();
  table = valueOf(openPolicyTable(path("node")));
  shown = valueOf(openDeniedPackets(path("node")));
});

beforeEach(() => {
  shown.take();
});

afterAll(() => {
  table[Symbol.dispose]();
  shown[Symbol.dispose]();
  removePolicyNode();
});

test("every packet is counted once in each direction, let through by its class or denied", async () => {
  rewrite({ b: { ingress: new Map([[A, "udp/80 icmp/* icmpv6/*"]]) } });
  expect(counts()).toEqual([]);
  expect(pingsBoth("a", "b")).toEqual(["yes", "yes"]);
  // Request and reply, of both families.
  expect(counts()).toEqual(["a egress allowed open: 4", "b ingress allowed 10: 4"]);
  await datagrams("a", "b", 85);
  // The class may use other ports than this one: its element saw the packets as well.
  expect(counts()).toEqual(["a egress allowed open: 2", "b ingress denied: 2"]);
  expect(pingsBoth("c", "b")).toEqual(["no", "no"]);
  expect(counts()).toEqual(["b ingress denied: 2", "c egress allowed open: 2"]);
  await datagrams("a", "b", 80);
  await datagrams("a", "b", 81);
  expect(counts()).toEqual([
    "a egress allowed open: 6",
    "b ingress allowed 10: 4",
    "b ingress denied: 2",
  ]);
  expect(counts()).toEqual([]);
});

test("what everybody may and what some may not is counted by itself", async () => {
  const egress = new Map([
    [ANY.ipv4, "udp/80"],
    [B, "none"],
    [C, "all"],
  ]);
  rewrite({ a: { egress } });
  await datagrams("a", "outside", 80);
  expect(counts()).toEqual(["a egress allowed 1: 2", "a egress denied: 1"]);
  await datagrams("a", "outside", 85);
  expect(counts()).toEqual(["a egress denied: 2"]);
  expect(pingsBoth("a", "b")).toEqual(["no", "no"]);
  expect(pingsBoth("a", "c")).toEqual(["yes", "yes"]);
  expect(counts()).toEqual([
    "a egress allowed 12: 4",
    "a egress denied: 2",
    "c ingress allowed open: 4",
  ]);
});

test("counts go on from nothing where rules change, and go with their links", () => {
  rewrite({ b: { ingress: new Map([[A, "icmp/* icmpv6/* protocol/*"]]) } });
  pingsBoth("a", "b");
  expect(counts()).toContain("b ingress allowed 10: 4");
  const device = pods[1]?.device ?? "";
  const gate = gates({ b: { ingress: new Map([[A, "udp/80 icmp/* icmpv6/*"]]) } }).get(device);
  invariant(gate !== undefined, device);
  const change = (before: Gate | null, after: Gate | null): null => {
    const whole = new Map([...written, [device, after] as const]);
    written = new Map([...whole].flatMap(([key, of]) => (of === null ? [] : [[key, of] as const])));
    const changed = new Map([[device, gateChange(before, after)]]);
    return valueOf(
      table.change({ gates: changed, addresses: new Map(), blocks: null, hosts: new Map() }),
    );
  };
  change(written.get(device) ?? null, gate);
  pingsBoth("a", "b");
  expect(counts()).toContain("b ingress allowed 10: 4");
  change(gate, null);
  pingsBoth("a", "b");
  expect(counts()).toEqual(["a egress allowed open: 2", "b ingress denied: 2"]);
  const listed = (): string =>
    inside("node", "nft", "list", "set", "inet", "seam-policy", "denied-ingress4");
  expect(listed()).not.toContain("elements");
  pingsBoth("a", "b");
  expect(listed()).toContain("counter packets 1 ");
  rewrite({ b: { ingress: nothing } });
  expect(counts()).toEqual([]);
});

test("denied packets are shown: who began, to whom, and whose policies denied it (S5)", async () => {
  rewrite({ a: { egress: nothing }, b: { ingress: new Map([[A, "all"]]) } });
  for (const family of FAMILIES) {
    const [a = "", b = "", c = ""] = ["a", "b", "c"].map((name) => addressOf(name, family));
    const icmp = family === "ipv4" ? "ICMP" : "ICMPv6";
    expect([pings("a", b), pings("c", b)]).toEqual(["no", "no"]);
    expect(told()).toEqual([`egress ${a} ${b} ${icmp}`, `ingress ${c} ${b} ${icmp}`]);
    for (const from of ["a", "c"]) await ask(from, `udp ${b} 83`);
    expect(told()).toEqual([`egress ${a} ${b} UDP/83`, `ingress ${c} ${b} UDP/83`]);
  }
});

test("an answer that comes when it may not any more is shown as of its connection", async () => {
  rewrite({});
  const late = `const s = require("node:dgram").createSocket("udp4").bind(9100, () => console.log("ready"));
    s.on("message", (m, { address, port }) => setTimeout(() => s.send(m, port, address, () => s.close()), 800));`;
  const b9100 = spawn("ip", ["netns", "exec", basename(path("b")), process.execPath, "-e", late]);
  await once(b9100.stdout, "data");
  const [a, b] = [addressOf("a", "ipv4"), addressOf("b", "ipv4")];
  expect(await ask("a", `udp ${b} 9100`)).toBe("no");
  rewrite({ b: { ingress: nothing } });
  await once(b9100, "exit");
  expect(told()).toEqual([`ingress ${a} ${b} UDP/9100`]);
  expect(counts()).toEqual(["b ingress denied: 1"]);
});

test("one link's packets are shown so often only, and do not hide another's", () => {
  rewrite({ a: { egress: nothing }, c: { egress: nothing } });
  const flood = (from: string): string =>
    inside(from, "sh", "-c", `ping -q -f -c 200 -w 1 ${addressOf("b", "ipv4")} || true`);
  flood("a");
  const ofA = told();
  expect(ofA.length).toBeGreaterThanOrEqual(10);
  expect(ofA.length).toBeLessThan(20);
  expect(pings("c", addressOf("b", "ipv4"))).toBe("no");
  expect(told()).toHaveLength(1);
  expect(counts()[0]).toMatch(/^a egress denied: \d{2,}$/);
});

test("who reads too late misses packets and goes on; only one may listen", () => {
  expect(openDeniedPackets(path("node"))).toMatchObject({ ok: false, error: { errno: "EPERM" } });
  shown[Symbol.dispose]();
  shown = valueOf(openDeniedPackets(path("node"), bytes(1)));
  rewrite({ a: { egress: nothing } });
  inside("a", "sh", "-c", `ping -q -i 0.01 -c 10 -w 1 ${addressOf("b", "ipv4")} || true`);
  const first = shown.take();
  expect(first.isWhole).toBe(false);
  expect(first.packets.length).toBeGreaterThan(0);
  expect(pings("a", addressOf("b", "ipv6"))).toBe("no");
  const second = shown.take();
  expect(second).toMatchObject({ isWhole: true, packets: [{ protocol: "ICMPv6" }] });
  shown[Symbol.dispose]();
  shown = valueOf(openDeniedPackets(path("node")));
});

test("what packets leave in the table disturbs nothing, and nft lists it", () => {
  rewrite({ a: { egress: nothing } });
  pingsBoth("a", "b");
  expect(table.isDisturbed()).toBe(false);
  const listed = inside("node", "nft", "list", "table", "inet", "seam-policy");
  expect(listed).toMatch(/set denied-egress6 \{[^}]*counter packets 1 /);
  expect(listed).toContain('log prefix "egress original" group 7300 snaplen 128');
});

test("TCP tries again, and each try is shown", async () => {
  rewrite({ a: { egress: nothing }, b: { ingress: new Map([[A, "all"]]) } });
  for (const family of FAMILIES) {
    const [a = "", b = "", c = ""] = ["a", "b", "c"].map((name) => addressOf(name, family));
    expect(await ask("a", `tcp ${b} 81`)).toBe("no");
    expect(await ask("c", `tcp ${b} 82`)).toBe("no");
    const seen = new Set<string>();
    const look = (): string => {
      const all = told();
      for (const each of all) seen.add(each);
      return all.filter((each) => each.includes(`${a} ${b} `)).join();
    };
    expect(look()).toBe(`egress ${a} ${b} TCP/81`);
    expect(seen).toContain(`ingress ${c} ${b} TCP/82`);
    await expect.poll(look, { timeout: 30_000 }).toBe(`egress ${a} ${b} TCP/81`);
  }
});
