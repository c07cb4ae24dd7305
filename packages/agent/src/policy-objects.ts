/** What policies are made of: the cluster's pods, namespaces and NetworkPolicies, watched and reduced to what decides. */
import { type Address, parseAddress } from "@seam/base";
import type { ApiCounts, Log } from "@seam/daemon";
import type { PolicyIntent, PolicyPod } from "@seam/intent";
import {
  type Change,
  child,
  children,
  type KindRef,
  type KubeClient,
  type KubeObject,
  type Reflector,
  startReflector,
  textAt,
} from "@seam/kube";

/** Where objects come from, and who is told. */
export type PolicyObjectsOptions = {
  readonly client: KubeClient;
  readonly log: Log;
  readonly counts: Pick<ApiCounts, "watchBroke">;
  readonly intent: Pick<PolicyIntent, "setPod" | "setNamespace" | "setPolicy">;
  readonly onChange: () => void;
  /** A policy has fields that are not understood; what cannot be read allows nothing. */
  readonly onFaults: (policy: string, faults: readonly string[]) => void;
};

/** Watches until disposed of. */
export type PolicyObjects = AsyncDisposable & {
  /** Resolves when all of them were listed once. */
  readonly synced: Promise<void>;
  /** Which pod has an address, as namespace/name; null for nodes' own, and for what is no pod's. */
  readonly podAt: (address: Address) => string | null;
};

/** Starts to watch. */
export function watchPolicyObjects(options: PolicyObjectsOptions): PolicyObjects {
  const { intent, onFaults } = options;
  const pods = follow(options, {
    ref: { apiVersion: "v1", kind: "Pod" },
    project: policyPodOf,
    set: (key, value) => intent.setPod(key, value),
  });
  const reflectors: readonly Reflector<unknown>[] = [
    pods,
    follow(options, {
      ref: { apiVersion: "v1", kind: "Namespace" },
      project: labelsOf,
      set: (key, value) => intent.setNamespace(key, value),
    }),
    follow(options, {
      ref: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
      project: ({ metadata, spec }): unknown => ({ metadata, spec }),
      set: (key, value) => {
        const faults = intent.setPolicy(key, value);
        if (faults.length > 0) onFaults(key, faults);
      },
    }),
  ];
  return {
    synced: Promise.all(reflectors.map(async ({ synced }) => synced)).then(() => undefined),
    podAt: (address) => {
      const bytes = address.bytes.join();
      const found = pods
        .entries()
        .find(
          ([, pod]) =>
            !pod.hostNetwork && pod.addresses.some((each) => each.bytes.join() === bytes),
        );
      return found?.[0] ?? null;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(reflectors.map(async (each) => each[Symbol.asyncDispose]()));
    },
  };
}

type Followed<T> = {
  readonly ref: KindRef;
  readonly project: (object: KubeObject) => T;
  /** Null: deleted. */
  readonly set: (key: string, value: T | null) => void;
};

const follow = <T>(
  { client, log, counts, onChange }: PolicyObjectsOptions,
  { ref, project, set }: Followed<T>,
): Reflector<T> =>
  startReflector<T>({
    client,
    ref,
    project,
    onChange: ({ kind, key, value }: Change<T>) => {
      set(key, kind === "set" ? value : null);
      onChange();
    },
    onError: (error) => {
      counts.watchBroke(ref.kind);
      log.warn(
        { error, kind: ref.kind },
        "watching what policies are made of failed; trying again",
      );
    },
  });

const labelsOf = ({ metadata }: KubeObject): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(child(metadata, "labels")).map(([key, value]) => [key, String(value)]),
  );

/** A pod as policies see it; one that ended has no address any more. */
export function policyPodOf(object: KubeObject): PolicyPod {
  const { metadata } = object;
  const [spec, status] = [child(object, "spec"), child(object, "status")];
  const ended = ["Succeeded", "Failed"].includes(textAt(status, "phase") ?? "");
  return {
    namespace: metadata.namespace ?? "",
    // Kubelet knows a static pod by another uid than the API server.
    uid:
      textAt(child(metadata, "annotations"), "kubernetes.io/config.mirror") ??
      textAt(metadata, "uid") ??
      "",
    labels: labelsOf(object),
    addresses: ended ? [] : addressesOf(children(status, "podIPs")),
    hostNetwork: spec["hostNetwork"] === true,
    ports: portsOf(spec),
  };
}

const addressesOf = (podIps: readonly Readonly<Record<string, unknown>>[]): readonly Address[] =>
  podIps.flatMap((each) => {
    const parsed = parseAddress(textAt(each, "ip") ?? "");
    return parsed.ok ? [parsed.value] : [];
  });

/** Named ports of all containers that run beside each other. */
function portsOf(spec: Readonly<Record<string, unknown>>): PolicyPod["ports"] {
  const sidecars = children(spec, "initContainers").filter(
    (each) => each["restartPolicy"] === "Always",
  );
  return [...children(spec, "containers"), ...sidecars].flatMap((container) =>
    children(container, "ports").flatMap((each) => {
      const name = textAt(each, "name");
      const port = each["containerPort"];
      const protocol = PROTOCOLS.find((one) => one === (textAt(each, "protocol") ?? "TCP"));
      return name === null || typeof port !== "number" || protocol === undefined
        ? []
        : [{ name, port, protocol }];
    }),
  );
}

const PROTOCOLS = ["TCP", "UDP", "SCTP"] as const;
