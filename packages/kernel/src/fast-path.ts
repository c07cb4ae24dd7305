/**
 * The fast path (decision 12): packets of established flows between two pods of a node skip the node's network stack.
 * Nothing of it outlives the process that opened it; then all packets take the node's normal way again.
 */
import { err, FAMILIES, type Cidr, type Ifindex, ok, type Result } from "@seam/base";
import { closeSync } from "node:fs";

import { assemble } from "./bpf-assembler.ts";
import {
  attachProgram,
  createMap,
  deleteFromMap,
  loadProgram,
  type MapSpec,
  updateMap,
} from "./bpf.ts";
import {
  type FastPathMaps,
  forwardFlows,
  learnFlows,
  LINK,
  SETTINGS,
  SIZES,
} from "./fast-path-program.ts";
import type { KernelError } from "./libc.ts";
import { type Link, listLinks } from "./links.ts";
import { macBytes, uint32 } from "./netlink-message.ts";
import { inNetns, OWN_NETNS } from "./netns.ts";
import { listQueued } from "./queues.ts";
import { withRouteSocket } from "./route-socket.ts";

/** The fast path of one node; disposing of it ends it. */
export type FastPath = Disposable & {
  /** Brings it in line with a node; the number of links that are on it, or the first refusal. */
  readonly follow: (node: FastPathNode) => Result<number, KernelError>;
};

/** What the fast path depends on. */
type FastPathNode = {
  /** Ends of pods' links: the node's device, and the MAC address of the pod's end. One with a queueing discipline is left out, because packets would skip that too. */
  readonly sources: readonly { readonly device: string; readonly mac: string }[];
  /** Only what goes to these is looked up; one of each family. */
  readonly prefixes: readonly Cidr[];
  /** Whether anything changed since the last time: each flow then takes the normal way once, and is learned anew. */
  readonly changed: boolean;
};

/** Flows of each family, of which the least recently used makes room for a new one. */
const FLOWS = 16_384;
const LINKS = 4096;

const maps: Readonly<Record<keyof FastPathMaps, MapSpec>> = {
  ipv4: {
    name: "seam_flows4",
    type: "lru-hash",
    key: SIZES.ipv4,
    value: SIZES.flow,
    entries: FLOWS,
  },
  ipv6: {
    name: "seam_flows6",
    type: "lru-hash",
    key: SIZES.ipv6,
    value: SIZES.flow,
    entries: FLOWS,
  },
  links: { name: "seam_links", type: "hash", key: 4, value: SIZES.link, entries: LINKS },
  settings: { name: "seam_settings", type: "array", key: 4, value: SIZES.settings, entries: 1 },
};

/** Loads the programs for the node in `netns`; fails where the kernel lacks what they need (Linux 6.6). */
export function openFastPath(netns: string = OWN_NETNS): Result<FastPath, KernelError> {
  const files = openFiles();
  const loaded = load(files);
  if (!loaded.ok) {
    files[Symbol.dispose]();
    return loaded;
  }
  const links = createLinks(loaded.value, netns);
  let generation = 0;
  let written = "";
  /** Asks about all flows anew. */
  const renew = (
    prefixes: FastPathNode["prefixes"],
    otherwise: Result<number, KernelError>,
  ): Result<number, KernelError> => {
    written = JSON.stringify(prefixes);
    generation = (generation + 1) >>> 0;
    const value = settingsValue(generation, prefixes);
    const renewed = updateMap(loaded.value.maps.settings, uint32(0), value);
    return renewed.ok ? otherwise : renewed;
  };
  return ok({
    follow: ({ sources, prefixes, changed }) => {
      const wanted = wantedLinks(netns, sources);
      const hasLeft = wanted.ok && links.leave(wanted.value);
      const joined = wanted.ok ? links.join(wanted.value) : wanted;
      const isSame = JSON.stringify(prefixes) === written;
      // What is denied now must not go on, whatever becomes of links.
      return changed || hasLeft || !isSame ? renew(prefixes, joined) : joined;
    },
    [Symbol.dispose]: () => {
      links.leave(new Map());
      files[Symbol.dispose]();
    },
  });
}

type Links = {
  /** Takes out those that are not wanted as they are; whether there were any. */
  readonly leave: (wanted: ReadonlyMap<Ifindex, string>) => boolean;
  /** Takes in what is missing, of which one that is refused does not keep others out; how many there are. */
  readonly join: (wanted: ReadonlyMap<Ifindex, string>) => Result<number, KernelError>;
};

function createLinks(loaded: Loaded, netns: string): Links {
  const attached = new Map<Ifindex, Attached>();
  const detach = (index: Ifindex): void => {
    attached.get(index)?.files[Symbol.dispose]();
    attached.delete(index);
    deleteFromMap(loaded.maps.links, uint32(index));
  };
  return {
    leave: (wanted) => {
      const stale = [...attached].filter(([index, { text }]) => wanted.get(index) !== text);
      for (const [index] of stale) detach(index);
      return stale.length > 0;
    },
    join: (wanted) => {
      let refused: KernelError | null = null;
      for (const [index, text] of [...wanted].filter(([each]) => !attached.has(each))) {
        const done = inNetns(netns, () => attach(loaded, index, text));
        if (done.ok) attached.set(index, { text, files: done.value });
        else {
          detach(index);
          // Links go at any time.
          if (done.error.errno !== "ENODEV") refused = done.error;
        }
      }
      return refused === null ? ok(attached.size) : err(refused);
    },
  };
}

/** A link on the fast path: what was known of it as text, and its two attachments. */
type Attached = { readonly text: string; readonly files: Disposable };

type Loaded = {
  readonly maps: FastPathMaps;
  readonly programs: { readonly forward: number; readonly learn: number };
};

/** File descriptors that are closed together. */
type Files = Disposable & {
  readonly keep: (opened: Result<number, KernelError>) => Result<number, KernelError>;
};

function openFiles(): Files {
  const kept: number[] = [];
  return {
    keep: (opened) => {
      if (opened.ok) kept.push(opened.value);
      return opened;
    },
    [Symbol.dispose]: () => {
      for (const file of kept.splice(0)) closeSync(file);
    },
  };
}

function load({ keep }: Files): Result<Loaded, KernelError> {
  const opened = { ipv4: 0, ipv6: 0, links: 0, settings: 0 };
  for (const name of ["ipv4", "ipv6", "links", "settings"] as const) {
    const map = keep(createMap(maps[name]));
    if (!map.ok) return map;
    opened[name] = map.value;
  }
  const forward = keep(loadProgram("seam_forward", assemble(forwardFlows(opened))));
  if (!forward.ok) return forward;
  const learn = keep(loadProgram("seam_learn", assemble(learnFlows(opened))));
  if (!learn.ok) return learn;
  return ok({ maps: opened, programs: { forward: forward.value, learn: learn.value } });
}

/** Both attachments, and before them what the programs know of the link. */
function attach(
  { maps: { links }, programs }: Loaded,
  index: Ifindex,
  text: string,
): Result<Disposable, KernelError> {
  const known = updateMap(links, uint32(index), Buffer.from(text, "hex"));
  if (!known.ok) return known;
  const files = openFiles();
  const egress = files.keep(attachProgram(programs.learn, index, "egress"));
  const ingress = egress.ok
    ? files.keep(attachProgram(programs.forward, index, "ingress"))
    : egress;
  if (ingress.ok) return ok(files);
  files[Symbol.dispose]();
  return ingress;
}

/** Links that shall be on the fast path, with what the programs know of each, in hexadecimal. */
function wantedLinks(
  netns: string,
  sources: FastPathNode["sources"],
): Result<ReadonlyMap<Ifindex, string>, KernelError> {
  return withRouteSocket(netns, (socket) => {
    const links = listLinks(socket);
    if (!links.ok) return links;
    const queued = listQueued(socket);
    if (!queued.ok) return queued;
    const macs = new Map(sources.map(({ device, mac }) => [device, mac]));
    return ok(
      new Map(
        links.value.flatMap((link): readonly [Ifindex, string][] => {
          const podMac = macs.get(link.name);
          if (podMac === undefined || queued.value.has(link.index)) return [];
          return [[link.index, linkValue(link, podMac).toString("hex")]];
        }),
      ),
    );
  });
}

/** The MAC addresses that a packet from the pod has, and the size of the largest. */
function linkValue({ mac, mtu }: Link, podMac: string): Buffer {
  const value = Buffer.alloc(SIZES.link);
  macBytes(mac).copy(value, LINK.macs);
  macBytes(podMac).copy(value, LINK.macs + 6);
  value.writeUInt32LE(mtu, LINK.mtu);
  return value;
}

function settingsValue(generation: number, prefixes: readonly Cidr[]): Buffer {
  const value = Buffer.alloc(SIZES.settings);
  value.writeUInt32LE(generation, SETTINGS.generation);
  for (const family of FAMILIES) {
    const { prefix, mask, width } = SETTINGS[family];
    const own = prefixes.find(({ address }) => address.family === family);
    // Without a prefix: what no address equals.
    value.fill(own === undefined ? 1 : 0, prefix, prefix + width);
    if (own === undefined) continue;
    for (let at = 0; at < width; at += 1) {
      const bits = Math.max(0, Math.min(8, own.length - at * 8));
      const kept = (0xff00 >> bits) & 0xff;
      value.writeUInt8(kept, mask + at);
      value.writeUInt8((own.address.bytes[at] ?? 0) & kept, prefix + at);
    }
  }
  return value;
}
