/**
 * Guarantees at a node's links to other nodes (issue 7 §4, decision 24): at each a hierarchy of classes (htb) that holds the link just under
 * its capacity, one class for each pod with a guarantee, one for the node itself, one for the rest. Nothing of it is there on a
 * node without guarantees. A pod's slot is the same on all links, as its packets are marked where they come in.
 */
import {
  type BitsPerSecond,
  bitsPerSecond,
  bytes,
  type Bytes,
  err,
  type Ifindex,
  ok,
  type Result,
} from "@seam/base";
import { type Guarantee, MOST_GUARANTEES, type Uplink } from "@seam/state";

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
  ceilingOf,
  deleteClass,
  deleteRoot,
  type HtbClass,
  listClasses,
  listClassifiers,
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
export const HANDLES = {
  root: handleOf(0),
  whole: handleOf(MINORS.whole),
  own: handleOf(MINORS.own),
  others: handleOf(MINORS.others),
  firstPod: handleOf(MINORS.firstPod),
};

const MARK = "seam_mark_";
/** Changes with what is built, so that a newer Seam builds anew what an older one did. */
const CLASSIFIER = "seam-uplink 1";
/** Cards cut large packets themselves, so nothing is cut here. */
const LARGEST_PACKET = bytes(262_144);
const BURST_S = 0.001;
const QUEUE_S = 0.02;
const PRIORITY = { own: 0, pods: 1 } as const;
/** What is not whole has a rate that nobody asks for. */
const NOT_WHOLE = bitsPerSecond(0);

/** A pod's link on the node, and the slot that its packets' marks tell. */
type Slot = { readonly index: Ifindex; readonly device: string; readonly slot: number };

/** The links that are shared out, with the rates of the kernel's classes; one that is not whole has rates of 0. */
export const observeUplinks = (netns: string = OWN_NETNS): Result<readonly Uplink[], KernelError> =>
  withRouteSocket(netns, (socket) =>
    inNetns(netns, () => {
      const shared = sharedLinks(socket);
      // Marks are looked for only where something is shared out.
      if (!shared.ok || shared.value.length === 0) return shared.ok ? ok([]) : shared;
      const slots = observeSlots(socket);
      if (!slots.ok) return slots;
      return eachOf(shared.value, (link) => observeLink(socket, link, slots.value));
    }),
  );

/** Shares a link out, which may be in use: what waits stays, unless its class goes. */
export function applyUplink(uplink: Uplink, netns: string = OWN_NETNS): Result<null, KernelError> {
  if (uplink.guarantees.length > MOST_GUARANTEES)
    return err({
      errno: "ENOSPC",
      message: `guarantees of ${uplink.device}: ${uplink.guarantees.length} pods, at most ${MOST_GUARANTEES}`,
    });
  return withUplink(uplink.device, netns, (socket, link) => shareLink(socket, link, uplink));
}

/** Leaves a link as it was before it was shared out. */
export const freeUplink = (device: string, netns: string = OWN_NETNS): Result<null, KernelError> =>
  withUplink(device, netns, (socket, link) => {
    const rooted = hasRoot(socket, link);
    if (!rooted.ok) return rooted;
    return inOrder([
      ...(rooted.value
        ? [
            () =>
              socket.change([
                deleteRoot({ index: link.index, parent: ROOT, handle: HANDLES.root }),
              ]),
          ]
        : []),
      () => unmarkUnused(socket),
    ]);
  });

/** The same for all links of a node that Seam leaves. */
export function freeUplinks(netns: string = OWN_NETNS): Result<null, KernelError> {
  const shared = withRouteSocket(netns, sharedLinks);
  if (!shared.ok) return shared;
  return inOrder(
    shared.value.map(
      ({ name }) =>
        () =>
          freeUplink(name, netns),
    ),
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

function sharedLinks(socket: RouteSocket): Result<readonly Link[], KernelError> {
  const found = listQdiscs(socket);
  if (!found.ok) return found;
  const roots = new Set(
    found.value.filter(({ handle }) => handle === HANDLES.root).map(({ index }) => index),
  );
  if (roots.size === 0) return ok([]);
  const links = listLinks(socket);
  return links.ok ? ok(links.value.filter(({ index }) => roots.has(index))) : links;
}

function hasRoot(socket: RouteSocket, { index }: Link): Result<boolean, KernelError> {
  const shared = sharedLinks(socket);
  return shared.ok ? ok(shared.value.some((each) => each.index === index)) : shared;
}

function observeLink(
  socket: RouteSocket,
  { index, name }: Link,
  slots: readonly Slot[],
): Result<Uplink, KernelError> {
  const classes = listClasses(socket, index);
  if (!classes.ok) return classes;
  const names = listClassifiers(socket, { index, parent: HANDLES.root });
  if (!names.ok) return names;
  const rates = new Map(
    classes.value
      .filter(({ kind }) => kind === "htb")
      .map(({ handle, attributes }) => [handle, { attributes, rate: rateOf(attributes) }]),
  );
  const whole = rates.get(HANDLES.whole)?.rate ?? NOT_WHOLE;
  const isChosen = names.value.length === 1 && names.value[0] === CLASSIFIER;
  const rateAt = (handle: number): BitsPerSecond => {
    const found = rates.get(handle);
    const isWhole = isChosen && found !== undefined && ceilingOf(found.attributes) === whole;
    return isWhole ? found.rate : NOT_WHOLE;
  };
  const bySlot = Map.groupBy(slots, ({ slot }) => slot);
  const taken = [...rates.keys()].filter((handle) => handle > HANDLES.firstPod);
  return ok({
    device: name,
    whole: rateAt(HANDLES.whole),
    own: rateAt(HANDLES.own),
    others: rateAt(HANDLES.others),
    guarantees: taken.map((handle) => ({
      devices: (bySlot.get(handle - HANDLES.firstPod) ?? []).map(({ device }) => device).toSorted(),
      rate: rateAt(handle),
    })),
  });
}

/** Slots are where they work: in the names of the programs on the pods' links. */
function observeSlots(socket: RouteSocket): Result<readonly Slot[], KernelError> {
  const links = listLinks(socket);
  if (!links.ok) return links;
  const slots = eachOf(
    links.value.filter((link) => isPodDevice(link.name)),
    ({ index, name }): Result<readonly Slot[], KernelError> => {
      const names = attachedNames(index);
      // A link may just go.
      if (!names.ok) return ok([]);
      return ok(
        names.value
          .filter((each) => each.startsWith(MARK))
          .map((mark) => ({ index, device: name, slot: Number(mark.slice(MARK.length)) })),
      );
    },
  );
  return slots.ok ? ok(slots.value.flat()) : slots;
}

/** Classes first, then the marks that lead to them; what nobody is led to any more goes last. */
function shareLink(socket: RouteSocket, link: Link, uplink: Uplink): Result<null, KernelError> {
  const observed = observeSlots(socket);
  if (!observed.ok) return observed;
  const links = listLinks(socket);
  if (!links.ok) return links;
  const pods = assignSlots(uplink.guarantees, observed.value);
  const indexes = new Map(links.value.map(({ name, index }) => [name, index]));
  const marked = pods.flatMap(({ slot, devices }) =>
    devices.flatMap((device) => {
      const index = indexes.get(device);
      return index === undefined ? [] : [{ slot, device, index }];
    }),
  );
  return inOrder([
    () => putRoot(socket, link),
    () => putClasses({ socket, link }, uplink, pods),
    () =>
      withFile(loadProgram("seam_share", assemble(chooseShare(HANDLES))), (program) =>
        socket.change([
          putClassifier({ index: link.index, parent: HANDLES.root }, { program, name: CLASSIFIER }),
        ]),
      ),
    ...marked.map((each) => () => markPod(each)),
    () => deleteClasses(socket, link, new Set(pods.map(({ slot }) => HANDLES.firstPod + slot))),
    () => unmarkUnused(socket),
  ]);
}

function putClasses(
  { socket, link }: { readonly socket: RouteSocket; readonly link: Link },
  uplink: Uplink,
  pods: readonly Assigned[],
): Result<unknown, KernelError> {
  const class_ = classMaker(link.index, uplink.whole);
  return socket.change([
    putClass(
      { index: link.index, parent: HANDLES.root, handle: HANDLES.whole },
      { ...htbClass(uplink.whole, uplink.whole), priority: 0 },
    ),
    ...class_(MINORS.own, uplink.own, PRIORITY.own),
    ...class_(MINORS.others, uplink.others, PRIORITY.pods),
    ...pods.flatMap(({ slot, rate }) => class_(MINORS.firstPod + slot, rate, PRIORITY.pods)),
  ]);
}

type Assigned = Guarantee & { readonly slot: number };

/** A pod keeps its slot; a new one gets the lowest that no pod has, also none that is about to go. */
function assignSlots(
  guarantees: readonly Guarantee[],
  observed: readonly Slot[],
): readonly Assigned[] {
  const held = new Map(observed.map(({ device, slot }) => [device, slot]));
  const taken = new Set<number>();
  const keeping = guarantees.map((guarantee) => {
    const slot = guarantee.devices
      .map((device) => held.get(device))
      .find((each) => each !== undefined && !taken.has(each));
    if (slot !== undefined) taken.add(slot);
    return { guarantee, slot };
  });
  const free = Array.from({ length: MOST_GUARANTEES }, (_, number) => number + 1).filter(
    (slot) => !taken.has(slot),
  );
  return keeping.flatMap(({ guarantee, slot = free.shift() }) =>
    slot === undefined ? [] : [{ ...guarantee, slot }],
  );
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

/** A link has one mark at a time. */
function markPod({ index, slot }: Slot): Result<unknown, KernelError> {
  const name = `${MARK}${slot}`;
  const names = attachedNames(index);
  if (!names.ok) return names;
  const others = names.value.filter((each) => each.startsWith(MARK) && each !== name);
  return inOrder([
    ...others.map((other) => () => detachNamed(index, other)),
    () =>
      names.value.includes(name)
        ? ok(null)
        : withFile(loadProgram(name, assemble(markPackets(slot))), (program) =>
            attachFirst(index, { program, name }),
          ),
  ]);
}

/** Takes marks away that lead to no class of any link. */
function unmarkUnused(socket: RouteSocket): Result<null, KernelError> {
  const shared = sharedLinks(socket);
  if (!shared.ok) return shared;
  const classes = eachOf(shared.value, ({ index }) => listClasses(socket, index));
  if (!classes.ok) return classes;
  const used = new Set(classes.value.flat().map(({ handle }) => handle - HANDLES.firstPod));
  const slots = observeSlots(socket);
  if (!slots.ok) return slots;
  const unused = slots.value.filter(({ slot }) => !used.has(slot));
  return inOrder(
    unused.map(
      ({ index, slot }) =>
        () =>
          detachNamed(index, `${MARK}${slot}`),
    ),
  );
}

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

/** The first refusal, if any; what comes after it is not tried. */
function inOrder(
  changes: readonly (() => Result<unknown, KernelError>)[],
): Result<null, KernelError> {
  for (const change of changes) {
    const changed = change();
    if (!changed.ok) return changed;
  }
  return ok(null);
}

/** The values of all, or the first refusal. */
function eachOf<T, U>(
  all: readonly T[],
  work: (one: T) => Result<U, KernelError>,
): Result<readonly U[], KernelError> {
  const values: U[] = [];
  for (const one of all) {
    const worked = work(one);
    if (!worked.ok) return worked;
    values.push(worked.value);
  }
  return ok(values);
}
