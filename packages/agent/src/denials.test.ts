/** What people hear of denied packets: lines of the log, and Events when something is tried again and again. */
import { type Address, formatAddress, invariant, parseAddress } from "@seam/base";
import { createPolicyIntent, type PolicyIntent } from "@seam/intent";
import type { DeniedPacket } from "@seam/kernel";
import { expect, test } from "vitest";

import { createDenials, type Denials } from "./denials.ts";
import type { Attachment } from "./store.ts";

const at = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};
const db: Attachment = {
  device: "seam0",
  containerId: "c",
  ifName: "eth0",
  netns: "n",
  pod: "lab-a/db",
  podUid: "uid-of-db",
  network: "seam",
  mac: "",
  addresses: [at("10.0.0.1"), at("fd00::1")],
  hostPorts: [],
};
const packet = (change: Partial<DeniedPacket> = {}): DeniedPacket => ({
  side: "ingress",
  isDenied: true,
  family: "ipv4",
  client: at("10.0.0.2"),
  server: at("10.0.0.1"),
  protocol: "TCP",
  port: 5432,
  ...change,
});

type World = {
  readonly denials: Denials;
  readonly lines: object[];
  /** `POD-UID REASON: MESSAGE`. */
  readonly events: string[];
  readonly intent: PolicyIntent;
};

/** The pod `lab-a/db` is on this node, with so many policies that isolate it; `lab-a/web` is elsewhere. */
function worldWith(policies: number): World {
  const intent = createPolicyIntent();
  intent.setPod("lab-a/db", {
    namespace: "lab-a",
    uid: "uid-of-db",
    labels: {},
    addresses: db.addresses,
    serviceAccount: "default",
    hostNetwork: false,
    ports: [],
  });
  intent.setEndpoint(db.device, {
    addresses: db.addresses,
    pod: { key: db.pod, uid: db.podUid },
  });
  for (let index = 1; index <= policies; index += 1)
    intent.setPolicy(`lab-a/p${index}`, { spec: { policyTypes: ["Ingress", "Egress"] } });
  intent.takeChange();
  const [lines, events]: [object[], string[]] = [[], []];
  const denials = createDenials({
    log: { info: (fields, message) => void lines.push({ ...fields, message }) },
    reports: {
      pod: ({ podUid }, { reason, message }) => void events.push(`${podUid} ${reason}: ${message}`),
    },
    store: { attachments: () => [db] },
    intent,
    podAt: (address) => (formatAddress(address) === "10.0.0.2" ? "lab-a/web" : null),
  });
  return { denials, lines, events, intent };
}

test("a line says who, to whom, what, and which policies isolate the pod (S5)", () => {
  const { denials, lines } = worldWith(1);
  const away = { client: at("fd00::1"), server: at("2001:db8::7"), family: "ipv6" } as const;
  denials([packet(), packet({ side: "egress", protocol: "ICMPv6", port: null, ...away })], 0);
  const message = "policy denied a connection";
  expect(lines).toEqual([
    {
      from: "lab-a/web",
      to: "lab-a/db",
      port: "5432/TCP",
      family: "ipv4",
      direction: "ingress",
      policies: ["p1"],
      message,
    },
    {
      from: "lab-a/db",
      to: "2001:db8::7",
      port: "ICMPv6",
      family: "ipv6",
      direction: "egress",
      policies: ["p1"],
      message,
    },
  ]);
});

test("a link of which nothing is known is logged by its address, without policies and without an Event", () => {
  const { denials, lines, events } = worldWith(1);
  const unknown = packet({ server: at("10.0.0.9") });
  denials([unknown, unknown, unknown], 0);
  expect(lines[0]).toMatchObject({ from: "lab-a/web", to: "10.0.0.9", policies: [] });
  const none = worldWith(0);
  none.denials([packet(), packet(), packet()], 0);
  expect(none.lines[0]).toMatchObject({ policies: [] });
  expect([...events, ...none.events]).toEqual([]);
});

test("the log has five lines a second at most after the first twenty, and says how many it left out", () => {
  const { denials, lines } = worldWith(1);
  denials(
    Array.from({ length: 50 }, () => packet()),
    1000,
  );
  expect(lines).toHaveLength(20);
  denials([packet(), packet()], 1199);
  expect(lines).toHaveLength(20);
  denials([packet(), packet()], 1200);
  expect(lines.slice(20)).toMatchObject([{ unlogged: 32 }]);
  denials([packet()], 3000);
  expect(lines.at(-1)).toMatchObject({ unlogged: 1 });
});

test("what a pod may not say to its own node names the policies that are about that, and no NetworkPolicy (I15, S5)", () => {
  const { denials, lines, events, intent } = worldWith(2);
  const rule = { action: "Deny", to: [{ networks: ["192.0.2.11/32"] }] };
  const spec = { tier: "Admin", priority: 1, subject: { namespaces: {} }, egress: [rule] };
  intent.setNamespace("lab-a", {});
  expect(intent.setClusterPolicy("apart", { spec })).toEqual([]);
  intent.takeChange();
  const toNode = packet({
    side: "node",
    client: at("10.0.0.1"),
    server: at("192.0.2.11"),
    port: 10_250,
  });
  denials([toNode, toNode, toNode], 0);
  expect(lines[0]).toMatchObject({
    from: "lab-a/db",
    to: "192.0.2.11",
    direction: "egress",
    policies: ["ClusterNetworkPolicy/apart"],
  });
  expect(events).toEqual([
    "uid-of-db PolicyDenied: this pod may not connect to 192.0.2.11, port 10250/TCP by IPv4, and it was tried again and again; ask why, and what would allow it: seam can lab-a/db 192.0.2.11 --port 10250/TCP; policies that select this pod for egress: ClusterNetworkPolicy/apart",
  ]);
});

test("the third try in a minute is told on the pod, once in ten minutes, each peer and port by itself", () => {
  const { denials, events } = worldWith(7);
  for (const now of [0, 40_000, 70_000, 101_000]) denials([packet()], now);
  expect(events).toEqual([]);
  denials([packet()], 102_000);
  expect(events).toEqual([
    "uid-of-db PolicyDenied: lab-a/web may not connect to this pod, port 5432/TCP by IPv4, and it was tried again and again; ask why, and what would allow it: seam can lab-a/web lab-a/db --port 5432/TCP; policies that select this pod for ingress: p1, p2, p3, p4, p5 and 2 more",
  ]);
  denials([packet(), packet(), packet()], 700_000);
  expect(events).toHaveLength(1);
  denials([packet()], 702_000);
  expect(events).toHaveLength(2);
  const other = packet({ port: 80 });
  denials([other, other, other], 702_000);
  expect(events).toHaveLength(3);
});

test("an Event about what has no port says what lets it pass; of IPv6 the family is asked for", () => {
  const { denials, events } = worldWith(1);
  const ping = packet({ protocol: "ICMP", port: null });
  const away = packet({
    side: "egress",
    family: "ipv6",
    client: at("fd00::1"),
    server: at("2001:db8::7"),
  });
  denials([ping, ping, ping, away, away, away], 0);
  expect(events).toEqual([
    "uid-of-db PolicyDenied: lab-a/web may not connect to this pod, ICMP by IPv4, and it was tried again and again; only rules without ports let such protocols pass; policies that select this pod for ingress: p1",
    "uid-of-db PolicyDenied: this pod may not connect to 2001:db8::7, port 5432/TCP by IPv6, and it was tried again and again; ask why, and what would allow it: seam can lab-a/db 2001:db8::7 --port 5432/TCP --family ipv6; policies that select this pod for egress: p1",
  ]);
});

test("only so many sorts are remembered, the newest", () => {
  const { denials, events } = worldWith(1);
  denials([packet(), packet()], 0);
  for (let port = 10_000; port < 14_096; port += 1) denials([packet({ port })], 0);
  denials([packet(), packet()], 0);
  expect(events).toEqual([]);
});

test("twenty Events may come at once, then one in ten seconds; what was not told is told when it comes again", () => {
  const { denials, events } = worldWith(1);
  const tries = (port: number, now: number): void =>
    denials([packet({ port }), packet({ port }), packet({ port })], now);
  for (let port = 1; port <= 30; port += 1) tries(port, 0);
  expect(events).toHaveLength(20);
  tries(30, 9999);
  expect(events).toHaveLength(20);
  denials([packet({ port: 30 })], 10_000);
  expect(events.at(-1)).toContain("port 30/TCP");
});
