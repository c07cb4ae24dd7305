/**
 * The cluster's network settings as this node knows them: the `NetworkConfig` called default, what was last known of
 * it while the API server is away, and the defaults when the object, or its kind, does not exist.
 */
import { API_VERSION, formatFieldError, NETWORK_CONFIG_NAME, parseNetworkConfig } from "@seam/api";
import { bytes, err, millis, ok, parseCidr, type Result } from "@seam/base";
import type { ApiCounts, Log } from "@seam/daemon";
import { DEFAULT_NETWORK, type NetworkFacts } from "@seam/intent";
import {
  isNotFound,
  type KubeClient,
  type KubeError,
  type KubeObject,
  startReflector,
} from "@seam/kube";

import type { Reports } from "./reports.ts";
import type { Store } from "./store.ts";

/** The settings, kept up to date until disposed of. */
export type NetworkSource = AsyncDisposable & {
  readonly current: () => NetworkFacts;
  /** Resolves when the API server answered, or could not. */
  readonly settled: Promise<void>;
};

/** Where settings come from, and what is told of them. */
export type NetworkOptions = {
  readonly client: KubeClient;
  readonly log: Log;
  readonly store: Pick<Store, "setting" | "set">;
  readonly reports: Pick<Reports, "node">;
  readonly counts: Pick<ApiCounts, "watchBroke">;
  readonly onChange: () => void;
};

const REMEMBERED = "networkConfig";
/** A kind that is installed later is noticed this soon. */
const LONGEST_WAIT = millis(5000);

/** Starts to watch. */
export function watchNetwork(options: NetworkOptions): NetworkSource {
  const { client, log, store, reports, counts, onChange } = options;
  const settled = Promise.withResolvers<void>();
  let facts = rememberedNetwork(store);
  const use = (spec: unknown): void => {
    const text = JSON.stringify(spec);
    if (store.setting(REMEMBERED) === text) return;
    const parsed = networkFactsOf(spec);
    if (!parsed.ok) {
      log.warn({ error: parsed.error }, "NetworkConfig is not valid; the last valid one stays");
      reports.node(invalidConfig(parsed.error));
      return;
    }
    if (facts.overlay !== parsed.value.overlay) reports.node(overlayChanged(facts, parsed.value));
    facts = parsed.value;
    store.set(REMEMBERED, text);
    onChange();
  };
  const reflector = startReflector<unknown>({
    client,
    ref: { apiVersion: API_VERSION, kind: "NetworkConfig" },
    project: specOf,
    onChange: ({ kind, key, value }) => {
      if (key === NETWORK_CONFIG_NAME) use(kind === "set" ? value : {});
    },
    onError: (error) => {
      if (isUnknownKind(error)) use({});
      else {
        counts.watchBroke("NetworkConfig");
        log.warn({ error }, "watching NetworkConfig failed; trying again");
      }
      settled.resolve();
    },
    longestWait: LONGEST_WAIT,
  });
  void reflector.synced.then(() => {
    if (reflector.get(NETWORK_CONFIG_NAME) === undefined) use({});
    return settled.resolve();
  });
  return {
    current: () => facts,
    settled: settled.promise,
    [Symbol.asyncDispose]: async () => reflector[Symbol.asyncDispose](),
  };
}

const invalidConfig = (errors: string): Parameters<Reports["node"]>[0] => ({
  severity: "Warning",
  reason: "NetworkConfigInvalid",
  message: `the NetworkConfig called default is not valid, so this node keeps the last valid one: ${errors}; correct it with seam apply or kubectl edit networkconfig default`,
});

const overlayChanged = (from: NetworkFacts, to: NetworkFacts): Parameters<Reports["node"]>[0] => ({
  severity: "Normal",
  reason: "OverlayChanged",
  message: `this node's overlay is now ${to.overlay}; it was ${from.overlay}`,
});

/** The settings that a `NetworkConfig` with this `spec` means. */
export function networkFactsOf(spec: unknown): Result<NetworkFacts, string> {
  const metadata = { name: NETWORK_CONFIG_NAME };
  const parsed = parseNetworkConfig({
    apiVersion: API_VERSION,
    kind: "NetworkConfig",
    metadata,
    spec,
  });
  if (!parsed.ok) return err(parsed.error.map(formatFieldError).join("; "));
  const { overlay, encapsulate, mtu, masqueradeExceptions, fastPath } = parsed.value.spec;
  return ok({
    overlay: overlay ?? DEFAULT_NETWORK.overlay,
    encapsulate: encapsulate ?? DEFAULT_NETWORK.encapsulate,
    mtu: mtu === undefined ? null : bytes(mtu),
    masqueradeExceptions: (masqueradeExceptions ?? []).flatMap((text) => {
      const prefix = parseCidr(text);
      return prefix.ok ? [prefix.value] : [];
    }),
    fastPath: fastPath !== "disabled",
  });
}

/** The definition is not installed, or was removed with its objects. */
const isUnknownKind = (error: KubeError): boolean =>
  error.reason === "UnknownKind" || isNotFound(error);

const specOf = ({ spec }: KubeObject): unknown => spec;

function rememberedNetwork(store: Pick<Store, "setting">): NetworkFacts {
  const text = store.setting(REMEMBERED);
  const facts = networkFactsOf(text === "" ? {} : JSON.parse(text));
  return facts.ok ? facts.value : DEFAULT_NETWORK;
}
