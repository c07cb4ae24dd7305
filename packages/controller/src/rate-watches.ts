/** What agents tell of the rates of pods beside what the pods say, so that a report makes work only for the pods of which it says something new (U3). */
import { type PodRateState, RATE_REPORT_LABEL, type RateReport, REPORT_KIND } from "@seam/api";
import {
  type ObservedBandwidthPod,
  type ObservedRateReport,
  observeRateReport,
  rateStatusOf,
} from "@seam/compose";
import { type Change, type KubeObject, type Reflector, startReflector } from "@seam/kube";
import type { WatchOptions } from "./watches.ts";

/** The reports, and the pods that they are about. */
export type RateWatches = {
  readonly acceptPod: (change: Pick<Change<ObservedBandwidthPod>, "kind" | "value">) => void;
  /** What to apply to the status of the pod NAMESPACE/NAME at a time in milliseconds since 1970; null for nothing. */
  readonly statusOf: (key: string, now: number) => KubeObject | null;
  /** What went through a node's links to others; null when its agent tells nothing. */
  readonly measured: (node: string) => RateReport["measured"];
  readonly copy: Reflector<unknown>;
};

/** Starts to watch. */
export function watchRates(
  options: Pick<WatchOptions, "client" | "namespace" | "onWork" | "onError">,
): RateWatches {
  const reports = new Map<string, ObservedRateReport>();
  const pods = new Map<string, ObservedBandwidthPod>();
  const keys = new Map<string, string>();
  const work = (uid: string): void => {
    const key = keys.get(uid);
    if (key !== undefined) options.onWork(`PodRates/${key}`);
  };
  const statusOf: RateWatches["statusOf"] = (key, now) => {
    const pod = pods.get(key);
    if (pod === undefined || pod.isTerminal) return null;
    // A node's agent speaks for pods of its own alone.
    const state = reports.get(pod.node ?? "")?.pods.get(pod.uid) ?? null;
    return rateStatusOf(pod, state, now);
  };
  const copy = startReflector<ObservedRateReport>({
    client: options.client,
    ref: { ...REPORT_KIND, namespace: options.namespace },
    selector: { labelSelector: RATE_REPORT_LABEL },
    project: observeRateReport,
    onChange: ({ kind, value }) => {
      const before = reports.get(value.node);
      const after = kind === "set" ? value : undefined;
      if (after === undefined) reports.delete(value.node);
      else reports.set(value.node, after);
      changedPods(before?.pods, after?.pods).forEach(work);
      if (textOf(before?.measured) !== textOf(after?.measured))
        options.onWork(`Bandwidth/${value.node}`);
    },
    onError: (error) => options.onError(REPORT_KIND.kind, error),
  });
  return {
    statusOf,
    measured: (node) => reports.get(node)?.measured ?? null,
    copy,
    acceptPod: ({ kind, value }) => {
      const key = `${value.namespace}/${value.name}`;
      if (kind === "deleted") {
        pods.delete(key);
        keys.delete(value.uid);
        return;
      }
      pods.set(key, value);
      keys.set(value.uid, key);
      if (statusOf(key, 0) !== null) work(value.uid);
    },
  };
}

type States = ReadonlyMap<string, PodRateState>;

/** The uids of pods of which two reports say something else. */
function changedPods(before: States = new Map(), after: States = new Map()): readonly string[] {
  const uids = new Set([...before.keys(), ...after.keys()]);
  return [...uids].filter((uid) => textOf(before.get(uid)) !== textOf(after.get(uid)));
}

const textOf = (value: unknown): string => JSON.stringify(value) ?? "";
