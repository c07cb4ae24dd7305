/** What policies are made of: the cluster's pods, namespaces, nodes and policies, watched and reduced to what decides. */
import { policyKindOf, type VersionsByKind } from "@seam/api";
import { type Address, parseAddress } from "@seam/base";
import type { ApiCounts, Log } from "@seam/daemon";
import {
  CALICO_GROUP,
  CALICO_KINDS,
  CLUSTER_POLICIES,
  type PolicyIntent,
  type PolicyPod,
} from "@seam/intent";
import {
  type Change,
  child,
  children,
  followServedKind,
  type KindRef,
  type KubeClient,
  type KubeError,
  type KubeObject,
  type Reflector,
  type ServedKind,
  type ServedKindOptions,
  startReflector,
  textAt,
} from "@seam/kube";

import { createHandledVersions, type HandledVersions } from "./handled-versions.ts";

/** Where objects come from, and who is told. */
export type PolicyObjectsOptions = {
  readonly client: KubeClient;
  readonly log: Log;
  readonly counts: Pick<ApiCounts, "watchBroke">;
  readonly intent: Pick<
    PolicyIntent,
    | "setPod"
    | "setNamespace"
    | "setNode"
    | "setServiceAccount"
    | "setPolicy"
    | "setClusterPolicy"
    | "setCalico"
  >;
  readonly onChange: () => void;
  /** A policy has fields that are not understood; what cannot be read allows nothing. */
  readonly onFaults: (policy: string, faults: readonly string[]) => void;
};

/** Watches until disposed of. */
export type PolicyObjects = AsyncDisposable & {
  /** Resolves when all of them were listed once. */
  readonly synced: Promise<void>;
  /** Up to which resourceVersion intent knows each kind of policy. */
  readonly versions: () => VersionsByKind;
};

/** Starts to watch. */
export function watchPolicyObjects(given: PolicyObjectsOptions): PolicyObjects {
  const { intent } = given;
  const handled = createHandledVersions();
  const options = { ...given, handled };
  const tellFaults: TellFaults = (key, faults) => {
    if (faults.length > 0) given.onFaults(key, faults);
  };
  const reflectors: readonly (ServedKind | Reflector<unknown>)[] = [
    follow(options, {
      ref: { apiVersion: "v1", kind: "Pod" },
      project: policyPodOf,
      set: (key, value) => intent.setPod(key, value),
    }),
    follow(options, {
      ref: { apiVersion: "v1", kind: "Namespace" },
      project: labelsOf,
      set: (key, value) => intent.setNamespace(key, value),
    }),
    follow(options, {
      ref: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
      isPolicy: true,
      project: ({ metadata, spec }): unknown => ({ metadata, spec }),
      set: (key, value) => tellFaults(key, intent.setPolicy(key, value)),
    }),
    follow(options, {
      ref: { apiVersion: "v1", kind: "Node" },
      project: policyNodeOf,
      set: (key, value) => intent.setNode(key, value),
    }),
    follow(options, {
      ref: { apiVersion: "v1", kind: "ServiceAccount" },
      project: labelsOf,
      set: (key, value) => intent.setServiceAccount(key, value),
    }),
    ...followServedKinds(options, tellFaults),
  ];
  return {
    synced: Promise.all(reflectors.map(async ({ synced }) => synced)).then(() => undefined),
    versions: handled.read,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(reflectors.map(async (each) => each[Symbol.asyncDispose]()));
    },
  };
}

type Options = PolicyObjectsOptions & { readonly handled: HandledVersions };

type TellFaults = (key: string, faults: readonly string[]) => void;

const CALICO = { group: CALICO_GROUP, versions: ["v3"] } as const;

/** ClusterNetworkPolicies, and Calico's policies, tiers and sets. */
const followServedKinds = (options: Options, tellFaults: TellFaults): readonly ServedKind[] => [
  followServed(options, CLUSTER_POLICIES, (key, value) =>
    tellFaults(key, options.intent.setClusterPolicy(key, value)),
  ),
  ...CALICO_KINDS.map(({ kind, plural }) =>
    followServed(options, { ...CALICO, kind, plural }, (key, value) =>
      tellFaults(`${kind}.${CALICO_GROUP}/${key}`, options.intent.setCalico(kind, key, value)),
    ),
  ),
];

/** Follows a kind that the cluster may have or not, and reports how far. */
function followServed(
  options: Options,
  ref: Pick<ServedKindOptions<unknown>, "group" | "kind" | "plural" | "versions">,
  set: (key: string, value: unknown) => void,
): ServedKind {
  const { client, handled, onChange } = options;
  const reported = policyKindOf({ apiVersion: `${ref.group}/`, kind: ref.kind });
  const served = followServedKind<unknown>({
    ...ref,
    client,
    project: ({ metadata, spec }) => ({ metadata, spec }),
    set: (key, value) => {
      set(key, value);
      handled.touch(reported);
      onChange();
    },
    onError: (what, error) => {
      handled.touch(reported);
      tellBroken(options, what, error);
    },
  });
  handled.follow(reported, served.version);
  return served;
}

type Followed<T> = {
  readonly ref: KindRef;
  /** Whether the cluster is told how far its objects are in force. */
  readonly isPolicy?: boolean;
  readonly project: (object: KubeObject) => T;
  /** Null: deleted. */
  readonly set: (key: string, value: T | null) => void;
};

function follow<T>(
  options: Options,
  { ref, isPolicy = false, project, set }: Followed<T>,
): Reflector<T> {
  const { client, handled, onChange } = options;
  const kind = policyKindOf(ref);
  const reflector = startReflector<T>({
    client,
    ref,
    project,
    onChange: ({ kind: what, key, value }: Change<T>) => {
      set(key, what === "set" ? value : null);
      handled.touch(kind);
      onChange();
    },
    onError: (error) => {
      handled.touch(kind);
      tellBroken(options, ref.kind, error);
    },
  });
  if (isPolicy) handled.follow(kind, reflector.version);
  return reflector;
}

function tellBroken({ counts, log }: PolicyObjectsOptions, kind: string, error: KubeError): void {
  counts.watchBroke(kind);
  log.warn({ error, kind }, "watching what policies are made of failed; trying again");
}

const labelsOf = ({ metadata }: KubeObject): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(child(metadata, "labels")).map(([key, value]) => [key, String(value)]),
  );

const policyNodeOf = (object: KubeObject): Parameters<PolicyIntent["setNode"]>[1] => ({
  labels: labelsOf(object),
  addresses: addressesOf(children(child(object, "status"), "addresses"), "address"),
});

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
    serviceAccount: textAt(spec, "serviceAccountName") ?? "default",
    addresses: ended ? [] : addressesOf(children(status, "podIPs"), "ip"),
    hostNetwork: spec["hostNetwork"] === true,
    ports: portsOf(spec),
  };
}

/** Addresses in a field of each; names of hosts, which nodes have among theirs, are left out. */
const addressesOf = (
  all: readonly Readonly<Record<string, unknown>>[],
  field: string,
): readonly Address[] =>
  all.flatMap((each) => {
    const parsed = parseAddress(textAt(each, field) ?? "");
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
