/** Reads denied packets from the kernel and hands them on, for as long as the agent runs; without them policies hold all the same. */
import type { Log } from "@seam/daemon";
import { type DeniedPackets, openDeniedPackets } from "@seam/kernel";

import type { Denials } from "./denials.ts";
import type { HostDenials } from "./host-denials.ts";

/** Who takes them, and who is told of what is missing. */
export type DenialWatchOptions = {
  readonly denials: Denials;
  readonly hostDenials: HostDenials;
  readonly missed: () => void;
  readonly log: Pick<Log, "warn">;
};

const READ_MS = 250;
/** The agent before this one may still be listening. */
const RETRY_MS = 5000;

/** Reads until disposed of. */
export function watchDenials({
  denials,
  hostDenials,
  missed,
  log,
}: DenialWatchOptions): Disposable {
  let packets: DeniedPackets | null = null;
  let triedAt: number | null = null;
  const open = (now: number): void => {
    if (triedAt !== null && now - triedAt < RETRY_MS) return;
    const opened = openDeniedPackets();
    if (opened.ok) packets = opened.value;
    else if (triedAt === null)
      log.warn({ error: opened.error }, "denied packets cannot be read; trying again");
    triedAt = now;
  };
  const read = (): void => {
    const now = performance.now();
    if (packets === null) open(now);
    const taken = packets?.take();
    if (taken === undefined) return;
    if (!taken.isWhole) missed();
    denials(taken.packets, now);
    hostDenials(taken.hosts, now);
  };
  read();
  const timer = setInterval(read, READ_MS);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      packets?.[Symbol.dispose]();
    },
  };
}
