/** The uplink of a node, found on this machine's loopback. */
import { type Address, formatCidr, invariant, parseAddress } from "@seam/base";
import { expect, test } from "vitest";

import { watchUplink } from "./uplink.ts";

const address = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};

test("an address that no interface has any more leaves the uplink as it was last found", () => {
  const uplink = watchUplink();
  const nowhere = [address("203.0.113.1")];
  expect(uplink(nowhere)).toEqual({ uplinkMtu: 1500, onLink: [], linkSpeed: null });
  const found = uplink([address("127.0.0.1")]);
  expect(found.uplinkMtu).toBeGreaterThan(1500);
  expect(found.onLink.map(formatCidr)).toContain("127.0.0.0/8");
  expect(uplink(nowhere)).toEqual(found);
  expect(watchUplink()(nowhere)).toEqual({ uplinkMtu: 1500, onLink: [], linkSpeed: null });
});
