/** What pods say to their own node, judged by the real kernel with real packets (I15, decision 32). */
import { formatAddress } from "@seam/base";
import { ANY, type Gate, gateChange, type GateRules } from "@seam/state";
import { afterAll, beforeAll, expect, test } from "vitest";

import {
  type DeniedPackets,
  openDeniedPackets,
  openPolicyTable,
  type PolicyTable,
} from "./index.ts";
import {
  addressOf,
  ask,
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
let shown: DeniedPackets;
const nothing: GateRules = new Map();
/** The gates that the table has. */
let written: ReadonlyMap<string, Gate> = new Map();
const rewrite = (rules: Parameters<typeof gates>[0]): void => {
  const state = stateWith(rules);
  valueOf(table.rewrite(state));
  written = state.gates;
};
/** Makes the gate of `a` one with these rules about its node, or takes it away. */
function changeA(node: GateRules | null, isThere = true): void {
  const device = pods[0]?.device ?? "";
  const before = written.get(device) ?? null;
  const after = isThere ? (gates({ a: node === null ? {} : { node } }).get(device) ?? null) : null;
  const change = { addresses: new Map(), blocks: null, hosts: new Map() };
  valueOf(table.change({ ...change, gates: new Map([[device, gateChange(before, after)]]) }));
  const others = [...written].filter(([each]) => each !== device);
  written = new Map(after === null ? others : [...others, [device, after]]);
}
const isHooked = (): boolean =>
  inside("node", "nft", "list", "table", "inet", "seam-policy").includes("hook input");
/** What the node answers by each of its families. */
const answers = async (from: string, what: string, port: number): Promise<readonly string[]> => {
  const all = FAMILIES.map(async (family) =>
    ask(from, `${what} ${addressOf("node", family)} ${port}`),
  );
  return Promise.all(all);
};

beforeAll(async () => {
  await makePolicyNode();
  table = valueOf(openPolicyTable(path("node")));
  shown = valueOf(openDeniedPackets(path("node")));
});

afterAll(() => {
  table[Symbol.dispose]();
  shown[Symbol.dispose]();
  removePolicyNode();
});

test("what is judged is counted and shown, what no rule is about is not counted; nft lists it (I15, S5)", async () => {
  rewrite({
    a: {
      node: new Map([
        [WORLD, "udp/80"],
        [ANY.ipv4, "none"],
      ]),
    },
  });
  shown.take();
  const counts = (): readonly string[] =>
    valueOf(table.takeCounts(written)).map(({ device, side, verdict, packets }) => {
      const pod = pods.find((each) => each.device === device)?.name ?? device;
      return `${pod} ${side} ${verdict}: ${packets}`;
    });
  counts();
  expect(await answers("a", "udp", 80)).toEqual(["yes", "yes"]);
  expect(await answers("a", "udp", 85)).toEqual(["no", "no"]);
  expect(await answers("b", "udp", 80)).toEqual(["yes", "yes"]);
  // Answers of the node are not judged.
  expect(counts()).toEqual(["a node allowed: 2", "a node denied: 2"]);
  expect(counts()).toEqual([]);
  const told = shown
    .take()
    .packets.map(
      ({ side, client, server, protocol, port, isDenied }) =>
        `${side} ${formatAddress(client)} ${formatAddress(server)} ${protocol}/${port} ${isDenied}`,
    );
  expect(told.toSorted()).toEqual(
    FAMILIES.map(
      (family) => `node ${addressOf("a", family)} ${addressOf("node", family)} UDP/85 true`,
    ),
  );
  const listed = inside("node", "nft", "list", "table", "inet", "seam-policy");
  expect(listed).toContain('log prefix "node original" group 7300 snaplen 128');
});

test("a rule that logs shows the first packet of a connection to the node (S23)", async () => {
  rewrite({ a: { node: new Map([[WORLD, "all log udp/*"]]) } });
  shown.take();
  expect(await answers("a", "udp", 80)).toEqual(["yes", "yes"]);
  expect(shown.take().packets).toMatchObject(
    FAMILIES.map((family) => ({ side: "node", isDenied: false, family, port: 80 })),
  );
});

test("what a pod says to its own node has rules of its own, and what others say to it none (I15)", async () => {
  const some = new Map([[WORLD, "tcp/80-81 udp/85 icmp/* icmpv6/*"]]);
  rewrite({ a: { node: some }, b: { egress: nothing } });
  expect(await passes("a", "node")).toEqual(
    FAMILIES.flatMap((family) =>
      ["tcp/80", "tcp/81", "udp/85", "other"].map((each) => `${family} ${each}`),
    ),
  );
  expect(await passes("a", "outside")).toEqual(everything);
  // No rule about others is one about the node.
  expect(await passes("b", "outside")).toEqual([]);
  expect(await passes("b", "node")).toEqual(everything);
  expect(await passes("outside", "node")).toEqual(everything);
});

test("what the node begins goes on, with its errors: probes of pods that may not speak to it (I15)", async () => {
  rewrite({ a: { node: nothing } });
  expect(await passes("a", "node")).toEqual([]);
  expect(await passes("node", "a")).toEqual(everything);
  // Nobody listens in the pod, which says so by ICMP.
  for (const family of FAMILIES) {
    const refused = inside(
      "node",
      process.execPath,
      "-e",
      `const s = require("node:dgram").createSocket("udp${family.slice(-1)}");
       s.connect(9000, "${addressOf("a", family)}", () => { s.send("x"); });
       s.on("error", (e) => { console.log(e.code); process.exit(); });
       setTimeout(() => { console.log("silence"); process.exit(); }, 1500);`,
    );
    expect(refused.trim()).toBe("ECONNREFUSED");
  }
});

test("the gateway is found and answers pings, and is no way around to the node's programs (I15)", async () => {
  const any = new Map(FAMILIES.map((family) => [ANY[family], "tcp/* udp/*"] as const));
  rewrite({ a: { node: any } });
  for (const gateway of ["169.254.1.1", "fe80::1"]) {
    inside("a", "ip", "neigh", "del", gateway, "dev", "eth0");
    expect(pings("a", gateway === "fe80::1" ? "fe80::1%eth0" : gateway)).toBe("yes");
    expect(inside("a", "ip", "neigh", "show", gateway)).toMatch(/lladdr .*(REACHABLE|DELAY|STALE)/);
  }
  for (const what of ["tcp", "udp"])
    for (const gateway of ["169.254.1.1", "fe80::1%eth0"])
      expect(await ask("a", `${what} ${gateway} 80`)).toBe("no");
  expect(await answers("a", "tcp", 80)).toEqual(["yes", "yes"]);
  rewrite({});
  for (const gateway of ["169.254.1.1", "fe80::1%eth0"])
    expect(await ask("a", `tcp ${gateway} 80`)).toBe("yes");
});

test("a service of the node is judged by where it leads, and a port of the node that leads to a pod as that pod (I15)", async () => {
  inside(
    "node",
    "nft",
    `add table inet svc
     add chain inet svc pre { type nat hook prerouting priority dstnat; }
     add rule inet svc pre ip daddr 10.96.0.1 tcp dport 8000 dnat ip to 198.51.100.1:80
     add rule inet svc pre ip6 daddr fd00:96::1 tcp dport 8000 dnat ip6 to [2001:db8::1]:80
     add rule inet svc pre ip daddr 198.51.100.1 tcp dport 30080 dnat ip to 10.244.0.2:80
     add rule inet svc pre ip6 daddr 2001:db8::1 tcp dport 30080 dnat ip6 to [fd00:244::2]:80`,
  );
  const services = async (): Promise<readonly string[]> =>
    Promise.all(["10.96.0.1", "fd00:96::1"].map(async (each) => ask("a", `tcp ${each} 8000`)));
  rewrite({ a: { node: new Map([[WORLD, "tcp/80"]]) } });
  expect(await services()).toEqual(["yes", "yes"]);
  rewrite({ a: { node: new Map([[WORLD, "tcp/8000"]]) } });
  expect(await services()).toEqual(["no", "no"]);
  expect(await answers("a", "tcp", 30_080)).toEqual(["yes", "yes"]);
  rewrite({ a: { egress: nothing } });
  expect(await answers("a", "tcp", 30_080)).toEqual(["no", "no"]);
  expect(await services()).toEqual(["yes", "yes"]);
  inside("node", "nft", "delete table inet svc");
});

test("an established connection ends and goes on as rules change", async () => {
  const to = addressOf("node", "ipv4");
  rewrite({ a: { node: new Map([[WORLD, "tcp/80"]]) } });
  expect(await ask("a", `hold ${to} 80`)).toBe("yes");
  expect(await ask("a", `speak ${to} 80`)).toBe("yes");
  changeA(new Map([[WORLD, "tcp/81"]]));
  expect(await ask("a", `speak ${to} 80`)).toBe("no");
  changeA(new Map([[WORLD, "tcp/80"]]));
  await expect.poll(async () => ask("a", `speak ${to} 80`), { timeout: 30_000 }).toBe("yes");
});

test("what is exempt from conntrack passes, what conntrack takes for invalid does not (I15)", async () => {
  const loose = "net.netfilter.nf_conntrack_tcp_loose";
  const any = new Map(FAMILIES.map((family) => [ANY[family], "all"] as const));
  const to = addressOf("node", "ipv4");
  rewrite({ a: { node: nothing } });
  // As NodeLocal DNSCache has it for its address.
  inside(
    "node",
    "nft",
    `add table inet raw
     add chain inet raw pre { type filter hook prerouting priority raw; }
     add chain inet raw out { type filter hook output priority raw; }
     add rule inet raw pre udp dport 53 notrack
     add rule inet raw out udp sport 53 notrack
     add rule inet raw pre tcp dport 80 notrack
     add rule inet raw out tcp sport 80 notrack`,
  );
  expect(await answers("a", "udp", 53)).toEqual(["yes", "yes"]);
  expect(await answers("a", "udp", 85)).toEqual(["no", "no"]);
  expect(await ask("a", `hold ${to} 80`)).toBe("yes");
  inside("node", "nft", "delete", "table", "inet", "raw");
  // From its middle on conntrack takes a connection for invalid that it saw no beginning of.
  inside("node", "sysctl", "-qw", `${loose}=0`);
  rewrite({ a: { node: any } });
  expect(await ask("a", `speak ${to} 80`)).toBe("no");
  inside("node", "sysctl", "-qw", `${loose}=1`);
});

test("a node has the hook when nothing is known yet, or from its first rules about it on; links without a gate are closed to it then (I14, fail-closed)", async () => {
  valueOf(table.close());
  written = new Map();
  expect(isHooked()).toBe(true);
  expect(await passes("a", "node")).toEqual([]);
  expect(await passes("node", "a")).toEqual(everything);
  rewrite({});
  expect(isHooked()).toBe(false);
  changeA(nothing);
  expect([isHooked(), pings("a", addressOf("node", "ipv4"))]).toEqual([true, "no"]);
  changeA(nothing, false);
  expect(await answers("a", "tcp", 80)).toEqual(["no", "no"]);
  expect(await answers("b", "tcp", 80)).toEqual(["yes", "yes"]);
  changeA(null);
  expect([isHooked(), await answers("a", "tcp", 80)]).toEqual([true, ["yes", "yes"]]);
  rewrite({});
  expect(isHooked()).toBe(false);
});
