/** What gates of the node's own interfaces let through and deny, counted and shown by the real kernel, with real packets. */
import { formatAddress } from "@seam/base";
import { ANY, ANY_INTERFACE, type PolicyState } from "@seam/state";
import { afterAll, beforeAll, expect, test } from "vitest";

import { changeOf, closed, gatesOf } from "./host-gates.fixture.ts";
import { openDeniedPackets, openPolicyTable, type PolicyTable } from "./index.ts";
import {
  addressOf,
  ask,
  FAMILIES,
  inside,
  makePolicyNode,
  path,
  removePolicyNode,
  stateWith,
  valueOf,
  WORLD,
} from "./policy-node.fixture.ts";

beforeAll(makePolicyNode);
afterAll(removePolicyNode);

test("what a rule logs is shown at each point, a connection's first packet alone (I16)", async () => {
  using table = valueOf(openPolicyTable(path("node")));
  using shown = valueOf(openDeniedPackets(path("node")));
  const logged = (permission: string) => new Map([[ANY.ipv4, permission]]);
  const gates = gatesOf({
    up0: {
      "local-ingress": logged("none log udp/80"),
      "local-egress": logged("udp/* log udp/81"),
      "forward-ingress": logged("all log udp/82"),
      "forward-egress": logged("udp/* log udp/1-83"),
      "pre-dnat": logged("all log udp/85"),
      admitted: logged("udp/85 log udp/85"),
    },
  });
  valueOf(table.rewrite({ ...stateWith({}), hosts: gates }));
  const [a, b, node, outside] = (["a", "b", "node", "outside"] as const).map((each) =>
    addressOf(each, "ipv4"),
  );
  expect(await ask("outside", `udp ${node} 80`)).not.toBe("ok");
  await ask("node", `udp ${outside} 81`);
  await ask("outside", `udp ${b} 82`);
  await ask("a", `udp ${outside} 83`);
  await ask("a", `udp ${outside} 84`);
  await ask("outside", `udp ${node} 85`);
  const told = shown.take().hosts.map((each) => {
    const ends = `${formatAddress(each.client)} ${formatAddress(each.server)}`;
    return `${each.point} ${ends} ${each.port} ${each.isDenied ? "denied" : "logged"}`;
  });
  expect(told).toEqual([
    `local-ingress ${outside} ${node} 80 logged`,
    `local-ingress ${outside} ${node} 80 denied`,
    `local-egress ${node} ${outside} 81 logged`,
    `forward-ingress ${outside} ${b} 82 logged`,
    `forward-egress ${a} ${outside} 83 logged`,
    `pre-dnat ${outside} ${node} 85 logged`,
  ]);
});

const countsIn = (
  table: Pick<PolicyTable, "takeHostCounts">,
  gates: PolicyState["hosts"],
): readonly string[] =>
  valueOf(table.takeHostCounts(gates)).map((each) => {
    const said = each.verdict === "allowed" ? `allowed ${each.peers}` : "denied";
    return `${each.interface} ${each.point} ${said}: ${each.packets}`;
  });

test("what is let through is counted by interface, point and class, without what ports deny, also when rules change (I16)", async () => {
  using table = valueOf(openPolicyTable(path("node")));
  const gatesWith = (permission: string) =>
    gatesOf({
      up0: {
        "local-ingress": new Map([[WORLD, permission]]),
        "forward-egress": new Map([[ANY.ipv4, "all"]]),
      },
    });
  const [few, all] = [gatesWith("udp/80"), gatesWith("all")];
  valueOf(table.rewrite({ ...stateWith({}), hosts: few }));
  const [node, outside] = [addressOf("node", "ipv4"), addressOf("outside", "ipv4")];
  // Each is two packets with its answer, also at a port that stays open whatever rules say.
  expect(await ask("outside", `udp ${node} 80`)).toBe("yes");
  expect(await ask("outside", `udp ${node} 81`)).toBe("no");
  expect(await ask("a", `udp ${outside} 80`)).toBe("yes");
  expect(await ask("outside", `udp ${node} 68`)).toBe("yes");
  expect(countsIn(table, few)).toEqual([
    `up0 local-ingress allowed ${WORLD}: 4`,
    "up0 local-ingress denied: 1",
    `up0 forward-egress allowed ${ANY.ipv4}: 2`,
  ]);
  valueOf(table.change(changeOf(few, all)));
  expect(await ask("outside", `udp ${node} 81`)).toBe("yes");
  expect(countsIn(table, all)).toEqual([`up0 local-ingress allowed ${WORLD}: 2`]);
  expect(countsIn(table, all)).toEqual([]);
});

test("what is denied is counted by interface and point, and shown (I16)", async () => {
  using table = valueOf(openPolicyTable(path("node")));
  using shown = valueOf(openDeniedPackets(path("node")));
  const told = (): readonly string[] =>
    shown.take().hosts.map((each) => {
      const ends = `${formatAddress(each.client)} ${formatAddress(each.server)}`;
      return `${each.point} ${ends} ${each.protocol}/${each.port} by ${each.interface}`;
    });
  const counts = (): readonly string[] => countsIn(table, before);
  const indexOf = (link: string): number =>
    Number(inside("node", "cat", `/sys/class/net/${link}/ifindex`));
  const before = gatesOf({
    [ANY_INTERFACE]: { "pre-dnat": new Map([[ANY.ipv4, "udp/85"]]) },
    up0: closed,
  });
  valueOf(table.rewrite({ ...stateWith({}), hosts: before }));
  expect(counts()).toEqual([]);
  for (const family of FAMILIES) await ask("outside", `udp ${addressOf("node", family)} 80`);
  await ask("node", `udp ${addressOf("outside", "ipv6")} 81`);
  await ask("outside", `udp ${addressOf("b", "ipv4")} 82`);
  await ask("a", `udp ${addressOf("outside", "ipv4")} 83`);
  await ask("beyond", `udp ${addressOf("node", "ipv4")} 84`);
  await ask("beyond", `udp ${addressOf("node", "ipv4")} 85`);
  expect(counts()).toEqual([
    "up0 local-ingress denied: 2",
    "up0 local-egress denied: 1",
    "up0 forward-ingress denied: 1",
    "up0 forward-egress denied: 1",
    `* pre-dnat allowed ${ANY.ipv4}: 1`,
    "up1 pre-dnat denied: 1",
  ]);
  expect(counts()).toEqual([]);
  expect(told()).toEqual([
    `local-ingress 198.51.100.2 198.51.100.1 UDP/80 by ${indexOf("up0")}`,
    `local-ingress 2001:db8::2 2001:db8::1 UDP/80 by ${indexOf("up0")}`,
    `local-egress 2001:db8::1 2001:db8::2 UDP/81 by ${indexOf("up0")}`,
    `forward-ingress 198.51.100.2 10.244.0.2 UDP/82 by ${indexOf("up0")}`,
    `forward-egress 10.244.0.1 198.51.100.2 UDP/83 by ${indexOf("up0")}`,
    `pre-dnat 203.0.113.2 198.51.100.1 UDP/84 by ${indexOf("up1")}`,
  ]);
  // With the last gate goes what was counted.
  valueOf(table.change(changeOf(before, new Map())));
  expect(counts()).toEqual([]);
  valueOf(table.change(changeOf(new Map(), before)));
  expect(counts()).toEqual([]);
});
