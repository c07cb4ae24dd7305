/** Who operates a node hears of host endpoints that are in force nowhere (I16). */
import type { IdleEndpoint } from "@seam/intent";
import { expect, test } from "vitest";

import { createIdleEndpoints } from "./idle-endpoints.ts";

test("each is told once, with why, and again when it comes back or has another reason (I16)", () => {
  let idle: readonly IdleEndpoint[] = [];
  const messages: string[] = [];
  const tell = createIdleEndpoints({
    intent: { idleEndpoints: () => idle },
    reports: { node: ({ reason, message }) => void messages.push(`${reason}: ${message}`) },
  });
  const told = (...now: readonly IdleEndpoint[]): readonly string[] => {
    idle = now;
    tell();
    return messages.splice(0);
  };
  const lost: IdleEndpoint = { name: "a", interface: "ens7", expectedIPs: [], behind: null };
  const second: IdleEndpoint = { ...lost, name: "b", interface: "eth0", behind: "a" };
  const at = { family: "ipv4", bytes: [10, 0, 0, 5] } as const;
  const nowhere: IdleEndpoint = { ...lost, name: "c", interface: null, expectedIPs: [at] };
  expect(told()).toEqual([]);
  expect(told(lost, second, nowhere)).toEqual([
    "HostEndpointNotInForce: HostEndpoint a is in force at no interface of this node: none is called ens7; see ip address on the node, and correct the endpoint",
    "HostEndpointNotInForce: HostEndpoint b is in force at no interface of this node: a is for the same one, and one that names an interface counts, else the first by name; delete one of the two, or change which interface it is for",
    "HostEndpointNotInForce: HostEndpoint c is in force at no interface of this node: none has 10.0.0.5; see ip address on the node, and correct the endpoint",
  ]);
  expect(told(lost, nowhere)).toEqual([]);
  expect(told({ ...lost, behind: "d" })).toHaveLength(1);
  expect(told(second)).toHaveLength(1);
});
