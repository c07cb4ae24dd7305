/** What `Bandwidth.status` says of a node (V3, V5). */
import { mbps } from "@seam/base";

import type { Rates } from "./annotations.ts";
import type { Book, Line } from "./book.ts";
import { remainingOn } from "./fit.ts";
import type { PlacedPod, Shares } from "./model.ts";
import { homeOf, type Sum } from "./tally.ts";

/** An entry of `status.reservations`, field by field as the contract names them. */
export type Reservation = {
  readonly podName: string;
  readonly namespace: string;
  readonly podUid: string;
  readonly ip: string;
  readonly deploymentType: string;
  readonly deploymentName: string;
  readonly deploymentUid: string;
  /** Its shares: all of its rates of `local`, and of `network` unless its whole group is on the node. */
  readonly bandwidth: Shares;
};

/** A resource of which more is used than there is: `used` - `capacity`, above zero. */
export type Overcommitment = {
  readonly resource: "local" | "network";
  readonly direction: "ul" | "dl";
  readonly excessMbps: number;
};

/**
 * A node's account. The reservations' sum is `used`; `used` + `remaining` = `capacity`, except where `overcommitted` says otherwise: there
 * `remaining` is 0. That comes about when nobody is placed: a capacity shrinks, a pod's annotation grows, pods come from
 * other schedulers, or the next-to-last member of a group goes, after which the last one talks to others.
 */
export type NodeAccount = {
  readonly capacity: Shares;
  readonly used: Shares;
  readonly remaining: Shares;
  /** By namespace, name, uid; pods without rates are left out. */
  readonly reservations: readonly Reservation[];
  readonly overcommitted: readonly Overcommitment[];
};

/** The account of a node; null when its capacity is not known. */
export function accountOf(book: Book, node: string): NodeAccount | null {
  const line = book.lines.get(node);
  const left = remainingOn(book, node);
  if (line === undefined || line.facts === null || left === null) return null;
  const { capacity } = line.facts;
  return {
    capacity,
    used: { local: ratesOf(line.local), network: ratesOf(line.network) },
    remaining: { local: ratesOf(left.local), network: ratesOf(left.network) },
    reservations: reservationsOn(book, line),
    overcommitted: [
      ...excess("local", capacity.local, line.local),
      ...excess("network", capacity.network, line.network),
    ],
  };
}

const ratesOf = ({ ulMbps, dlMbps }: Sum): Rates => ({
  ulMbps: mbps(ulMbps),
  dlMbps: mbps(dlMbps),
});

const excess = (
  resource: "local" | "network",
  capacity: Rates,
  used: Sum,
): readonly Overcommitment[] =>
  (["ul", "dl"] as const).flatMap((direction) => {
    const excessMbps = used[`${direction}Mbps`] - capacity[`${direction}Mbps`];
    return excessMbps > 0 ? [{ resource, direction, excessMbps }] : [];
  });

const reservationsOn = (book: Book, line: Line): readonly Reservation[] =>
  [...line.pods.values()]
    .filter(({ rates }) => rates.ulMbps > 0 || rates.dlMbps > 0)
    .sort((one, other) => compare(sortKey(one), sortKey(other)))
    .map((pod) => reservationOf(book, pod));

const sortKey = ({ namespace, name, uid }: PlacedPod): string => `${namespace}/${name}/${uid}`;

const compare = (one: string, other: string): number => {
  if (one === other) return 0;
  return one < other ? -1 : 1;
};

function reservationOf(book: Book, pod: PlacedPod): Reservation {
  const { group, rates } = pod;
  const tally = book.tallies.get(group.uid);
  const isLocal = tally !== undefined && homeOf(tally) !== null;
  const none = { ulMbps: mbps(0), dlMbps: mbps(0) };
  return {
    podName: pod.name,
    namespace: pod.namespace,
    podUid: pod.uid,
    ip: pod.ip,
    deploymentType: group.type,
    deploymentName: group.name,
    deploymentUid: group.uid,
    bandwidth: { local: rates, network: isLocal ? none : rates },
  };
}
