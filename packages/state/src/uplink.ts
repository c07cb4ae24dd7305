/**
 * What a node keeps free for its pods on its links to other nodes (issue 7 §4, decision 24), as figures: each pod's guaranteed rate,
 * a share for the node's own traffic, and all the rest for whoever has something to send.
 */
import { type BitsPerSecond, bitsPerSecond } from "@seam/base";

/** A pod, by the node's ends of its links in the order of their names, and the rate at which it can always send to other nodes. */
export type Guarantee = { readonly devices: readonly string[]; readonly rate: BitsPerSecond };

/** How a link to other nodes is shared out, in bits of Ethernet frames per second; together no more than the whole. */
export type Uplink = {
  readonly device: string;
  readonly whole: BitsPerSecond;
  /** For the node itself, such as its kubelet's reports: it always gets this, and borrows first. */
  readonly own: BitsPerSecond;
  /** For pods without a guarantee. */
  readonly others: BitsPerSecond;
  /** At most `MOST_GUARANTEES`, and at least one: without any the link is left alone. In the order of their devices. */
  readonly guarantees: readonly Guarantee[];
};

/** A link to other nodes, what it can send, and what pods were promised of it. */
export type UplinkDemand = {
  readonly device: string;
  readonly capacity: BitsPerSecond;
  readonly guarantees: readonly Guarantee[];
};

/** As many as a packet's mark can tell apart. */
export const MOST_GUARANTEES = 255;

/** Just under what the link can do, as then packets queue here, where guarantees count, and not in the card. */
const WHOLE = 0.96;
const OWN = 0.04;
const OTHERS = 0.01;

/** Of a capacity, what can be promised to pods. */
export const promisable = (capacity: BitsPerSecond): BitsPerSecond =>
  bitsPerSecond(capacity * WHOLE * (1 - OWN - OTHERS));

/**
 * Shares the link out. Guarantees that do not fit are cut, all in the same proportion: the promise cannot be kept, but nobody
 * starves. Rates are whole bytes per second, as the kernel has them.
 */
export function shareUplink({ device, capacity, guarantees }: UplinkDemand): Uplink {
  const whole = capacity * WHOLE;
  const asked = guarantees.reduce((sum, { rate }) => sum + rate, 0);
  const share = Math.min(1, promisable(capacity) / asked);
  return {
    device,
    whole: wholeBytes(whole),
    own: wholeBytes(whole * OWN),
    others: wholeBytes(whole * OTHERS),
    guarantees: guarantees.map(({ devices, rate }) => ({
      devices,
      rate: wholeBytes(rate * share),
    })),
  };
}

const wholeBytes = (bits: number): BitsPerSecond =>
  bitsPerSecond(8 * Math.max(1, Math.floor(bits / 8)));

/** Two links that are shared out in the same way have one text. */
export const uplinkText = (uplink: Uplink): string => JSON.stringify(ordered(uplink));

const ordered = ({ device, whole, own, others, guarantees }: Uplink): unknown => [
  device,
  whole,
  own,
  others,
  guarantees.map(({ devices, rate }) => `${devices.toSorted().join(" ")} ${rate}`).toSorted(),
];
