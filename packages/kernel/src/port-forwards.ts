/**
 * Ports of the node that lead to pods: the table `inet seam-ports` holds maps from (protocol, port) to (pod,
 * port), so that a packet's cost does not grow with the number of ports. A pod that reaches itself through the
 * node, and the node's own loopback, get the node's address as source, or the answer would go astray.
 */
import {
  FAMILIES,
  type Address,
  type Family,
  formatAddress,
  ok,
  parseAddress,
  type Result,
} from "@seam/base";
import type { PortForward, Transport } from "@seam/state";

import type { KernelError } from "./libc.ts";
import { elementsOf, listAt, listTable, rulesOf, writeTable } from "./nft.ts";

const TABLE = "seam-ports";
const transports: readonly Transport[] = ["tcp", "udp", "sctp"];

const words = {
  ipv4: { word: "ip", type: "ipv4_addr", digit: 4 },
  ipv6: { word: "ip6", type: "ipv6_addr", digit: 6 },
} as const;

const chains = `chain translate {
${FAMILIES.map((family) => translation(family)).join("\n")}
}
chain prerouting { type nat hook prerouting priority dstnat; policy accept; jump translate; }
chain output { type nat hook output priority -100; policy accept; jump translate; }
chain postrouting { type nat hook postrouting priority srcnat; policy accept;
ip saddr . ip daddr @hairpin4 masquerade
ip6 saddr . ip6 daddr @hairpin6 masquerade
ip saddr 127.0.0.0/8 ct status dnat masquerade
}`;
const RULES = 2 * FAMILIES.length + 5;

/** Replaces all forwards in the namespace; none removes the table. */
export const writePortForwards = (
  netns: string,
  forwards: readonly PortForward[],
): Result<null, KernelError> =>
  writeTable(
    netns,
    TABLE,
    forwards.length === 0
      ? ""
      : [...FAMILIES.map((family) => familySets(family, forwards)), chains].join("\n"),
  );

/** The forwards in the namespace; a table without all of its rules forwards nothing. */
export function readPortForwards(netns: string): Result<readonly PortForward[], KernelError> {
  const listed = listTable(netns, TABLE);
  if (!listed.ok) return listed;
  const objects = listed.value ?? [];
  if (rulesOf(objects).length !== RULES) return ok([]);
  return ok(
    [4, 6].flatMap((digit) => [
      ...elementsOf(objects, `any${digit}`).flatMap((element) => forwardOf(element)),
      ...elementsOf(objects, `own${digit}`).flatMap((element) => forwardOf(element)),
    ]),
  );
}

function translation(family: Family): string {
  const { word, digit } = words[family];
  const to = `dnat ${word} to`;
  return [
    `${to} ${word} daddr . meta l4proto . th dport map @own${digit}`,
    `fib daddr type local ${to} meta l4proto . th dport map @any${digit}`,
  ].join("\n");
}

function familySets(family: Family, forwards: readonly PortForward[]): string {
  const { type, digit } = words[family];
  const mine = forwards.filter(({ target }) => target.family === family);
  const target = (forward: PortForward): string =>
    `${formatAddress(forward.target)} . ${forward.targetPort}`;
  const any = mine
    .filter(({ hostAddress }) => hostAddress === null)
    .map((each) => `${each.protocol} . ${each.hostPort} : ${target(each)}`);
  const own = mine.flatMap((each) =>
    each.hostAddress === null
      ? []
      : [
          `${formatAddress(each.hostAddress)} . ${each.protocol} . ${each.hostPort} : ${target(each)}`,
        ],
  );
  const hairpin = new Set(mine.map((each) => formatAddress(each.target)));
  return [
    `map any${digit} { type inet_proto . inet_service : ${type} . inet_service; ${elements(any)} }`,
    `map own${digit} { type ${type} . inet_proto . inet_service : ${type} . inet_service; ${elements(own)} }`,
    `set hairpin${digit} { type ${type} . ${type}; ${elements([...hairpin].map((each) => `${each} . ${each}`))} }`,
  ].join("\n");
}

const elements = (list: readonly string[]): string =>
  list.length === 0 ? "" : `elements = { ${list.join(", ")} };`;

/** A map's element is `[{"concat": [KEY…]}, {"concat": [ADDRESS, PORT]}]`. */
function forwardOf(element: unknown): readonly PortForward[] {
  const [key, value]: readonly unknown[] = Array.isArray(element) ? element : [];
  const [hostPort, protocolWord, host] = listAt(key, "concat").toReversed();
  const [targetText, targetPort] = listAt(value, "concat");
  const protocol = transports.find((each) => each === protocolWord);
  const target = addressOf(targetText);
  if (protocol === undefined || target === null) return [];
  const hostAddress = host === undefined ? null : addressOf(host);
  return [
    { protocol, hostAddress, hostPort: Number(hostPort), target, targetPort: Number(targetPort) },
  ];
}

function addressOf(text: unknown): Address | null {
  const parsed = parseAddress(String(text));
  return parsed.ok ? parsed.value : null;
}
