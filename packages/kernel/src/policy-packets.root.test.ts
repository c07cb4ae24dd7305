/** Packets that do not say by themselves to which port they go, with the real kernel. */
import { afterAll, beforeAll, expect, test } from "vitest";

import { openPolicyTable } from "./index.ts";
import {
  A,
  addressOf,
  FAMILIES,
  inside,
  makePolicyNode,
  path,
  removePolicyNode,
  stateWith,
  valueOf,
} from "./policy-node.fixture.ts";

beforeAll(makePolicyNode);
afterAll(removePolicyNode);

/** Sends a datagram of 4000 bytes, which takes three packets, and says how many bytes came back; "silence" after as many turns as fit into a second. */
const echoOfLarge = (family: string, to: string, port: number): string =>
  inside(
    "a",
    process.execPath,
    "-e",
    `const s = require("node:dgram").createSocket("udp${family === "ipv4" ? 4 : 6}");
     const end = (text) => { console.log(text); process.exit(); };
     const afterTurns = (left) => setTimeout(() => (left === 0 ? end("silence") : afterTurns(left - 1)), 20);
     s.on("message", (data) => end(data.length)).send(Buffer.alloc(4000), ${port}, "${to}", () => afterTurns(50));`,
  ).trim();

test.each(FAMILIES)("fragments of %s are judged by the port of all of them (S5, I14)", (family) => {
  using table = valueOf(openPolicyTable(path("node")));
  valueOf(table.rewrite(stateWith({ b: { ingress: new Map([[A, "udp/80"]]) } })));
  const asked = [80, 81].map((port) => echoOfLarge(family, addressOf("b", family), port));
  expect(asked).toEqual(["4000", "silence"]);
});
