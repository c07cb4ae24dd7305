/** Policies in the real kernel, with real packets between pods of a node and a host outside. */
import { invariant } from "@seam/base";
import {
  ANY,
  type Gate,
  gateChange,
  type GateChange,
  type GateRules,
  type PolicyState,
} from "@seam/state";
import { afterAll, beforeAll, expect, test } from "vitest";

import { openPolicyTable, type PolicyTable } from "./index.ts";
import {
  A,
  address,
  addressOf,
  ask,
  B,
  C,
  everything,
  FAMILIES,
  gates,
  inside,
  makePolicyNode,
  passes,
  path,
  pings,
  pods,
  removePolicyNode,
  stateWith,
  valueOf,
  WORLD,
} from "./policy-node.fixture.ts";

let table: PolicyTable;
const rewrite = (rules: Parameters<typeof gates>[0]): void => {
  const state = stateWith(rules);
  valueOf(table.rewrite(state));
  written = state.gates;
};

/** The gates that the table has. */
let written: ReadonlyMap<string, Gate> = new Map();

/** What makes the gates that the table has into these, without taking any away. */
const changeTo = (after: ReadonlyMap<string, Gate>): ReadonlyMap<string, GateChange> => {
  const before = written;
  written = new Map([...before, ...after]);
  return new Map(
    [...after].map(([device, gate]) => [device, gateChange(before.get(device) ?? null, gate)]),
  );
};
const nothing: GateRules = new Map();

beforeAll(async () => {
  await makePolicyNode();
  table = valueOf(openPolicyTable(path("node")));
});

afterAll(() => {
  table[Symbol.dispose]();
  removePolicyNode();
});

test("links are closed until they have a gate, but for their own node (I14, fail-closed)", async () => {
  valueOf(table.rewrite({ gates: new Map(), addresses: new Map(), blocks: [], hosts: new Map() }));
  written = new Map();
  expect(await passes("a", "b")).toEqual([]);
  expect(await passes("outside", "b")).toEqual([]);
  expect(await passes("a", "outside")).toEqual([]);
  expect(pings("node", addressOf("a", "ipv4"))).toBe("yes");
  expect(pings("a", "198.51.100.1")).toBe("yes");
  const [first] = gates({});
  invariant(first !== undefined, "the gate of a");
  valueOf(
    table.change({
      gates: changeTo(new Map([first])),
      addresses: new Map(),
      blocks: null,
      hosts: new Map(),
    }),
  );
  expect(await passes("a", "outside")).toEqual(everything);
  expect(await passes("a", "b")).toEqual([]);
});

test("gates without rules let everything pass", async () => {
  rewrite({});
  for (const [from, to] of [
    ["a", "b"],
    ["outside", "c"],
    ["c", "outside"],
  ] as const)
    expect(await passes(from, to)).toEqual(everything);
});

test("classes, blocks and ports of both directions decide, whoever began (S5, I14)", async () => {
  const some = new Map([
    [A, "tcp/80-81 udp/85 icmp/* icmpv6/* protocol/*"],
    [WORLD, "tcp/90"],
  ]);
  rewrite({ b: { ingress: some } });
  const ofA = ["tcp/80", "tcp/81", "udp/85", "other"];
  expect(await passes("a", "b")).toEqual(
    FAMILIES.flatMap((family) => ofA.map((each) => `${family} ${each}`)),
  );
  expect(await passes("outside", "b")).toEqual(["ipv4 tcp/90", "ipv6 tcp/90"]);
  expect(await passes("c", "b")).toEqual([]);
  // Replies to what b begins are no new connections (§4.5 defect 10).
  expect(await passes("b", "c")).toEqual(everything);
  rewrite({ b: { ingress: some }, a: { egress: new Map([[B, "tcp/81-65535"]]) } });
  expect(await passes("a", "b")).toEqual(["ipv4 tcp/81", "ipv6 tcp/81"]);
  expect(await passes("a", "outside")).toEqual([]);
  expect(await passes("outside", "a")).toEqual(everything);
});

test("what is known of a class comes before what is true of any address", async () => {
  const ingress = new Map([
    [ANY.ipv4, "tcp/*"],
    [ANY.ipv6, "udp/*"],
    [A, "none"],
    [C, "all"],
  ]);
  rewrite({ b: { ingress } });
  expect(await passes("a", "b")).toEqual([]);
  expect(await passes("c", "b")).toEqual(everything);
  expect(await passes("outside", "b")).toEqual([
    ...[80, 81, 85, 90].map((port) => `ipv4 tcp/${port}`),
    ...[80, 81, 85, 90].map((port) => `ipv6 udp/${port}`),
  ]);
});

test("a pod that nobody may reach still reaches itself by way of the node", async () => {
  rewrite({ a: { ingress: nothing, egress: nothing } });
  // As kube-proxy does for a pod that asks its own service.
  inside(
    "node",
    "nft",
    `add table ip svc
     add chain ip svc pre { type nat hook prerouting priority dstnat; }
     add rule ip svc pre ip daddr 10.96.0.1 tcp dport 8000 dnat to 10.244.0.1:80
     add chain ip svc post { type nat hook postrouting priority srcnat; }
     add rule ip svc post ip saddr 10.244.0.1 ip daddr 10.244.0.1 masquerade`,
  );
  expect(await ask("a", "tcp 10.96.0.1 8000")).toBe("yes");
  expect(await ask("b", "tcp 10.96.0.1 8000")).toBe("no");
  // Whatever rules say of everybody, or of those that it is one of.
  for (const others of [new Map([[ANY.ipv4, "udp/53"]]), new Map([[A, "tcp/8000"]])]) {
    rewrite({ a: { ingress: others, egress: others } });
    expect(await ask("a", "tcp 10.96.0.1 8000")).toBe("yes");
    expect(await ask("b", "tcp 10.96.0.1 8000")).toBe("no");
  }
  // The port that counts is that of the pod, not that of its service.
  rewrite({
    a: { ingress: new Map([[B, "tcp/80"]]) },
    b: { egress: new Map([[A, "tcp/80"]]) },
  });
  expect(await ask("b", "tcp 10.96.0.1 8000")).toBe("yes");
  rewrite({ b: { egress: new Map([[A, "tcp/8000"]]) } });
  expect(await ask("b", "tcp 10.96.0.1 8000")).toBe("no");
  inside("node", "nft", "delete table ip svc");
});

test("what has no connection passes no gate with rules, whatever any address may use; a gate without rules stays open (I14, I15)", async () => {
  inside(
    "node",
    "nft",
    `add table inet raw
     add chain inet raw pre { type filter hook prerouting priority raw; }
     add rule inet raw pre udp dport 80 notrack
     add rule inet raw pre udp sport 80 notrack
     add rule inet raw pre tcp dport 80 notrack
     add rule inet raw pre tcp sport 80 notrack`,
  );
  const to = addressOf("b", "ipv4");
  const any = new Map(FAMILIES.map((family) => [ANY[family], "all"] as const));
  for (const side of ["ingress", "egress"] as const) {
    rewrite({ [side === "ingress" ? "b" : "a"]: { [side]: any } });
    for (const family of FAMILIES) {
      expect(await ask("a", `udp ${addressOf("b", family)} 80`)).toBe("no");
      expect(await ask("a", `udp ${addressOf("b", family)} 81`)).toBe("yes");
    }
  }
  rewrite({});
  for (const family of FAMILIES)
    expect(await ask("a", `udp ${addressOf("b", family)} 80`)).toBe("yes");
  expect(await ask("a", `hold ${to} 80`)).toBe("yes");
  inside("node", "nft", "delete", "table", "inet", "raw");
  // From its middle on conntrack takes a connection for invalid that it saw no beginning of.
  const loose = "net.netfilter.nf_conntrack_tcp_loose";
  inside("node", "sysctl", "-qw", `${loose}=0`);
  expect(await ask("a", `speak ${to} 80`)).toBe("yes");
  rewrite({ b: { ingress: any } });
  expect(await ask("a", `speak ${to} 80`)).toBe("no");
  rewrite({});
  await expect.poll(async () => ask("a", `speak ${to} 80`), { timeout: 30_000 }).toBe("yes");
  inside("node", "sysctl", "-qw", `${loose}=1`);
});

test("an established connection ends and goes on as rules change, without a new one", async () => {
  const to = addressOf("b", "ipv4");
  rewrite({ b: { ingress: new Map([[A, "tcp/80"]]) } });
  expect(await ask("a", `hold ${to} 80`)).toBe("yes");
  expect(await ask("a", `speak ${to} 80`)).toBe("yes");
  const device = pods[1]?.device ?? "";
  const gateWith = (ingress: GateRules): ReadonlyMap<string, Gate> => {
    const gate = gates({ b: { ingress } }).get(device);
    invariant(gate !== undefined, device);
    return new Map([[device, gate]]);
  };
  const change = (ingress: GateRules): null =>
    valueOf(
      table.change({
        gates: changeTo(gateWith(ingress)),
        addresses: new Map(),
        blocks: null,
        hosts: new Map(),
      }),
    );
  change(new Map([[C, "all"]]));
  expect(await ask("a", `speak ${to} 80`)).toBe("no");
  change(new Map([[A, "tcp/80 udp/80"]]));
  // What was said meanwhile is said again by TCP.
  expect(await ask("a", `speak ${to} 80`)).toMatch(/yes|no/);
  await expect.poll(async () => ask("a", `speak ${to} 80`), { timeout: 30_000 }).toBe("yes");
});

test("errors about a connection come back to who may have it (path MTU)", async () => {
  rewrite({ a: { egress: new Map([[WORLD, "udp/9000 tcp/80"]]), ingress: nothing } });
  // Nobody listens: the host outside says so by ICMP, which no rule of a is about.
  const refused = inside(
    "a",
    process.execPath,
    "-e",
    `const s = require("node:dgram").createSocket("udp4");
     s.connect(9000, "198.51.100.2", () => { s.send("x"); });
     s.on("error", (e) => { console.log(e.code); process.exit(); });
     setTimeout(() => { console.log("silence"); process.exit(); }, 1500);`,
  );
  expect(refused.trim()).toBe("ECONNREFUSED");
});

test("a change of addresses and blocks moves peers between classes, and ranges go to the last address", async () => {
  rewrite({ b: { ingress: new Map([[A, "tcp/80"]]) } });
  expect(await ask("c", `tcp ${addressOf("b", "ipv6")} 80`)).toBe("no");
  const moved = { before: C, after: A };
  valueOf(
    table.change({
      gates: new Map(),
      addresses: new Map(FAMILIES.map((family) => [addressOf("c", family), moved])),
      blocks: [
        { first: address("128.0.0.0"), last: address("255.255.255.255"), peers: A },
        { first: address("10.244.0.0"), last: address("10.244.0.255"), peers: C },
      ],
      hosts: new Map(),
    }),
  );
  for (const family of FAMILIES)
    expect(await ask("c", `tcp ${addressOf("b", family)} 80`)).toBe("yes");
  expect(await ask("outside", `tcp ${addressOf("b", "ipv4")} 80`)).toBe("yes");
  expect(await ask("outside", `tcp ${addressOf("b", "ipv6")} 80`)).toBe("no");
  const back = { before: A, after: null };
  const addresses = new Map(FAMILIES.map((family) => [addressOf("c", family), back]));
  valueOf(table.change({ gates: new Map(), addresses, blocks: [], hosts: new Map() }));
  for (const from of ["c", "outside"])
    expect(await ask(from, `tcp ${addressOf("b", "ipv4")} 80`)).toBe("no");
});

test("chains of ports go with the change after that of their last use; nft can list all there is", () => {
  rewrite({ b: { ingress: new Map([[A, "tcp/80 tcp/85"]]) } });
  const chains = (): readonly string[] =>
    inside("node", "nft", "list", "ruleset").match(/chain ports-[\w-]+/g) ?? [];
  const write = (sides: Parameters<typeof gates>[0]): readonly string[] => {
    const change = { addresses: new Map(), blocks: null, hosts: new Map() };
    valueOf(table.change({ ...change, gates: changeTo(gates(sides)) }));
    return chains();
  };
  const [used] = chains();
  expect(chains()).toEqual([used]);
  expect(write({})).toEqual([used]);
  expect(write({ b: { ingress: new Map([[A, "tcp/80 tcp/85"]]) } })).toEqual([used]);
  expect(write({ b: { ingress: new Map([[A, "tcp/80"]]) } })).toHaveLength(2);
  expect(write({ b: { ingress: new Map([[B, "tcp/80"]]) } })).not.toContain(used);
  expect(write({})).toHaveLength(1);
  expect(write({})).toEqual([]);
});

/** A gate for each of many links that are not there, beside those of the pods. */
function stateWithMany(rules: Parameters<typeof gates>[0]): PolicyState {
  const state = stateWith(rules);
  const many = Array.from({ length: 60 }, (_, link): [string, Gate] => {
    const device = `seam${String(link).padStart(11, "0")}`;
    const side = new Map(Array.from({ length: 200 }, (_peer, at) => [100 + at, "all"] as const));
    return [device, { device, addresses: [], ingress: side, egress: side, node: null }];
  });
  return { ...state, gates: new Map([...state.gates, ...many]) };
}

test("everything is written anew beside other work, and in force as a whole at once (I14)", async () => {
  const question = `tcp ${addressOf("b", "ipv4")} 80`;
  const change = { addresses: new Map(), blocks: null, hosts: new Map() };
  rewrite({ b: { ingress: nothing } });
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const state = stateWithMany({ b: { ingress: new Map([[A, "tcp/80"]]) } });
  const writing = table.rewriteBeside(state);
  expect(() => table.change({ ...change, gates: new Map() })).toThrow(/one after another/);
  expect(() => table.rewrite(state)).toThrow(/one after another/);
  expect(table.takeCounts(state.gates)).toEqual({ ok: true, value: [] });
  // What was in force before is so until all is there.
  expect(await ask("a", question)).toBe("no");
  expect(valueOf(await writing)).toBeNull();
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);
  expect(await ask("a", question)).toBe("yes");
  expect(table.isDisturbed()).toBe(false);
  written = state.gates;
  valueOf(table.change({ ...change, gates: changeTo(gates({ b: { ingress: nothing } })) }));
  expect(await ask("a", question)).toBe("no");
});

test("who closes a table that is being written is not waited for, and nothing else is written over it", async () => {
  const other = valueOf(openPolicyTable(path("node")));
  const writing = other.rewriteBeside(stateWithMany({}));
  other[Symbol.dispose]();
  expect(await writing).toMatchObject({ ok: false, error: { errno: "EBADF" } });
});

test("what others do to the table is noticed, what is done by the table itself is not", () => {
  rewrite({});
  expect(table.isDisturbed()).toBe(false);
  inside("node", "nft", "add", "table", "inet", "foreign");
  expect(table.isDisturbed()).toBe(false);
  inside("node", "nft", "flush", "set", "inet", "seam-policy", "open-egress");
  expect(table.isDisturbed()).toBe(true);
  expect(table.isDisturbed()).toBe(false);
  expect(valueOf(table.isThere())).toBe(true);
  // The table and its chains stay, without a rule.
  inside("node", "nft", "flush", "table", "inet", "seam-policy");
  expect(table.isDisturbed()).toBe(true);
  expect(valueOf(table.isThere())).toBe(false);
  rewrite({});
  expect(valueOf(table.isThere())).toBe(true);
  inside("node", "nft", "flush", "ruleset");
  expect(table.isDisturbed()).toBe(true);
  expect(valueOf(table.isThere())).toBe(false);
});

test("a change that the kernel refuses is told and changes nothing", async () => {
  rewrite({ b: { ingress: nothing } });
  const [open] = gates({});
  invariant(open !== undefined, "the gate of a");
  const wrong = new Map([["10.9.9.9", { before: 77, after: null }]]);
  expect(
    table.change({ gates: changeTo(gates({})), addresses: wrong, blocks: null, hosts: new Map() }),
  ).toMatchObject({
    ok: false,
    error: { errno: "ENOENT" },
  });
  expect(await ask("a", `tcp ${addressOf("b", "ipv4")} 80`)).toBe("no");
});
