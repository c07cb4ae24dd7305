/**
 * The rates that annotations of this node's pods ask for (V7, V8), watched: what a change of an annotation means is in
 * force with the next round.
 */
import {
  type CeilingKeys,
  familiesWith,
  type RateKeys,
  type RateOptions,
  type RateReading,
  readRates,
} from "@seam/bandwidth";
import type { ApiCounts, Log } from "@seam/daemon";
import type { Endpoint } from "@seam/intent";
import { child, type KubeClient, type KubeObject, startReflector } from "@seam/kube";
import type { PodRates } from "@seam/state";

import type { Attachment } from "./store.ts";

/** A pod's interface with what the pod asks for. */
export type RatedAttachment = Attachment & Pick<Endpoint, "shaping" | "guarantee">;

/** What pods of one node ask for. */
export type WatchedRates = AsyncDisposable & {
  /** Resolves when all pods of the node were listed once; before, nothing is known of any. */
  readonly synced: Promise<void>;
  /** The interfaces with the rates of their pods. */
  readonly rated: (attachments: readonly Attachment[]) => readonly RatedAttachment[];
};

/** Where pods come from, and who is told that a rate changed. */
type RateOptionsOfNode = {
  readonly client: KubeClient;
  readonly log: Log;
  readonly counts: Pick<ApiCounts, "watchBroke">;
  readonly nodeName: string;
  /** Annotations that are read first. */
  readonly rateKeys: Pick<RateKeys, "egress" | "ingress">;
  readonly rateUnits: RateReading;
  /** Annotations with how far pods may go beyond their rates. */
  readonly ceilings: CeilingKeys;
  readonly onChange: () => void;
};

/** Starts to watch. */
export function watchPodRates(options: RateOptionsOfNode): WatchedRates {
  const { client, log, counts, nodeName, onChange } = options;
  const { ceilings, rateUnits: units } = options;
  const reading = { families: familiesWith(options.rateKeys), ceilings, units };
  const rates = new Map<string, PodRates>();
  const reflector = startReflector<PodRates>({
    client,
    ref: { apiVersion: "v1", kind: "Pod" },
    selector: { fieldSelector: `spec.nodeName=${nodeName}` },
    project: (pod) => ratesOf(pod, reading),
    onChange: (change) => {
      const before = rates.get(change.key);
      if (change.kind === "set") rates.set(change.key, change.value);
      else rates.delete(change.key);
      const after = rates.get(change.key);
      if (before?.ul !== after?.ul || before?.dl !== after?.dl) onChange();
    },
    onError: (error) => {
      counts.watchBroke("Pod");
      log.warn({ error }, "watching the pods of this node failed; trying again");
    },
  });
  return {
    synced: reflector.synced,
    rated: (attachments) =>
      attachments.map((each) => {
        const asked = rates.get(each.pod) ?? NO_RATES;
        return { ...each, shaping: { podNetns: each.netns, podDevice: each.ifName, ...asked } };
      }),
    [Symbol.asyncDispose]: async () => reflector[Symbol.asyncDispose](),
  };
}

const NO_RATES: PodRates = { ul: null, dl: null };

function ratesOf({ metadata }: KubeObject, reading: RateOptions): PodRates {
  const annotations = child(metadata, "annotations");
  const { ul, dl } = readRates(textsOf(annotations), reading).most;
  return { ul, dl };
}

const textsOf = (annotations: unknown): { readonly [key: string]: string } =>
  Object.fromEntries(
    Object.entries(annotations ?? {}).flatMap(([key, value]) =>
      typeof value === "string" ? [[key, value]] : [],
    ),
  );
