/** What this node guarantees to pods, from its `Bandwidth` to the report of what is in force (U3, decision 24). */
import type { ApiCounts, Log } from "@seam/daemon";
import type { ClusterFacts } from "@seam/intent";
import { listTraffic, OWN_NETNS, withRouteSocket } from "@seam/kernel";
import type { KubeClient } from "@seam/kube";
import { bytes } from "@seam/base";

import type { GuaranteeOptions, Guarantees } from "./guarantees.ts";
import { createGuarantor, type Guarantor } from "./guarantor.ts";
import { watchNodeBandwidth } from "./node-bandwidth.ts";
import { podRateStates, type RatedRound } from "./pod-rate-states.ts";
import { createRateReport, type NodeRateReport, type UplinkTraffic } from "./rate-report.ts";
import type { Store } from "./store.ts";

/** The guarantees of one node, until disposed of; the kernel keeps them. */
export type GuaranteeKeeper = AsyncDisposable &
  Pick<Guarantor, "guaranteeOf"> &
  Pick<NodeRateReport, "setOwner"> & {
    readonly decide: (cluster: ClusterFacts) => Guarantees;
    /** Tells what a round has put in force. */
    readonly onRates: (round: RatedRound) => void;
  };

type KeeperOptions = {
  readonly client: KubeClient;
  readonly log: Log;
  readonly counts: Pick<ApiCounts, "watchBroke">;
  readonly nodeName: string;
  /** Where reports stand. */
  readonly namespace: string;
  readonly guarantees: GuaranteeOptions;
  readonly store: Pick<Store, "attachments">;
  /** Something else is reserved, or there is another capacity. */
  readonly onChange: () => void;
};

/** Starts to watch. */
export function keepGuarantees(options: KeeperOptions): GuaranteeKeeper {
  const { client, log, namespace, nodeName, store } = options;
  const bandwidth = watchNodeBandwidth(options);
  const guarantor = createGuarantor({ ...options.guarantees, nodeName, store, bandwidth });
  const report = createRateReport({ client, log, namespace, node: nodeName });
  return {
    ...guarantor,
    setOwner: report.setOwner,
    onRates: (round) => report.tell(podRateStates(round), trafficOf(guarantor.uplinks())),
    [Symbol.asyncDispose]: async () => {
      report[Symbol.dispose]();
      await bandwidth[Symbol.asyncDispose]();
    },
  };
}

/** Through all of the links; null without any, or when the kernel does not tell. */
function trafficOf(devices: readonly string[]): UplinkTraffic | null {
  const listed = withRouteSocket(OWN_NETNS, listTraffic);
  const found = listed.ok ? devices.flatMap((device) => listed.value.get(device) ?? []) : [];
  if (found.length === 0) return null;
  return {
    sent: bytes(found.reduce((sum, each) => sum + each.sent.bytes, 0)),
    received: bytes(found.reduce((sum, each) => sum + each.received.bytes, 0)),
  };
}
