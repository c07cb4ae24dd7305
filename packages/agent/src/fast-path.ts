/**
 * The fast path between this node's pods (decision 12), kept in line with them after each round. When the kernel refuses
 * it, that is told once, and all packets take the node's normal way.
 */
import type { Cidr, Result } from "@seam/base";
import type { Log } from "@seam/daemon";
import { type FastPath, type KernelError, openFastPath } from "@seam/kernel";

import type { Attachment } from "./store.ts";

/** The fast path of the agent's node; disposing of it ends it. */
export type PodFastPath = Disposable & {
  /** Whether the kernel has it; one that refused is not asked again until it was switched off and on. */
  readonly opens: () => boolean;
  readonly follow: (round: FastPathRound) => void;
  /** Each flow takes the normal way once: what may pass there has changed. */
  readonly renew: () => void;
  /** Pod links that are on it. */
  readonly links: () => number;
};

/** What a round found. */
export type FastPathRound = {
  readonly enabled: boolean;
  readonly attachments: readonly Pick<Attachment, "device" | "mac">[];
  readonly podCidrs: readonly Cidr[];
  /** Whether something on the node was changed. */
  readonly changed: boolean;
};

/** A link joins after this long, so that plug-ins which come after Seam's have done what they do to it. */
const SETTLE_MS = 2000;

const NO_ROUND: FastPathRound = { enabled: false, attachments: [], podCidrs: [], changed: false };

/** A fast path without links; it is opened with the first round that wants it. */
export function createFastPath(log: Pick<Log, "warn">, open = openFastPath): PodFastPath {
  const firstSeen = new Map<string, number>();
  let opened: Result<FastPath, KernelError> | null = null;
  let links = 0;
  let timer: NodeJS.Timeout | null = null;
  let last = NO_ROUND;
  const refused = (error: KernelError): void =>
    log.warn({ error }, "no fast path between pods of this node; packets take the normal way");
  const close = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (opened?.ok === true) opened.value[Symbol.dispose]();
    opened = null;
    links = 0;
  };
  const again = (): void => {
    timer = null;
    follow({ ...last, changed: false });
  };
  const openOnce = (): Result<FastPath, KernelError> => {
    if (opened !== null) return opened;
    opened = open();
    if (!opened.ok) refused(opened.error);
    return opened;
  };
  const follow = (round: FastPathRound): void => {
    last = round;
    if (!round.enabled) return close();
    const path = openOnce();
    if (!path.ok) return;
    const settled = settledOf(round, firstSeen);
    if (settled.length < round.attachments.length) timer ??= setTimeout(again, SETTLE_MS);
    const followed = path.value.follow({
      sources: settled,
      prefixes: round.podCidrs,
      changed: round.changed,
    });
    if (followed.ok) links = followed.value;
    else refused(followed.error);
  };
  return {
    opens: () => openOnce().ok,
    follow,
    renew: () => follow({ ...last, changed: true }),
    links: () => links,
    [Symbol.dispose]: close,
  };
}

/** Links that were there long enough; those that are gone are forgotten. */
function settledOf(
  { attachments }: FastPathRound,
  firstSeen: Map<string, number>,
): FastPathRound["attachments"] {
  const now = performance.now();
  const present = new Set(attachments.map(({ device }) => device));
  for (const device of firstSeen.keys()) if (!present.has(device)) firstSeen.delete(device);
  for (const device of present) if (!firstSeen.has(device)) firstSeen.set(device, now);
  return attachments.filter(({ device }) => now - (firstSeen.get(device) ?? now) >= SETTLE_MS);
}
