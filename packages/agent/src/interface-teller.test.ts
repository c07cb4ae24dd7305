/** When intent is told of the node's interfaces. */
import { type Address, err, ok, type Result } from "@seam/base";
import type { NodeInterfaces } from "@seam/intent";
import type { KernelError } from "@seam/kernel";
import { expect, test } from "vitest";

import { interfaceTeller } from "./interface-teller.ts";

const address = (last: number): Address => ({ family: "ipv4", bytes: [10, 0, 0, last] });

test("interfaces are told while a host endpoint asks, when one is different, and kept when they cannot be read (I16)", () => {
  let [asks, reads] = [false, 0];
  let found: Result<NodeInterfaces, KernelError> = ok(new Map([["eth0", [address(1)]]]));
  const [told, warned]: [NodeInterfaces[], object[]] = [[], []];
  const tell = interfaceTeller({
    intent: { asksInterfaces: () => asks, setInterfaces: (each) => void told.push(each) },
    readInterfaces: () => {
      reads += 1;
      return found;
    },
    log: { warn: (fields) => void warned.push(fields) },
  });
  expect([tell(), reads]).toEqual([false, 0]);
  asks = true;
  expect([tell(), tell(), told.length]).toEqual([true, false, 1]);
  found = ok(new Map([["eth0", [address(1), address(2)]]]));
  expect([tell(), told.length]).toEqual([true, 2]);
  found = err({ errno: "ENOBUFS", message: "no room" });
  expect([tell(), told.length, warned]).toEqual([
    false,
    2,
    [{ error: { errno: "ENOBUFS", message: "no room" } }],
  ]);
});
