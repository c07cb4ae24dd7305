/** What statuses of projects say of bandwidth (U1): what their pods have reserved, and whether the API server asks admission about pods. */
import { BANDWIDTH_ADMISSION } from "@seam/api";
import { NO_RATES, type Rates, reservedRates } from "@seam/bandwidth";
import { mbps } from "@seam/base";
import { admissionState, type AdmissionState, type ObservedBandwidthPod } from "@seam/compose";
import { type Change, type Reflector, startReflector } from "@seam/kube";
import type { WatchOptions } from "./watches.ts";

/** The sums of all namespaces. */
export type NamespaceRates = {
  /** Takes in a pod; the namespace whose sum is another now, or null. */
  readonly accept: (change: Pick<Change<ObservedBandwidthPod>, "kind" | "value">) => string | null;
  /** What the pods of a namespace reserve by their annotations, as admission counts it; whole Mbit/s. */
  readonly of: (namespace: string) => Rates;
};

/** No pods. */
export function createNamespaceRates(): NamespaceRates {
  const pods = new Map<string, Rates>();
  const sums = new Map<string, Rates>();
  return {
    accept: ({ kind, value }) => {
      const { uid, namespace } = value;
      const before = pods.get(uid) ?? NO_RATES;
      const after = kind === "deleted" ? NO_RATES : ratesOf(value);
      if (isSame(after, NO_RATES)) pods.delete(uid);
      else pods.set(uid, after);
      if (isSame(before, after)) return null;
      const sum = sums.get(namespace) ?? NO_RATES;
      const next = {
        ulMbps: mbps(sum.ulMbps + after.ulMbps - before.ulMbps),
        dlMbps: mbps(sum.dlMbps + after.dlMbps - before.dlMbps),
      };
      if (isSame(next, NO_RATES)) sums.delete(namespace);
      else sums.set(namespace, next);
      return namespace;
    },
    of: (namespace) => sums.get(namespace) ?? NO_RATES,
  };
}

const ratesOf = ({ isTerminal, isOnNodeNetwork, rates }: ObservedBandwidthPod): Rates =>
  isTerminal || isOnNodeNetwork ? NO_RATES : reservedRates(rates);

const isSame = (one: Rates, other: Rates): boolean =>
  one.ulMbps === other.ulMbps && one.dlMbps === other.dlMbps;

/** Follows the configuration by which admission is asked. */
export function watchAdmission(
  { client, onError }: Pick<WatchOptions, "client" | "onError">,
  onState: () => void,
): { readonly copy: Reflector<AdmissionState>; readonly state: () => AdmissionState } {
  const kind = "ValidatingWebhookConfiguration";
  let told: AdmissionState | null = null;
  const copy = startReflector<AdmissionState>({
    client,
    ref: { apiVersion: "admissionregistration.k8s.io/v1", kind },
    selector: { fieldSelector: `metadata.name=${BANDWIDTH_ADMISSION}` },
    project: admissionState,
    onChange: ({ kind: change, value }) => {
      const state = change === "set" ? value : "off";
      if (state !== told) onState();
      told = state;
    },
    onError: (error) => onError(kind, error),
  });
  return { copy, state: () => copy.get(BANDWIDTH_ADMISSION) ?? "off" };
}
