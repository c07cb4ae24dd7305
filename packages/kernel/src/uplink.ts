/**
 * Guarantees at a node's link to other nodes (issue 7 §4, decision 24): a hierarchy of classes (htb) that holds the link just under its
 * capacity, one class for each pod with a guarantee, one for the node itself, one for the rest. Nothing of it is there on a
 * node without guarantees.
 */
import {
  type BitsPerSecond,
  bytes,
  type Bytes,
  err,
  type Ifindex,
  ok,
  type Result,
} from "@seam/base";
import { type Guarantee, MOST_GUARANTEES, type Uplink, uplinkShares } from "@seam/state";

import { assemble } from "./bpf-assembler.ts";
import { attachedNames, attachFirst, detachNamed } from "./bpf-attachments.ts";
import { loadProgram, withFile } from "./bpf.ts";
import { isPodDevice } from "./device-names.ts";
import type { KernelError } from "./libc.ts";
import { type Link, linkNamed, listLinks } from "./links.ts";
import type { Request } from "./netlink-message.ts";
import { inNetns, OWN_NETNS } from "./netns.ts";
import { type RouteSocket, withRouteSocket } from "./route-socket.ts";
import {
  deleteClass,
  deleteRoot,
  type HtbClass,
  listClasses,
  listQdiscs,
  newHtb,
  putClass,
  putClassifier,
  putQueue,
  rateOf,
  ROOT,
} from "./traffic-control.ts";
import { chooseShare, markPackets } from "./uplink-program.ts";

const MAJOR = 0x5f00;
const MINORS = { whole: 1, own: 2, others: 3, firstPod: 0x100 } as const;
const handleOf = (minor: number): number => MAJOR * 2 ** 16 + minor;
const queueHandleOf = (minor: number): number => (MAJOR + minor) * 2 ** 16;
const HANDLES = {
  root: handleOf(0),
  whole: handleOf(MINORS.whole),
  own: handleOf(MINORS.own),
  others: handleOf(MINORS.others),
  firstPod: handleOf(MINORS.firstPod),
};

const MARK = "seam_mark_";
/** Cards cut large packets themselves, so nothing is cut here. */
const LARGEST_PACKET = bytes(262_144);
const BURST_S = 0.001;
const QUEUE_S = 0.02;
const PRIORITY = { own: 0, pods: 1 } as const;

/** A pod's link on the node, and the slot that its packets' marks tell. */
type Slot = { readonly index: Ifindex; readonly device: string; readonly slot: number };

/** The guarantees in force on the link called `device`, as rates of the kernel's classes; null where there are none. */
export function observeUplink(
  device: string,
  netns: string = OWN_NETNS,
): Result<readonly Guarantee[] | null, KernelError> {
  return withUplink(device, netns, (socket, link) => {
    const rooted = hasRoot(socket, link);
    if (!rooted.ok || !rooted.value) return rooted.ok ? ok(null) : rooted;
    const slots = observeSlots(socket);
    if (!slots.ok) return slots;
    const classes = listClasses(socket, link.index);
    if (!classes.ok) return classes;
    const rates = new Map(
      classes.value.map(({ handle, attributes }) => [handle, rateOf(attributes)]),
    );
    return ok(
      slots.value.flatMap(({ slot, device: pod }) => {
        const rate = rates.get(HANDLES.firstPod + slot);
        return rate === undefined ? [] : [{ device: pod, rate }];
      }),
    );
  });
}

/** Puts an uplink's guarantees in force, on a link in use: what waits stays, unless its class goes. */
export function putUplink(uplink: Uplink, netns: string = OWN_NETNS): Result<unknown, KernelError> {
  if (uplink.guarantees.length > MOST_GUARANTEES)
    return err({
      errno: "ENOSPC",
      message: `guarantees of ${uplink.device}: ${uplink.guarantees.length} pods, at most ${MOST_GUARANTEES}`,
    });
  return withUplink(uplink.device, netns, (socket, link) =>
    uplink.guarantees.length === 0 ? endUplink(socket, link) : shareUplink(socket, link, uplink),
  );
}

const withUplink = <T>(
  device: string,
  netns: string,
  work: (socket: RouteSocket, link: Link) => Result<T, KernelError>,
): Result<T, KernelError> =>
  withRouteSocket(netns, (socket) => {
    const link = linkNamed(socket, device);
    return link.ok ? inNetns(netns, () => work(socket, link.value)) : link;
  });

function hasRoot(socket: RouteSocket, { index }: Link): Result<boolean, KernelError> {
  const found = listQdiscs(socket);
  if (!found.ok) return found;
  return ok(found.value.some((each) => each.index === index && each.handle === HANDLES.root));
}

/** Slots are where they work: in the names of the programs on the pods' links. */
function observeSlots(socket: RouteSocket): Result<readonly Slot[], KernelError> {
  const links = listLinks(socket);
  if (!links.ok) return links;
  const slots: Slot[] = [];
  for (const { index, name } of links.value.filter((link) => isPodDevice(link.name))) {
    const names = attachedNames(index);
    if (!names.ok) return names;
    const mark = names.value.find((each) => each.startsWith(MARK));
    if (mark !== undefined)
      slots.push({ index, device: name, slot: Number(mark.slice(MARK.length)) });
  }
  return ok(slots);
}

/** Classes first, then the marks that lead to them; what nobody is led to any more goes last. */
function shareUplink(
  socket: RouteSocket,
  link: Link,
  uplink: Uplink,
): Result<unknown, KernelError> {
  const observed = observeSlots(socket);
  if (!observed.ok) return observed;
  const shares = uplinkShares(uplink);
  const links = listLinks(socket);
  if (!links.ok) return links;
  const slots = assignSlots(shares.guarantees, observed.value, links.value);
  const rooted = putRoot(socket, link);
  if (!rooted.ok) return rooted;
  const class_ = classMaker(link.index, shares.whole);
  const built = socket.change([
    putClass(
      { index: link.index, parent: HANDLES.root, handle: HANDLES.whole },
      { ...htbClass(shares.whole, shares.whole), priority: 0 },
    ),
    ...class_(MINORS.own, shares.own, PRIORITY.own),
    ...class_(MINORS.others, shares.others, PRIORITY.pods),
    ...slots.flatMap(({ slot, rate }) => class_(MINORS.firstPod + slot, rate, PRIORITY.pods)),
  ]);
  if (!built.ok) return built;
  const chosen = withFile(loadProgram("seam_share", assemble(chooseShare(HANDLES))), (program) =>
    socket.change([
      putClassifier({ index: link.index, parent: HANDLES.root }, { program, name: "seam-uplink" }),
    ]),
  );
  if (!chosen.ok) return chosen;
  const kept = new Set(slots.map(({ index }) => index));
  const gone = observed.value.filter(({ index }) => !kept.has(index));
  return inOrder([
    ...slots.map((each) => () => markPod(each)),
    ...gone.map((each) => () => unmarkPod(each)),
    () => deleteClasses(socket, link, new Set(slots.map(({ slot }) => HANDLES.firstPod + slot))),
  ]);
}

type Assigned = Slot & { readonly rate: BitsPerSecond };

/** A pod keeps its slot; a new one gets the lowest that is free. A link that is gone has no packets to mark. */
function assignSlots(
  guarantees: readonly Guarantee[],
  observed: readonly Slot[],
  links: readonly Link[],
): readonly Assigned[] {
  const held = new Map(observed.map(({ device, slot }) => [device, slot]));
  const indexes = new Map(links.map(({ name, index }) => [name, index]));
  const taken = new Set(
    guarantees.flatMap(({ device }) => {
      const slot = held.get(device);
      return slot === undefined ? [] : [slot];
    }),
  );
  const free = Array.from({ length: MOST_GUARANTEES }, (_, number) => number + 1).filter(
    (slot) => !taken.has(slot),
  );
  return guarantees.flatMap(({ device, rate }) => {
    const index = indexes.get(device);
    const slot = index === undefined ? undefined : (held.get(device) ?? free.shift());
    return index === undefined || slot === undefined ? [] : [{ device, index, slot, rate }];
  });
}

function putRoot(socket: RouteSocket, link: Link): Result<unknown, KernelError> {
  const rooted = hasRoot(socket, link);
  if (!rooted.ok || rooted.value) return rooted;
  const place = { index: link.index, parent: ROOT, handle: HANDLES.root };
  return socket.change([newHtb(place, MINORS.others)]);
}

const classMaker =
  (index: Ifindex, ceil: BitsPerSecond) =>
  (minor: number, rate: BitsPerSecond, priority: number): readonly Request[] => [
    putClass(
      { index, parent: HANDLES.whole, handle: handleOf(minor) },
      { ...htbClass(rate, ceil), priority },
    ),
    putQueue(
      { index, parent: handleOf(minor), handle: queueHandleOf(minor) },
      { limit: within(rate, QUEUE_S), longest: LARGEST_PACKET },
    ),
  ];

const htbClass = (rate: BitsPerSecond, ceil: BitsPerSecond): Omit<HtbClass, "priority"> => ({
  rate,
  ceil,
  burst: bytes(Math.max(LARGEST_PACKET / 4, (rate * BURST_S) / 8)),
  quantum: bytes(60_000),
});

/** So many seconds of a rate, but some large packets at least. */
const within = (rate: BitsPerSecond, seconds: number): Bytes =>
  bytes(Math.max(2 * LARGEST_PACKET, Math.min(2 ** 30, Math.floor((rate * seconds) / 8))));

function markPod({ index, slot }: Slot): Result<unknown, KernelError> {
  const name = `${MARK}${slot}`;
  const names = attachedNames(index);
  if (!names.ok || names.value.includes(name)) return names;
  return withFile(loadProgram(name, assemble(markPackets(slot))), (program) =>
    attachFirst(index, { program, name }),
  );
}

const unmarkPod = ({ index, slot }: Slot): Result<unknown, KernelError> =>
  detachNamed(index, `${MARK}${slot}`);

function deleteClasses(
  socket: RouteSocket,
  { index }: Link,
  kept: ReadonlySet<number>,
): Result<unknown, KernelError> {
  const classes = listClasses(socket, index);
  if (!classes.ok) return classes;
  const gone = classes.value.filter(
    ({ kind, handle }) => kind === "htb" && handle > HANDLES.firstPod && !kept.has(handle),
  );
  return socket.change(
    gone.map(({ handle }) => deleteClass({ index, parent: HANDLES.whole, handle })),
  );
}

function endUplink(socket: RouteSocket, link: Link): Result<unknown, KernelError> {
  const slots = observeSlots(socket);
  if (!slots.ok) return slots;
  const unmarked = inOrder(slots.value.map((each) => () => unmarkPod(each)));
  if (!unmarked.ok) return unmarked;
  const rooted = hasRoot(socket, link);
  if (!rooted.ok || !rooted.value) return rooted;
  return socket.change([deleteRoot({ index: link.index, parent: ROOT, handle: HANDLES.root })]);
}

/** The first refusal, if any; what comes after it is not tried. */
function inOrder(
  changes: readonly (() => Result<unknown, KernelError>)[],
): Result<unknown, KernelError> {
  for (const change of changes) {
    const changed = change();
    if (!changed.ok) return changed;
  }
  return ok(null);
}
