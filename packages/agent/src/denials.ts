/**
 * Denied packets as people hear of them: a line of the log for each that the kernel shows, as many as anybody reads, and an Event on the
 * pod whose policies denied it when the same is tried again and again.
 */
import { type Address, formatAddress } from "@seam/base";
import type { Log } from "@seam/daemon";
import type { PolicyIntent } from "@seam/intent";
import type { DeniedPacket } from "@seam/kernel";
import { type Direction, directionOf } from "@seam/state";

import { shortName } from "./policy-counters.ts";
import type { Reports } from "./reports.ts";
import type { Attachment, Store } from "./store.ts";

/** Who is told, and what is known. */
export type DenialsOptions = {
  readonly log: Pick<Log, "info">;
  readonly reports: Pick<Reports, "pod">;
  readonly store: Pick<Store, "attachments">;
  readonly intent: Pick<PolicyIntent, "policiesOf">;
  /** The pod that has an address, as namespace/name. */
  readonly podAt: (address: Address) => string | null;
};

/** Takes denied packets, at a time in milliseconds of a clock that nobody sets. */
export type Denials = (packets: readonly DeniedPacket[], now: number) => void;

/** Lines of the log, and Events: so many at once, and then one in so long. Other news of the node must not wait for these. */
export const LINES = { burst: 20, refillMs: 200 };
const EVENTS = { burst: 20, refillMs: 10_000 };
/** So many of one sort within so long are repeated; that is told once in so long. */
const REPEATED = { times: 3, withinMs: 60_000, silenceMs: 600_000 };
/** Sorts of denials that are remembered, the newest. */
const MOST_SORTS = 4096;
/** Names of policies that are told. */
const MOST_NAMES = 5;

const DENIED = "policy denied a connection";
/** Whether it passes is what later rules say. */
const LOGGED = "a rule of a policy logs a connection";

/** Nothing was denied yet. */
export function createDenials(options: DenialsOptions): Denials {
  const mayLog = createPace(LINES);
  const isRepeated = createMemory();
  let unlogged = 0;
  return (packets, now) => {
    if (packets.length === 0) return;
    const own = new Map(
      options.store
        .attachments()
        .flatMap((each) => each.addresses.map((address) => [formatAddress(address), each])),
    );
    for (const packet of packets) {
      const attachment = own.get(formatAddress(endsOf(packet).own)) ?? null;
      if (mayLog(now)) {
        const denial = describe(packet, attachment, options);
        const more = unlogged === 0 ? {} : { unlogged };
        unlogged = 0;
        options.log.info({ ...denial, ...more }, packet.isDenied ? DENIED : LOGGED);
      } else unlogged += 1;
      if (attachment === null || !packet.isDenied) continue;
      if (isRepeated(sortOf(packet), now)) tell(packet, attachment, options);
    }
  };
}

/** The pod of this node whose policies denied it, and the other end. */
const endsOf = ({ side, client, server }: DeniedPacket): { own: Address; other: Address } =>
  directionOf(side) === "egress" ? { own: client, other: server } : { own: server, other: client };

const sortOf = ({ side, client, server, protocol, port }: DeniedPacket): string =>
  [side, formatAddress(client), formatAddress(server), protocol, port].join(" ");

type Denial = {
  /** namespace/name of a pod, or an address. */
  readonly from: string;
  readonly to: string;
  /** Such as `80/TCP` or `ICMP`. */
  readonly port: string;
  readonly family: DeniedPacket["family"];
  readonly direction: Direction;
  /** Those that isolate the pod, the first of them; empty while its link has no gate. */
  readonly policies: readonly string[];
  readonly morePolicies?: number;
};

function describe(
  packet: DeniedPacket,
  attachment: Attachment | null,
  { intent, podAt }: DenialsOptions,
): Denial {
  const { side, family, protocol, port } = packet;
  const direction = directionOf(side);
  const ends = endsOf(packet);
  const pod = attachment?.pod ?? "";
  const own = pod === "" ? formatAddress(ends.own) : pod;
  const other = podAt(ends.other) ?? formatAddress(ends.other);
  const [from, to] = direction === "egress" ? [own, other] : [other, own];
  return {
    from,
    to,
    port: port === null ? protocol : `${port}/${protocol}`,
    family,
    direction,
    ...namesOf(intent.policiesOf(attachment?.device ?? "", side) ?? [], pod),
  };
}

function namesOf(
  policies: readonly string[],
  pod: string,
): Pick<Denial, "policies" | "morePolicies"> {
  const [namespace = ""] = pod.split("/");
  const more = policies.length - MOST_NAMES;
  return {
    policies: policies.slice(0, MOST_NAMES).map((each) => shortName(each, namespace)),
    ...(more > 0 ? { morePolicies: more } : {}),
  };
}

/** An Event on the pod; nothing while its policies are not known, which passes. */
function tell(packet: DeniedPacket, attachment: Attachment, options: DenialsOptions): void {
  const denial = describe(packet, attachment, options);
  if (attachment.pod === "" || denial.policies.length === 0) return;
  options.reports.pod(attachment, {
    severity: "Warning",
    reason: "PolicyDenied",
    message: messageOf(denial, packet),
  });
}

function messageOf(denial: Denial, { port }: DeniedPacket): string {
  const { from, to, direction, policies, morePolicies = 0 } = denial;
  const what =
    direction === "egress"
      ? `this pod may not connect to ${to}, ${wordsOf(denial)}`
      : `${from} may not connect to this pod, ${wordsOf(denial)}`;
  const ask =
    port === null
      ? "only rules without ports let such protocols pass"
      : `ask why, and what would allow it: seam can ${from} ${to} --port ${denial.port}${denial.family === "ipv6" ? " --family ipv6" : ""}`;
  const more = morePolicies === 0 ? "" : ` and ${morePolicies} more`;
  return `${what}, and it was tried again and again; ${ask}; policies that select this pod for ${direction}: ${policies.join(", ")}${more}`;
}

const wordsOf = ({ port, family }: Denial): string =>
  `${port.includes("/") ? "port " : ""}${port} by ${family === "ipv4" ? "IPv4" : "IPv6"}`;

/** Whether there is room at a time, of which each call takes some. */
export function createPace({ burst, refillMs }: typeof LINES): (now: number) => boolean {
  let left = burst;
  let refilledAt: number | null = null;
  return (now) => {
    refilledAt ??= now;
    const more = Math.floor((now - refilledAt) / refillMs);
    left = Math.min(burst, left + more);
    refilledAt += more * refillMs;
    if (left === 0) return false;
    left -= 1;
    return true;
  };
}

type Seen = { readonly times: readonly number[]; readonly toldAt: number | null };

/** Whether this is the time to tell of a sort, of which one more came. */
function createMemory(): (sort: string, now: number) => boolean {
  const seen = new Map<string, Seen>();
  const mayTell = createPace(EVENTS);
  return (sort, now) => {
    const before = seen.get(sort) ?? { times: [], toldAt: null };
    const times = [...before.times, now].slice(-REPEATED.times);
    const isOften = times.length === REPEATED.times && now - (times[0] ?? now) <= REPEATED.withinMs;
    const isDue = before.toldAt === null || now - before.toldAt >= REPEATED.silenceMs;
    const isTime = isOften && isDue && mayTell(now);
    seen.delete(sort);
    seen.set(sort, { times, toldAt: isTime ? now : before.toldAt });
    const [oldest] = seen.keys();
    if (seen.size > MOST_SORTS && oldest !== undefined) seen.delete(oldest);
    return isTime;
  };
}
