/**
 * What a node keeps free for its pods on its link to other nodes (issue 7 §4, decision 24), as figures: each pod's guaranteed rate,
 * a share for the node's own traffic, and all the rest for whoever has something to send.
 */
import { type BitsPerSecond, bitsPerSecond } from "@seam/base";

/** A pod, by the node's end of its link, and the rate at which it can always send to other nodes. */
export type Guarantee = { readonly device: string; readonly rate: BitsPerSecond };

/** A link to other nodes whose capacity is shared out. */
export type Uplink = {
  readonly device: string;
  /** What the link can send, in bits of Ethernet frames per second. */
  readonly capacity: BitsPerSecond;
  /** At most `MOST_GUARANTEES`; with none, nothing is shared out and the link is as it was. */
  readonly guarantees: readonly Guarantee[];
};

/** Rates of the classes; together no more than the whole. */
export type UplinkShares = {
  readonly whole: BitsPerSecond;
  /** For the node itself, such as its kubelet's reports: it always gets this, and borrows first. */
  readonly own: BitsPerSecond;
  /** For pods without a guarantee. */
  readonly others: BitsPerSecond;
  readonly guarantees: readonly Guarantee[];
};

/** As many as a packet's mark can tell apart. */
export const MOST_GUARANTEES = 255;

/** Just under what the link can do, as then packets queue here, where guarantees count, and not in the card. */
const WHOLE = 0.96;
const OWN = 0.04;
const OTHERS = 0.01;

/** Shares the link out. Guarantees that do not fit are cut, all in the same proportion: the promise cannot be kept, but nobody starves. */
export function uplinkShares({ capacity, guarantees }: Uplink): UplinkShares {
  const whole = capacity * WHOLE;
  const [own, others] = [whole * OWN, whole * OTHERS];
  const asked = guarantees.reduce((sum, { rate }) => sum + rate, 0);
  const share = Math.min(1, (whole - own - others) / asked);
  return {
    whole: bitsPerSecond(whole),
    own: bitsPerSecond(own),
    others: bitsPerSecond(others),
    guarantees: guarantees.map(({ device, rate }) => ({
      device,
      rate: bitsPerSecond(rate * share),
    })),
  };
}
