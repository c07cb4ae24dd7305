/**
 * Tells the cluster which rates of this node's pods are in force, and what went through its links to others (U3, decision 24): one Lease,
 * written when what it says changed, and for what was measured every half a minute at most. A node without pods with rates writes
 * none.
 */
import {
  formatRateReport,
  NODE_LABEL,
  type PodRateState,
  RATE_REPORT_LABEL,
  RATES_ANNOTATION,
  type RateReport,
  rateReportName,
  REPORT_KIND,
} from "@seam/api";
import type { Bytes } from "@seam/base";
import type { Log } from "@seam/daemon";
import type { KubeClient, KubeObject } from "@seam/kube";

import { createTelling } from "./telling.ts";

/** The report of one node, until disposed of; it stays in the cluster as long as the node does. */
export type NodeRateReport = Disposable & {
  /** The uid of the Node object, with which the report goes; nothing is written before it is known. */
  readonly setOwner: (uid: string) => void;
  /** The states of all pods of the node that have rates, and how much has gone through its links to others until now. */
  readonly tell: (pods: RateReport["pods"], traffic: UplinkTraffic | null) => void;
};

/** Bytes since the links were made. */
export type UplinkTraffic = { readonly sent: Bytes; readonly received: Bytes };

/** Which node, and where its report stands. */
export type RateReportOptions = {
  readonly client: Pick<KubeClient, "apply">;
  readonly node: string;
  readonly namespace: string;
  readonly log: Pick<Log, "warn">;
};

/** Pods come in numbers, and each is told once; what is lacking is told soon. */
const PAUSE_MS = 2000;
const MEASURED_EVERY_MS = 30_000;
const LONGEST_LABEL = 63;

const TIMES = { now: () => performance.now(), pauseMs: PAUSE_MS };

/** A report that says nothing yet; the clock `now` tells milliseconds, and `pauseMs` pass after each write. */
export function createRateReport(
  options: RateReportOptions,
  { now, pauseMs }: typeof TIMES = TIMES,
): NodeRateReport {
  const said: { uid: string; pods: RateReport["pods"] } = { uid: "", pods: new Map() };
  const meter = createMeter(now);
  let text: string | null = null;
  const { client, log } = options;
  const telling = createTelling({
    client,
    log,
    what: "which rates are in force",
    content: () => (said.uid === "" ? null : text),
    object: () => leaseOf(options, said.uid, text ?? ""),
    pauseMs: () => pauseMs,
  });
  return {
    setOwner: (uid) => {
      said.uid = uid;
      telling.request();
    },
    tell: (pods, traffic) => {
      const measured = pods.size === 0 ? null : meter(traffic);
      // A node that never had such a pod has nothing to say.
      if (pods.size === 0 && text === null) return;
      text = formatRateReport({ pods: inOrder(pods), measured });
      telling.request();
    },
    [Symbol.dispose]: telling[Symbol.dispose],
  };
}

const inOrder = (pods: RateReport["pods"]): ReadonlyMap<string, PodRateState> =>
  new Map([...pods].toSorted(([one], [other]) => (one < other ? -1 : 1)));

/** Whole Mbit/s between two looks that are half a minute apart; in between what the last two said. */
function createMeter(now: () => number): (traffic: UplinkTraffic | null) => RateReport["measured"] {
  let last: { readonly at: number; readonly traffic: UplinkTraffic } | null = null;
  let measured: RateReport["measured"] = null;
  return (traffic) => {
    const at = now();
    if (traffic === null || (last !== null && at - last.at < MEASURED_EVERY_MS)) return measured;
    const { at: before, traffic: old } = last ?? { at: 0, traffic };
    // Counters of a link that was made anew begin at nothing.
    const rate = (was: Bytes, is: Bytes): number =>
      Math.round((Math.max(0, is - was) * 8) / 1000 / (at - before));
    if (last !== null)
      measured = {
        ulMbps: rate(old.sent, traffic.sent),
        dlMbps: rate(old.received, traffic.received),
      };
    last = { at, traffic };
    return measured;
  };
}

/** The garbage collector takes the report with its node. */
const leaseOf = (
  { node, namespace }: RateReportOptions,
  uid: string,
  rates: string,
): KubeObject => ({
  ...REPORT_KIND,
  metadata: {
    name: rateReportName(node),
    namespace,
    labels: {
      [RATE_REPORT_LABEL]: "rates",
      // Names of nodes may be longer than labels; the holder below is what counts.
      ...(node.length > LONGEST_LABEL ? {} : { [NODE_LABEL]: node }),
    },
    annotations: { [RATES_ANNOTATION]: rates },
    ownerReferences: [{ apiVersion: "v1", kind: "Node", name: node, uid }],
  },
  spec: { holderIdentity: node },
});
