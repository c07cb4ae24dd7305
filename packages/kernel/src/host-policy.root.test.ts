/** Gates of the node's own interfaces in the real kernel, with real packets to, from and through a node. */
import { ANY, ANY_INTERFACE, type GateRules, type HostGate, hostGateChange } from "@seam/state";
import { afterAll, beforeAll, expect, test } from "vitest";

import { changeOf, closed, gateOf, gatesOf } from "./host-gates.fixture.ts";
import { openPolicyTable, type PolicyTable } from "./index.ts";
import {
  addressOf,
  ask,
  everything,
  FAMILIES,
  type gates,
  inside,
  makePolicyNode,
  passes,
  path,
  pings,
  removePolicyNode,
  stateWith,
  valueOf,
  WORLD,
} from "./policy-node.fixture.ts";

let table: PolicyTable;
/** The gates of interfaces that the table has. */
let written: ReadonlyMap<string, HostGate> = new Map();

const rewrite = (
  all: Parameters<typeof gatesOf>[0],
  ofPods: Parameters<typeof gates>[0] = {},
): void => {
  written = gatesOf(all);
  valueOf(table.rewrite({ ...stateWith(ofPods), hosts: written }));
};
const changeTo = (all: Parameters<typeof gatesOf>[0]): void => {
  const after = gatesOf(all);
  valueOf(table.change(changeOf(written, after)));
  written = after;
};

const nothing: GateRules = new Map();
const some: GateRules = new Map([[WORLD, "tcp/80-81 udp/85 icmp/* icmpv6/* protocol/*"]]);
const ofSome = FAMILIES.flatMap((family) =>
  ["tcp/80", "tcp/81", "udp/85", "other"].map((each) => `${family} ${each}`),
);
/** Names of chains and sets of the table; that nft lists it at all is part of what is tested. */
const names = (): readonly string[] =>
  inside("node", "nft", "list", "table", "inet", "seam-policy").match(
    /^\t(?:chain|set|map) \S+/gm,
  ) ?? [];

beforeAll(async () => {
  await makePolicyNode();
  table = valueOf(openPolicyTable(path("node")));
});

afterAll(() => {
  table[Symbol.dispose]();
  removePolicyNode();
});

test("what comes to programs of the node by an interface is judged there, its replies with it (I16)", async () => {
  rewrite({ up0: { "local-ingress": some } });
  expect(await passes("outside", "node")).toEqual(ofSome);
  expect(await passes("node", "outside")).toEqual(everything);
  expect(await passes("outside", "a")).toEqual(everything);
  expect(await passes("beyond", "node")).toEqual(everything);
});

test("what goes from programs of the node out by an interface is judged there (I16)", async () => {
  rewrite({ up0: { "local-egress": some } });
  expect(await passes("node", "outside")).toEqual(ofSome);
  expect(await passes("outside", "node")).toEqual(everything);
  expect(await passes("a", "outside")).toEqual(everything);
  expect(await passes("node", "beyond")).toEqual(everything);
});

test("what is forwarded is judged where it comes in and where it goes out, besides by pods (I16)", async () => {
  rewrite({ up0: { "forward-ingress": some } });
  expect(await passes("outside", "a")).toEqual(ofSome);
  expect(await passes("a", "outside")).toEqual(everything);
  expect(await passes("outside", "node")).toEqual(everything);
  rewrite({ up0: { "forward-egress": some } });
  expect(await passes("a", "outside")).toEqual(ofSome);
  expect(await passes("outside", "a")).toEqual(everything);
  expect(await passes("beyond", "outside")).toEqual(ofSome);
  expect(await passes("outside", "beyond")).toEqual(everything);
});

test("a pod's gate and an interface's must both let it pass", async () => {
  rewrite({ up0: { "forward-ingress": new Map([[WORLD, "all"]]) } }, { a: { ingress: nothing } });
  expect(await passes("outside", "a")).toEqual([]);
  rewrite({ up0: { "forward-ingress": nothing } }, { a: { ingress: new Map([[WORLD, "all"]]) } });
  expect(await passes("outside", "a")).toEqual([]);
  expect(await passes("beyond", "a")).toEqual([]);
  expect(await passes("outside", "b")).toEqual([]);
  expect(await passes("beyond", "b")).toEqual(everything);
  expect(await passes("b", "a")).toEqual([]);
  expect(await passes("b", "c")).toEqual(everything);
});

test("one gate stands for all interfaces that have none, but for pods' links and loopback", async () => {
  rewrite({ [ANY_INTERFACE]: closed, up1: {} });
  expect(await passes("outside", "node")).toEqual([]);
  expect(await passes("node", "outside")).toEqual([]);
  expect(await passes("outside", "a")).toEqual([]);
  expect(await passes("beyond", "node")).toEqual(everything);
  expect(await passes("beyond", "a")).toEqual(everything);
  expect(await passes("a", "node")).toEqual(everything);
  expect(await passes("node", "a")).toEqual(everything);
  expect(await passes("node", "node")).toEqual(everything);
  expect(await passes("a", "b")).toEqual(everything);
  changeTo({ [ANY_INTERFACE]: { "local-ingress": new Map([[ANY.ipv6, "udp/85"]]) }, up1: closed });
  expect(await passes("outside", "node")).toEqual(["ipv6 udp/85"]);
  expect(await passes("beyond", "node")).toEqual([]);
});

test("an established connection ends and goes on as rules change, either way", async () => {
  rewrite({ up0: { "local-ingress": some, "forward-egress": some } });
  const [node, outside] = [addressOf("node", "ipv6"), addressOf("outside", "ipv4")];
  expect(await ask("outside", `hold ${node} 80`)).toBe("yes");
  expect(await ask("outside", `speak ${node} 80`)).toBe("yes");
  expect(await ask("a", `hold ${outside} 81`)).toBe("yes");
  changeTo({ up0: { "local-ingress": new Map([[WORLD, "tcp/81"]]), "forward-egress": nothing } });
  expect(await ask("outside", `speak ${node} 80`)).toBe("no");
  expect(await ask("a", `speak ${outside} 81`)).toBe("no");
  changeTo({});
  for (const [from, question] of [
    ["outside", `speak ${node} 80`],
    ["a", `speak ${outside} 81`],
  ] as const)
    await expect.poll(async () => ask(from, question), { timeout: 30_000 }).toBe("yes");
});

test("ports without which a node is lost stay open, and so does neighbour discovery", async () => {
  rewrite({ up0: { ...closed, "pre-dnat": nothing } });
  inside("node", "ip", "neigh", "flush", "dev", "up0");
  inside("outside", "ip", "neigh", "flush", "dev", "eth0");
  const asked = async (from: string, to: string, ports: readonly string[]) =>
    Promise.all(
      FAMILIES.flatMap((family) =>
        ports.map(async (each) => ask(from, each.replace("/", ` ${addressOf(to, family)} `))),
      ),
    );
  const yes = (count: number): readonly string[] => Array.from({ length: 2 * count }, () => "yes");
  const no = (count: number): readonly string[] => Array.from({ length: 2 * count }, () => "no");
  expect(await asked("outside", "node", ["tcp/22", "udp/68", "tcp/179", "udp/4789"])).toEqual(
    yes(4),
  );
  expect(await asked("outside", "node", ["tcp/80", "udp/53", "udp/67"])).toEqual(no(3));
  expect(await asked("node", "outside", ["udp/53", "udp/67", "tcp/179", "udp/4789"])).toEqual(
    yes(4),
  );
  expect(await asked("node", "outside", ["tcp/22", "tcp/80", "udp/68"])).toEqual(no(3));
  // What is forwarded has no such ports.
  expect(await asked("outside", "a", ["tcp/22"])).toEqual(no(1));
  expect(await asked("a", "outside", ["udp/53"])).toEqual(no(1));
});

/** Translates as kube-proxy does for node ports, and for a service that the node itself asks. */
const translate = (): string =>
  inside(
    "node",
    "nft",
    `add table inet svc
     add chain inet svc pre { type nat hook prerouting priority dstnat; }
     add rule inet svc pre ip daddr 198.51.100.1 tcp dport { 8000, 8001 } dnat ip to 10.244.0.1:80
     add rule inet svc pre ip6 daddr 2001:db8::1 tcp dport { 8000, 8001 } dnat ip6 to [fd00:244::1]:80
     add chain inet svc out { type nat hook output priority -100; }
     add rule inet svc out ip daddr 10.96.0.1 tcp dport 443 dnat ip to 198.51.100.2:80`,
  );

test("before services are translated the port counts that was asked for (I16, preDNAT)", async () => {
  translate();
  rewrite({ up0: { "pre-dnat": new Map([[WORLD, "tcp/8000 tcp/90"]]) } });
  for (const family of FAMILIES) {
    const [node, pod] = [addressOf("node", family), addressOf("a", family)];
    expect(await ask("outside", `tcp ${node} 8000`)).toBe("yes");
    expect(await ask("outside", `tcp ${node} 8001`)).toBe("no");
    expect(await ask("outside", `tcp ${pod} 80`)).toBe("no");
    expect(await ask("outside", `tcp ${pod} 90`)).toBe("yes");
    expect(await ask("outside", `tcp ${node} 90`)).toBe("yes");
    expect(await ask("outside", `hold ${node} 8000`)).toBe("yes");
  }
  expect(await passes("node", "outside")).toEqual(everything);
  expect(await passes("a", "outside")).toEqual(everything);
  changeTo({ up0: { "pre-dnat": new Map([[WORLD, "tcp/8001"]]) } });
  expect(await ask("outside", `speak ${addressOf("node", "ipv4")} 8000`)).toBe("no");
  expect(await ask("outside", `tcp ${addressOf("node", "ipv6")} 8001`)).toBe("yes");
  // Behind the translation it is the pod's port.
  rewrite({ up0: { "forward-ingress": new Map([[WORLD, "tcp/80"]]) } });
  expect(await ask("outside", `tcp ${addressOf("node", "ipv4")} 8000`)).toBe("yes");
  rewrite({ up0: { "forward-ingress": new Map([[WORLD, "tcp/8000"]]) } });
  expect(await ask("outside", `tcp ${addressOf("node", "ipv4")} 8000`)).toBe("no");
  inside("node", "nft", "delete", "table", "inet", "svc");
});

test("what was let in before translation passes, whatever the rules are behind it (I16, preDNAT)", async () => {
  translate();
  const admitted = new Map([[WORLD, "tcp/8000 tcp/81"]]);
  rewrite({ up0: { ...closed, admitted } });
  for (const family of FAMILIES) {
    const [node, pod] = [addressOf("node", family), addressOf("a", family)];
    expect(await ask("outside", `tcp ${node} 8000`)).toBe("yes");
    expect(await ask("outside", `tcp ${node} 8001`)).toBe("no");
    expect(await ask("outside", `tcp ${node} 81`)).toBe("yes");
    expect(await ask("outside", `tcp ${node} 80`)).toBe("no");
    expect(await ask("outside", `tcp ${pod} 81`)).toBe("yes");
    expect(await ask("outside", `tcp ${pod} 80`)).toBe("no");
    expect(await ask("a", `tcp ${addressOf("outside", family)} 81`)).toBe("no");
    expect(await ask("node", `tcp ${addressOf("outside", family)} 81`)).toBe("no");
  }
  // Of an interface that has a gate of its own, that of all others says nothing.
  const node = addressOf("node", "ipv4");
  rewrite({ [ANY_INTERFACE]: { ...closed, admitted: new Map([[ANY.ipv4, "all"]]) }, up0: closed });
  expect(await ask("outside", `tcp ${node} 81`)).toBe("no");
  expect(await ask("beyond", `tcp ${node} 8000`)).toBe("yes");
  expect(await ask("beyond", `hold ${node} 81`)).toBe("yes");
  changeTo({ [ANY_INTERFACE]: { ...closed, admitted: new Map([[ANY.ipv4, "tcp/80"]]) } });
  expect(await ask("outside", `tcp ${node} 80`)).toBe("yes");
  expect(await ask("beyond", `speak ${node} 81`)).toBe("no");
  expect(await ask("beyond", `tcp ${node} 8000`)).toBe("no");
  inside("node", "nft", "delete", "table", "inet", "svc");
});

test("what the node asks of a service is judged where it goes after translation", async () => {
  translate();
  inside("node", "ip", "route", "add", "10.96.0.0/16", "via", "203.0.113.2");
  rewrite({ up1: closed });
  expect(await ask("node", "tcp 10.96.0.1 443")).toBe("yes");
  rewrite({ up0: { "local-egress": new Map([[WORLD, "tcp/80"]]) }, up1: closed });
  expect(await ask("node", "tcp 10.96.0.1 443")).toBe("yes");
  changeTo({ up0: { "local-egress": new Map([[WORLD, "tcp/443"]]) } });
  expect(await ask("node", "tcp 10.96.0.1 443")).toBe("no");
  inside("node", "ip", "route", "del", "10.96.0.0/16");
  inside("node", "nft", "delete", "table", "inet", "svc");
});

test("errors about connections pass by their connection, also those of the node about others'", async () => {
  const refused = (from: string, to: string): string =>
    inside(
      from,
      process.execPath,
      "-e",
      `const s = require("node:dgram").createSocket("udp4");
       s.connect(9000, "${to}", () => { s.send("x"); });
       s.on("error", (e) => { console.log(e.code); process.exit(); });
       setTimeout(() => { console.log("silence"); process.exit(); }, 1000);`,
    ).trim();
  rewrite({ up0: { ...closed, "local-ingress": new Map([[WORLD, "udp/9000"]]) } });
  expect(refused("outside", addressOf("node", "ipv4"))).toBe("ECONNREFUSED");
  rewrite({ up0: { ...closed, "local-egress": new Map([[WORLD, "udp/9000"]]) } });
  expect(refused("node", addressOf("outside", "ipv4"))).toBe("ECONNREFUSED");
  // A packet that has no hop left at the node.
  rewrite({ up0: { "local-ingress": nothing, "local-egress": nothing } });
  const hop = (to: string): string =>
    inside("outside", "sh", "-c", `ping -c1 -W1 -t1 ${to} || true`);
  for (const family of FAMILIES) expect(hop(addressOf("a", family))).toMatch(/exceeded/i);
});

test("what has no connection passes no gate, whatever any address may use", async () => {
  inside(
    "node",
    "nft",
    `add table inet raw
     add chain inet raw pre { type filter hook prerouting priority raw; }
     add rule inet raw pre iifname up0 udp dport 80 notrack`,
  );
  const node = addressOf("node", "ipv4");
  const any = new Map([[ANY.ipv4, "all"]]);
  rewrite({ up0: { "local-ingress": any } });
  expect(await ask("outside", `udp ${node} 80`)).toBe("no");
  expect(await ask("outside", `udp ${node} 81`)).toBe("yes");
  rewrite({ up0: { "pre-dnat": any } });
  expect(await ask("outside", `udp ${node} 80`)).toBe("no");
  rewrite({ up0: {} });
  expect(await ask("outside", `udp ${node} 80`)).toBe("yes");
  inside("node", "nft", "delete", "table", "inet", "raw");
});

test("the first gate makes what gates need, the last takes all of it away; nft can list it", () => {
  rewrite({});
  const before = names();
  expect(before.filter((name) => /host|local|forward-|dnat/.test(name))).toEqual([]);
  changeTo({ up0: { "local-ingress": some, "pre-dnat": some, admitted: some } });
  const one = names();
  expect(one.filter((name) => name.includes("ports-"))).toHaveLength(4);
  changeTo({
    up0: { "local-ingress": some, "local-egress": nothing },
    [ANY_INTERFACE]: { "forward-egress": new Map([[ANY.ipv4, "tcp/80"]]) },
  });
  // Three chains of ports have no use any more and go with the next change.
  expect(names()).toHaveLength(one.length + 1);
  changeTo({ up0: {} });
  expect(names()).toHaveLength(one.length - 2);
  changeTo({});
  expect(names()).toEqual(before);
  changeTo({ [ANY_INTERFACE]: closed });
  rewrite({});
  expect(names()).toEqual(before);
});

test("what others do to it is noticed, and put right by writing it anew", async () => {
  const rules = { up0: { "local-ingress": nothing } };
  rewrite(rules);
  const question = `tcp ${addressOf("node", "ipv4")} 80`;
  expect(table.isDisturbed()).toBe(false);
  inside("node", "nft", "flush", "set", "inet", "seam-policy", "judged-local-ingress");
  expect(table.isDisturbed()).toBe(true);
  expect(await ask("outside", question)).toBe("yes");
  rewrite(rules);
  expect(await ask("outside", question)).toBe("no");
  inside("node", "nft", "flush", "ruleset");
  rewrite(rules);
  expect(await ask("outside", question)).toBe("no");
});

test("a gate that the kernel refuses changes nothing", async () => {
  rewrite({ up0: { "local-ingress": nothing } });
  // There is no such gate to take away.
  const wrong = hostGateChange(gateOf("up1", closed), null);
  const hosts = new Map([["up1", wrong]]);
  const change = { gates: new Map(), addresses: new Map(), blocks: null, hosts };
  expect(table.change(change)).toMatchObject({ ok: false, error: { errno: "ENOENT" } });
  expect(pings("outside", addressOf("node", "ipv4"))).toBe("no");
});
