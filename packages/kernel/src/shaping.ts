/**
 * Holds a pod's traffic to its rates (issue 7 §4, decision 24). What it sends is shaped at its own end of its link, what it is sent
 * at the node's, so neither a fast path nor anything else between the two can go past the queue. A pod that goes past
 * its own end's queue (raw sockets may, and so may a pod that administers its network) meets the same rate at the node's end,
 * where what exceeds it is dropped.
 *
 * Everything is the kernel's: it stays when the agent dies, is found again by looking, and goes with the link.
 */
import { type BitsPerSecond, bitsPerSecond, bytes, ok, type Result } from "@seam/base";
import {
  durationNs,
  type PodEnds,
  type PodRates,
  type PodShaping,
  type Shaper,
  shaperOf,
} from "@seam/state";

import { assemble } from "./bpf-assembler.ts";
import { attachedNames, attachFirst, detachNamed, memoryOf } from "./bpf-attachments.ts";
import { createMap, loadProgram, withFile } from "./bpf.ts";
import type { KernelError } from "./libc.ts";
import { isPodDevice } from "./device-names.ts";
import { type Link, linkNamed, listLinks } from "./links.ts";
import { inNetns, OWN_NETNS } from "./netns.ts";
import { type RouteSocket, withRouteSocket } from "./route-socket.ts";
import {
  type Ceiling,
  enterShaper,
  leaveShaper,
  REFUSED_AT,
  SHAPER_MEMORY_BYTES,
} from "./shaper-program.ts";
import {
  deleteShaper,
  HANDLES,
  listShaped,
  measureShaper,
  observeShaper,
  putProgram,
  putQueues,
} from "./shaper.ts";
import type { Traffic } from "./traffic-control.ts";

/** One end of a pod's link, and the namespace that it is in. */
export type LinkEnd = { readonly netns: string; readonly device: string };

/** Both ends of a pod's link. */
export type PodLink = { readonly node: LinkEnd; readonly pod: LinkEnd };

/** What went through each direction of a pod since its limit was set; null without a limit. */
export type PodTraffic = {
  readonly ul: Traffic | null;
  readonly dl: Traffic | null;
  /** Packets that came in at the node above the rate, past the pod's own queue, and were dropped. */
  readonly refused: number;
};

/** The rates of a pod, and what went through since they were set. */
type MeasuredShaping = PodShaping & { readonly traffic: PodTraffic };

const DIRECTIONS = ["ul", "dl"] as const;
const ENTER = "seam_enter";
const LEAVE = "seam_leave";
/** The node's end lets so much more through, and so much at once: what was shaped may arrive in a bunch, and is never dropped. */
const CEILING = { share: 1.02, aheadS: 0.05, packet: bytes(65_536) } as const;

/** The rates that are in force; a limit that is not whole, or of an older Seam, is none. */
export const observeRates = (link: PodLink): Result<PodRates, KernelError> =>
  inBoth(link, observeDirection);

/** Puts the rates in force, now, on a link in use: what waits stays. */
export const putRates = (link: PodLink, rates: PodRates): Result<unknown, KernelError> =>
  inBoth(link, (ends, direction) => putDirection(ends, direction, rates[direction]));

/** What went through since the limits were set. */
export function measureRates(link: PodLink): Result<PodTraffic, KernelError> {
  const traffic = inBoth(link, ({ queue }) =>
    withLink(queue, (socket, found) => measureShaper(socket, found)),
  );
  if (!traffic.ok) return traffic;
  const memory = withLink(link.node, (_, { index }) =>
    inNetns(link.node.netns, () => memoryOf(index, LEAVE, SHAPER_MEMORY_BYTES)),
  );
  if (!memory.ok) return memory;
  const refused = Number(memory.value?.readBigUInt64LE(REFUSED_AT) ?? 0n);
  return ok({ ...traffic.value, refused });
}

/** Which of the pods have rates, and which; only links that look as if they had are looked at closely. */
export function observeShaping(
  pods: readonly PodEnds[],
  netns: string,
): Result<readonly PodShaping[], KernelError> {
  if (pods.length === 0) return ok([]);
  const traced = tracedDevices(netns);
  if (!traced.ok) return traced;
  return ok(
    pods
      .filter(({ device }) => traced.value.has(device))
      .flatMap((pod) => {
        const rates = observeRates(linkOf(pod, netns));
        // A pod may just go; and what cannot be looked at is put in force anew, or reported by that.
        return rates.ok ? [{ ...pod, ...rates.value }] : [];
      }),
  );
}

/** The rates of pods that have any, and what went through. */
export function measureShaping(
  pods: readonly PodEnds[],
  netns: string = OWN_NETNS,
): Result<readonly MeasuredShaping[], KernelError> {
  const shaped = observeShaping(pods, netns);
  if (!shaped.ok) return shaped;
  return ok(
    shaped.value.flatMap((pod) => {
      const traffic = measureRates(linkOf(pod, netns));
      return traffic.ok ? [{ ...pod, traffic: traffic.value }] : [];
    }),
  );
}

/** Puts a pod's rates in force. */
export function applyRates(shaping: PodShaping, netns: string): Result<null, KernelError> {
  const put = putRates(linkOf(shaping, netns), shaping);
  return put.ok ? ok(null) : put;
}

const linkOf = ({ device, podNetns, podDevice }: PodEnds, netns: string): PodLink => ({
  node: { netns, device },
  pod: { netns: podNetns, device: podDevice },
});

/** Pods' links with a shaper or with the program behind one. */
function tracedDevices(netns: string): Result<ReadonlySet<string>, KernelError> {
  return withRouteSocket(netns, (socket) => {
    const links = listLinks(socket);
    if (!links.ok) return links;
    const shaped = listShaped(socket);
    if (!shaped.ok) return shaped;
    const traced = inNetns(netns, () =>
      ok(
        links.value.filter(({ name, index }) => {
          if (!isPodDevice(name)) return false;
          const names = attachedNames(index);
          return shaped.value.has(index) || !names.ok || names.value.includes(LEAVE);
        }),
      ),
    );
    return traced.ok ? ok(new Set(traced.value.map(({ name }) => name))) : traced;
  });
}

type Direction = (typeof DIRECTIONS)[number];

/** The queue of a direction, and where what left it comes in. */
type Ends = { readonly queue: LinkEnd; readonly behind: LinkEnd };

const endsOf = ({ node, pod }: PodLink, direction: Direction): Ends =>
  direction === "ul" ? { queue: pod, behind: node } : { queue: node, behind: pod };

function inBoth<T>(
  link: PodLink,
  work: (ends: Ends, direction: Direction) => Result<T, KernelError>,
): Result<{ readonly [each in Direction]: T }, KernelError> {
  const ul = work(endsOf(link, "ul"), "ul");
  if (!ul.ok) return ul;
  const dl = work(endsOf(link, "dl"), "dl");
  return dl.ok ? ok({ ul: ul.value, dl: dl.value }) : dl;
}

/** Finds the link in its namespace, and works there. */
const withLink = <T>(
  { netns, device }: LinkEnd,
  work: (socket: RouteSocket, link: Link) => Result<T, KernelError>,
): Result<T, KernelError> =>
  withRouteSocket(netns, (socket) => {
    const link = linkNamed(socket, device);
    return link.ok ? work(socket, link.value) : link;
  });

function observeDirection({ queue, behind }: Ends): Result<BitsPerSecond | null, KernelError> {
  const observed = withLink(queue, observeShaper);
  if (!observed.ok || observed.value === null) return observed;
  const counts = withLink(behind, (_, { index }) =>
    inNetns(behind.netns, () => attachedNames(index)),
  );
  if (!counts.ok) return counts;
  return ok(counts.value.includes(LEAVE) ? observed.value : null);
}

function putDirection(
  ends: Ends,
  direction: Direction,
  rate: BitsPerSecond | null,
): Result<unknown, KernelError> {
  if (rate !== null) return shape(ends, rate, direction === "ul");
  const deleted = withLink(ends.queue, deleteShaper);
  if (!deleted.ok) return deleted;
  return withLink(ends.behind, (_, { index }) =>
    inNetns(ends.behind.netns, () => detachNamed(index, LEAVE)),
  );
}

function shape(
  { queue, behind }: Ends,
  rate: BitsPerSecond,
  guarded: boolean,
): Result<unknown, KernelError> {
  return withLink(queue, (socket, link) => {
    const shaper = shaperOf(rate, link.mtu);
    const queues = putQueues(socket, link, shaper);
    if (!queues.ok) return queues;
    return withPrograms(shaper, guarded ? ceilingOf(shaper) : null, ({ enter, leave }) => {
      const counted = withLink(behind, (_, { index }) =>
        inNetns(behind.netns, () => attachFirst(index, { program: leave, name: LEAVE })),
      );
      return counted.ok ? putProgram(socket, link, { shaper, program: enter }) : counted;
    });
  });
}

function ceilingOf({ rate, catchUp }: Shaper): Ceiling {
  const raised = bitsPerSecond(rate * CEILING.share);
  const bunch = bytes((rate * CEILING.aheadS) / 8 + catchUp + CEILING.packet);
  return { rate: raised, aheadNs: durationNs(bunch, raised) };
}

type Programs = { readonly enter: number; readonly leave: number };

/** What holds the programs keeps them, and they their memory; so the files are closed at once. */
function withPrograms<T>(
  shaper: Shaper,
  ceiling: Ceiling | null,
  work: (programs: Programs) => Result<T, KernelError>,
): Result<T, KernelError> {
  const size = { key: 4, value: SHAPER_MEMORY_BYTES, entries: 1 };
  return withFile(createMap({ name: "seam_shaper", type: "array", ...size }), (memory) =>
    withFile(loadProgram(ENTER, assemble(enterShaper(memory, shaper, HANDLES))), (enter) =>
      withFile(loadProgram(LEAVE, assemble(leaveShaper(memory, ceiling))), (leave) =>
        work({ enter, leave }),
      ),
    ),
  );
}
