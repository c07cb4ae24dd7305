/**
 * A shaper at the way out of a link (decision 24): a hierarchy of classes (htb) whose root keeps the rate, one leaf for sparse flows, several
 * for the others, and the program that chooses among them. All of it is the kernel's and stays without Seam.
 *
 * The sparse leaf may always send half the rate, even when the root owes for a packet that just left: so a small packet never
 * waits for a large one. The others borrow, each in its turn.
 */
import {
  type BitsPerSecond,
  bitsPerSecond,
  bytes,
  type Ifindex,
  ok,
  type Result,
} from "@seam/base";
import { BULK_LEAVES, type Shaper, shaperOf } from "@seam/state";
import type { KernelError } from "./libc.ts";
import { type Link, setGsoSegments } from "./links.ts";
import type { Request } from "./netlink-message.ts";
import type { RouteSocket } from "./route-socket.ts";
import {
  deleteRoot,
  kernelRate,
  listClasses,
  listClassifiers,
  listQdiscs,
  newHtb,
  putClass,
  putClassifier,
  putQueue,
  rateOf,
  ROOT,
  type Traffic,
  trafficOf,
} from "./traffic-control.ts";

/** Handles that others are unlikely to choose; leaves' queues have those that follow. */
const MAJOR = 0x5ea0;
const handleOf = (minor: number): number => MAJOR * 2 ** 16 + minor;
const queueHandleOf = (minor: number): number => (MAJOR + minor) * 2 ** 16;
const MINORS = { sparse: 2, firstBulk: 16 } as const;
export const HANDLES = {
  root: handleOf(0),
  whole: handleOf(1),
  sparse: handleOf(MINORS.sparse),
  firstBulk: handleOf(MINORS.firstBulk),
};

/** Changes with what is built, so that a newer Seam builds anew what an older one did. */
const LAYOUT = 2;
const NAME = /^seam-shaper \d+ (\S+) \d+$/;
const nameOf = ({ rate, frame }: Shaper): string => `seam-shaper ${LAYOUT} ${rate} ${frame}`;

const SPARSE_SHARE = 2;
const LEAST_RATE = bitsPerSecond(8);
/** A leaf's own ceiling never counts. */
const NO_CEILING = bitsPerSecond(8e12);
const LARGEST_QUANTUM = 60_000;
const MOST_SEGMENTS = 65_535;

/** Links with a shaper of Seam's, whole or not. */
export function listShaped(socket: RouteSocket): Result<ReadonlySet<Ifindex>, KernelError> {
  const found = listQdiscs(socket);
  if (!found.ok) return found;
  const roots = found.value.filter(({ handle }) => handle === HANDLES.root);
  return ok(new Set(roots.map(({ index }) => index)));
}

/** The rate of the shaper on a link; null without one, or with one that is not whole. */
export function observeShaper(
  socket: RouteSocket,
  { index, mtu }: Link,
): Result<BitsPerSecond | null, KernelError> {
  const names = listClassifiers(socket, { index, parent: HANDLES.root });
  if (!names.ok) return names;
  const classes = listClasses(socket, index);
  if (!classes.ok) return classes;
  const [name = ""] = names.value;
  const rate = bitsPerSecond(Number(NAME.exec(name)?.[1]));
  const inForce = classes.value.find(({ handle }) => handle === HANDLES.whole);
  if (inForce === undefined || !(rate > 0) || name !== nameOf(shaperOf(rate, mtu))) return ok(null);
  return ok(rateOf(inForce.attributes) === kernelRate(rate) ? rate : null);
}

/** Makes the queues for a rate, or changes them; what waits in them stays. */
export function putQueues(
  socket: RouteSocket,
  { index }: Link,
  shaper: Shaper,
): Result<unknown, KernelError> {
  const rooted = putRoot(socket, index);
  if (!rooted.ok) return rooted;
  return socket.change([
    ...classesOf(index, shaper),
    // Packets that the link's own sockets make are small enough then, without being cut.
    setGsoSegments(index, Math.min(MOST_SEGMENTS, Math.floor(shaper.burst / shaper.frame))),
  ]);
}

/** Lets a program choose the leaves: the last step, whose name says what all of it is for. */
export const putProgram = (
  socket: RouteSocket,
  { index }: Link,
  { shaper, program }: { readonly shaper: Shaper; readonly program: number },
): Result<unknown, KernelError> =>
  socket.change([
    putClassifier({ index, parent: HANDLES.root }, { program, name: nameOf(shaper) }),
  ]);

/** Ends the shaper of the link, if it has one. */
export function deleteShaper(socket: RouteSocket, { index }: Link): Result<null, KernelError> {
  const shaped = listShaped(socket);
  if (!shaped.ok) return shaped;
  if (!shaped.value.has(index)) return ok(null);
  const deleted = socket.change([
    deleteRoot({ index, parent: ROOT, handle: HANDLES.root }),
    setGsoSegments(index, MOST_SEGMENTS),
  ]);
  return deleted.ok ? ok(null) : deleted;
}

/** What went through the shaper of the link since it was made; null without one. */
export function measureShaper(
  socket: RouteSocket,
  { index }: Link,
): Result<Traffic | null, KernelError> {
  const qdiscs = listQdiscs(socket);
  if (!qdiscs.ok) return qdiscs;
  const own = qdiscs.value.filter((found) => found.index === index);
  const root = own.find(({ handle }) => handle === HANDLES.root);
  if (root === undefined) return ok(null);
  const dropped = own
    .filter(({ kind }) => kind === "tbf")
    .reduce((sum, { attributes }) => sum + trafficOf(attributes).dropped, 0);
  return ok({ ...trafficOf(root.attributes), dropped });
}

function putRoot(socket: RouteSocket, index: Ifindex): Result<null, KernelError> {
  const shaped = listShaped(socket);
  if (!shaped.ok) return shaped;
  if (shaped.value.has(index)) return ok(null);
  const place = { index, parent: ROOT, handle: HANDLES.root };
  const made = socket.change([newHtb(place, MINORS.firstBulk)]);
  return made.ok ? ok(null) : made;
}

function classesOf(index: Ifindex, shaper: Shaper): readonly Request[] {
  const { rate, burst, frame } = shaper;
  const quantum = bytes(Math.min(LARGEST_QUANTUM, burst));
  const shared = { ceil: NO_CEILING, burst, quantum, priority: 0 };
  const whole = { ...shared, rate, ceil: rate, burst: shaper.catchUp };
  const sparse = {
    ...shared,
    rate: bitsPerSecond(rate / SPARSE_SHARE),
    burst: bytes(2 * frame),
  };
  const leaf = (minor: number, own: typeof sparse): readonly Request[] => [
    putClass({ index, parent: HANDLES.whole, handle: handleOf(minor) }, own),
    putQueue(
      { index, parent: handleOf(minor), handle: queueHandleOf(minor) },
      { limit: shaper.leafLimit, longest: burst },
    ),
  ];
  return [
    putClass({ index, parent: HANDLES.root, handle: HANDLES.whole }, whole),
    ...leaf(MINORS.sparse, sparse),
    ...Array.from({ length: BULK_LEAVES }, (_, number) =>
      leaf(MINORS.firstBulk + number, { ...shared, rate: LEAST_RATE }),
    ).flat(),
  ];
}
