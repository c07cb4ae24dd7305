/** What people hear of packets that were denied at the node's own interfaces. */
import { type Address, ifindex } from "@seam/base";
import type { DeniedHostPacket } from "@seam/kernel";
import { expect, test } from "vitest";

import { createHostDenials } from "./host-denials.ts";

const address = (last: number): Address => ({ family: "ipv4", bytes: [10, 0, 0, last] });
const packet: DeniedHostPacket = {
  point: "local-ingress",
  isDenied: true,
  interface: ifindex(7),
  family: "ipv4",
  client: address(2),
  server: address(1),
  protocol: "TCP",
  port: 80,
};

function worldWith(policies: readonly string[] | null) {
  const lines: object[] = [];
  const words: string[] = [];
  const denials = createHostDenials({
    log: {
      info: (fields, said) => {
        lines.push(fields);
        words.push(said);
      },
    },
    intent: { policiesAt: (name) => (name === "eth0" ? policies : null) },
    podAt: ({ bytes: [, , , last] }) => (last === 2 ? "lab-a/web" : null),
    interfaceNamed: (index) => (index === 7 ? "eth0" : null),
  });
  return { lines, words, denials };
}

test("a line says who, to whom, what, where, and which policies decide there (I16)", () => {
  const { lines, denials } = worldWith(["a", "b", "c", "d", "e", "f"]);
  denials([packet, { ...packet, interface: null, protocol: "ICMP", port: null }], 0);
  const ends = { from: "lab-a/web", to: "10.0.0.1", family: "ipv4", point: "local-ingress" };
  expect(lines).toEqual([
    {
      ...ends,
      port: "80/TCP",
      interface: "eth0",
      policies: ["a", "b", "c", "d", "e"],
      morePolicies: 1,
    },
    { ...ends, port: "ICMP", interface: null, policies: [] },
  ]);
});

test("what a rule logs has its own words, as it may pass (I16)", () => {
  const { words, denials } = worldWith(["a"]);
  denials([packet, { ...packet, isDenied: false }], 0);
  expect(words).toEqual([
    "policy denied a connection at an interface of the node",
    "a rule of a policy logs a connection at an interface of the node",
  ]);
});

test("the log has five lines a second at most after the first twenty, and says how many it left out", () => {
  const { lines, denials } = worldWith(null);
  denials(
    Array.from({ length: 50 }, () => packet),
    1000,
  );
  denials([packet], 1199);
  expect(lines).toHaveLength(20);
  denials([packet], 1200);
  expect(lines.slice(20)).toMatchObject([{ unlogged: 31, policies: [] }]);
});
