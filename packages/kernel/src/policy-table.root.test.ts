/** Policies in the real kernel, with real packets between pods of a node and a host outside. */
import { type Address, bytes, invariant, parseAddress, type Result } from "@seam/base";
import {
  ANY,
  type Gate,
  gateChange,
  type GateChange,
  type GateRules,
  type PolicyState,
} from "@seam/state";
import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createPodInterface, hostDeviceName, openPolicyTable, type PolicyTable } from "./index.ts";
import { probeProgram } from "./probe-program.fixture.ts";

function valueOf<T, E>(result: Result<T, E>): T {
  invariant(result.ok, result.ok ? "" : JSON.stringify(result.error));
  return result.value;
}
const address = (text: string): Address => valueOf(parseAddress(text));
const ip = (...args: readonly string[]): string => execFileSync("ip", args).toString();
const prefix = `seam-policy-${process.pid}`;
const path = (name: string): string => `/var/run/netns/${prefix}-${name}`;
const inside = (name: string, ...command: readonly string[]): string =>
  ip("netns", "exec", `${prefix}-${name}`, ...command);

const pods = ["a", "b", "c"].map((name, index) => ({
  name,
  device: hostDeviceName(`container-${name}`, "eth0"),
  addresses: [`10.244.0.${index + 1}`, `fd00:244::${index + 1}`].map(address),
}));
const OUTSIDE = { ipv4: "198.51.100.2", ipv6: "2001:db8::2" } as const;
const FAMILIES = ["ipv4", "ipv6"] as const;
const addressOf = (name: string, family: "ipv4" | "ipv6"): string => {
  if (name === "outside") return OUTSIDE[family];
  const last = "abc".indexOf(name) + 1;
  return family === "ipv4" ? `10.244.0.${last}` : `fd00:244::${last}`;
};

type Child = ChildProcessByStdio<Writable, Readable, null>;
const children = new Map<
  string,
  { readonly child: Child; readonly answers: Map<string, string> }
>();

async function start(name: string): Promise<void> {
  const command = ["netns", "exec", `${prefix}-${name}`, process.execPath, "-e", probeProgram];
  const child = spawn("ip", command, { stdio: ["pipe", "pipe", "inherit"] });
  const answers = new Map<string, string>();
  const lines = createInterface({ input: child.stdout });
  await once(lines, "line");
  lines.on("line", (line) => {
    const at = line.lastIndexOf(" ");
    answers.set(line.slice(0, at), line.slice(at + 1));
  });
  children.set(name, { child, answers });
}

/** A question is a word (tcp, udp; hold a connection, speak over it), a host and a port. */
async function ask(from: string, question: string): Promise<string> {
  const found = children.get(from);
  invariant(found !== undefined, from);
  found.answers.delete(question);
  found.child.stdin.write(`${question}\n`);
  await expect
    .poll(() => found.answers.get(question), { timeout: 5000, interval: 5 })
    .toBeDefined();
  return found.answers.get(question) ?? "";
}

const pings = (from: string, to: string): string => {
  try {
    inside(from, "ping", "-c1", "-W1", to);
    return "yes";
  } catch {
    return "no";
  }
};

/** What passes from one end to another: `ipv4 tcp/80` and so on. */
async function passes(from: string, to: string): Promise<readonly string[]> {
  const probes = FAMILIES.flatMap((family) => [
    ...(["tcp", "udp"] as const).flatMap((what) =>
      [80, 81, 85, 90].map(async (port) => {
        const answer = await ask(from, `${what} ${addressOf(to, family)} ${port}`);
        return answer === "yes" ? [`${family} ${what}/${port}`] : [];
      }),
    ),
    Promise.resolve(pings(from, addressOf(to, family)) === "yes" ? [`${family} other`] : []),
  ]);
  return (await Promise.all(probes)).flat();
}

const everything = FAMILIES.flatMap((family) => [
  ...["tcp", "udp"].flatMap((what) => [80, 81, 85, 90].map((port) => `${family} ${what}/${port}`)),
  `${family} other`,
]);

let table: PolicyTable;

/** Gates of the three pods, of which each direction is open unless it is given. */
const gates = (
  rules: Readonly<Record<string, { readonly ingress?: GateRules; readonly egress?: GateRules }>>,
): ReadonlyMap<string, Gate> =>
  new Map(
    pods.map(({ name, device, addresses }): [string, Gate] => {
      const { ingress = null, egress = null } = rules[name] ?? {};
      return [device, { device, addresses, ingress, egress }];
    }),
  );

const classes = new Map(
  pods.flatMap(({ name }, index) =>
    FAMILIES.map((family) => [addressOf(name, family), 10 + index] as const),
  ),
);
const [A, B, C, WORLD] = [10, 11, 12, 20];
const world = FAMILIES.map((family) => ({
  first: address(family === "ipv4" ? "198.51.100.0" : "2001:db8::"),
  last: address(family === "ipv4" ? "198.51.100.255" : "2001:db8::ffff"),
  peers: WORLD,
}));

const rewrite = (rules: Parameters<typeof gates>[0]): void => {
  const state: PolicyState = { gates: gates(rules), addresses: classes, blocks: world };
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
  const names = ["node", "outside", ...pods.map(({ name }) => name)];
  for (const name of names) {
    ip("netns", "add", `${prefix}-${name}`);
    ip("-n", `${prefix}-${name}`, "link", "set", "lo", "up");
  }
  inside("node", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
  for (const { name, device, addresses } of pods) {
    const ends = { podNetns: path(name), hostNetns: path("node") };
    valueOf(
      createPodInterface({
        ...ends,
        hostDevice: device,
        podDevice: "eth0",
        addresses,
        mtu: bytes(1500),
      }),
    );
  }
  const node = `${prefix}-node`;
  ip(
    "-n",
    node,
    "link",
    "add",
    "up0",
    "type",
    "veth",
    "peer",
    "eth0",
    "netns",
    `${prefix}-outside`,
  );
  for (const [name, link, last] of [
    ["node", "up0", 1],
    ["outside", "eth0", 2],
  ] as const) {
    ip("-n", `${prefix}-${name}`, "addr", "add", `198.51.100.${last}/24`, "dev", link);
    ip("-n", `${prefix}-${name}`, "addr", "add", `2001:db8::${last}/64`, "dev", link, "nodad");
    ip("-n", `${prefix}-${name}`, "link", "set", link, "up");
  }
  ip("-n", `${prefix}-outside`, "route", "add", "10.244.0.0/24", "via", "198.51.100.1");
  ip("-n", `${prefix}-outside`, "route", "add", "fd00:244::/64", "via", "2001:db8::1");
  table = valueOf(openPolicyTable(path("node")));
  for (const name of ["outside", ...pods.map((pod) => pod.name)]) await start(name);
});

afterAll(() => {
  table[Symbol.dispose]();
  for (const { child } of children.values()) child.stdin.end();
  for (const name of ["node", "outside", ...pods.map((pod) => pod.name)])
    ip("netns", "del", `${prefix}-${name}`);
});

test("links are closed until they have a gate, but for their own node (I14, fail-closed)", async () => {
  valueOf(table.rewrite({ gates: new Map(), addresses: new Map(), blocks: [] }));
  written = new Map();
  expect(await passes("a", "b")).toEqual([]);
  expect(await passes("outside", "b")).toEqual([]);
  expect(await passes("a", "outside")).toEqual([]);
  expect(pings("node", addressOf("a", "ipv4"))).toBe("yes");
  expect(pings("a", "198.51.100.1")).toBe("yes");
  const [first] = gates({});
  invariant(first !== undefined, "the gate of a");
  valueOf(table.change({ gates: changeTo(new Map([first])), addresses: new Map(), blocks: null }));
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
    [A, "tcp/80-81 udp/85 other"],
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
      table.change({ gates: changeTo(gateWith(ingress)), addresses: new Map(), blocks: null }),
    );
  change(new Map([[C, "all"]]));
  expect(await ask("a", `speak ${to} 80`)).toBe("no");
  change(new Map([[A, "tcp/80 udp/80"]]));
  // What was said meanwhile is said again by TCP.
  expect(await ask("a", `speak ${to} 80`)).toMatch(/yes|no/);
  await expect.poll(async () => ask("a", `speak ${to} 80`), { timeout: 10_000 }).toBe("yes");
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
    }),
  );
  for (const family of FAMILIES)
    expect(await ask("c", `tcp ${addressOf("b", family)} 80`)).toBe("yes");
  expect(await ask("outside", `tcp ${addressOf("b", "ipv4")} 80`)).toBe("yes");
  expect(await ask("outside", `tcp ${addressOf("b", "ipv6")} 80`)).toBe("no");
  const back = { before: A, after: null };
  const addresses = new Map(FAMILIES.map((family) => [addressOf("c", family), back]));
  valueOf(table.change({ gates: new Map(), addresses, blocks: [] }));
  for (const from of ["c", "outside"])
    expect(await ask(from, `tcp ${addressOf("b", "ipv4")} 80`)).toBe("no");
});

test("chains of ports go with their last use; nft can list all there is", () => {
  rewrite({ b: { ingress: new Map([[A, "tcp/80 tcp/85"]]) } });
  const chains = (): readonly string[] =>
    inside("node", "nft", "list", "ruleset").match(/chain ports-\w+/g) ?? [];
  expect(chains()).toHaveLength(1);
  valueOf(table.change({ gates: changeTo(gates({})), addresses: new Map(), blocks: null }));
  expect(chains()).toEqual([]);
});

test("what others do to the table is noticed, what is done by the table itself is not", () => {
  rewrite({});
  expect(table.isDisturbed()).toBe(false);
  inside("node", "nft", "add", "table", "inet", "foreign");
  expect(table.isDisturbed()).toBe(false);
  inside("node", "nft", "flush", "set", "inet", "seam-policy", "open-egress");
  expect(table.isDisturbed()).toBe(true);
  expect(table.isDisturbed()).toBe(false);
  expect(valueOf(table.exists())).toBe(true);
  inside("node", "nft", "flush", "ruleset");
  expect(table.isDisturbed()).toBe(true);
  expect(valueOf(table.exists())).toBe(false);
});

test("a change that the kernel refuses is told and changes nothing", async () => {
  rewrite({ b: { ingress: nothing } });
  const [open] = gates({});
  invariant(open !== undefined, "the gate of a");
  const wrong = new Map([["10.9.9.9", { before: 77, after: null }]]);
  expect(
    table.change({ gates: changeTo(gates({})), addresses: wrong, blocks: null }),
  ).toMatchObject({
    ok: false,
    error: { errno: "ENOENT" },
  });
  expect(await ask("a", `tcp ${addressOf("b", "ipv4")} 80`)).toBe("no");
});
