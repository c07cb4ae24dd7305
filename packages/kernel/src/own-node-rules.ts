/**
 * The rules for what pods say to their own node (decision 32), a part of table `inet seam-policy`: to its programs, and to pods that share its
 * network, also by a service. Such packets come by the input hook and by no other of the table's, from a pod's link. Judged is what pods
 * begin: replies to the node, and errors about what it began, go on for kubelet's probes.
 *
 * The chain at the hook is there when nothing is known yet, or from when the first link has rules about its node until all is written anew:
 * a node without any pays nothing. While it is there, a link without a gate is closed to its node as well, but for replies.
 *
 * The gateway answers pings whatever rules say, and nothing else where there are any: it is an address of the node, at which its programs
 * listen, and rules name the others. ARP comes by no hook of this family. What is exempt from conntrack passes, as nobody can tell who
 * began it, and no pod can bring that about: neighbour discovery, and what the node's administrator exempts, as NodeLocal DNSCache does. What
 * conntrack calls invalid passes no link that has rules.
 */
import { FAMILIES, type Family } from "@seam/base";
import { GATEWAYS } from "@seam/state";

import { addressBytes } from "./family.ts";
import type { Request } from "./netlink-message.ts";
import { compare, endWith, loadConnection, newChain, newRule } from "./nft-messages.ts";
import { isIcmp, UNTRACKED } from "./nft-packet.ts";
import {
  deniedChain,
  deniedChains,
  goesWay,
  jumpTo,
  type Place,
  placeChain,
  plainPermissions,
  POLICY_TABLE,
  PRIORITY,
  SCRATCH,
  SOURCE,
} from "./policy-rules.ts";

const place: Place = { side: "node", end: "iifname", way: "original", chain: "node" };

/** What judges, which no hook calls yet. */
export const ownNodeRules = (): readonly Request[] => [
  ...deniedChains(place),
  ...plainPermissions("node"),
  ...placeChain(place, FAMILIES.flatMap(gatewayRules)),
];

function gatewayRules(family: Family): readonly (readonly Buffer[])[] {
  const isGateway = [
    loadConnection(SOURCE[family], SCRATCH, "reply"),
    compare(SCRATCH, "==", addressBytes(GATEWAYS[family])),
  ];
  return [
    [...isIcmp(family, SCRATCH), ...isGateway, endWith("return")],
    [...isGateway, endWith({ goto: deniedChain("node") })],
  ];
}

const HOOKED = "input";

/** From now on packets come by. */
export const ownNodeHook = (): readonly Request[] => [
  newChain(POLICY_TABLE, HOOKED, { hook: "input", priority: PRIORITY }),
  newRule(POLICY_TABLE, HOOKED, [...goesWay("reply"), endWith("return")]),
  newRule(POLICY_TABLE, HOOKED, [
    loadConnection("state", SCRATCH),
    compare(SCRATCH, "==", UNTRACKED),
    endWith("return"),
  ]),
  newRule(POLICY_TABLE, HOOKED, jumpTo(place)),
];
