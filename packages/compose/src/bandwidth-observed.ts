/** What accounting bandwidth reads of nodes, of `Bandwidth` objects and of pods. Pure. */
import {
  type Controller,
  type Finding as RateFinding,
  GROUP_ANNOTATION,
  type Place,
  type PodRates,
  type RateOptions,
  type Rates,
  readRates,
  type Shares,
} from "@seam/bandwidth";
import { CAPACITY_SOURCE_ANNOTATION } from "@seam/api";
import { err, mbps, ok, type Result } from "@seam/base";
import { child, children, isJson, type Json, type KubeObject, textAt } from "@seam/kube";
import type { Condition } from "./condition.ts";
import { identityOf, type Identity } from "./identity.ts";
import { CAPACITY_ANNOTATIONS, FIELD_MANAGER, FILLED_CAPACITY_ANNOTATION } from "./names.ts";
import { labelOf } from "./observed.ts";
import { rateConditionsIn } from "./rate-conditions.ts";

/** Capacities of which some are not said. */
export type PartialShares = { readonly [R in keyof Shares]: Rates | null };

/** A node, as far as its bandwidth goes. */
export type ObservedNode = {
  readonly name: string;
  readonly uid: string;
  readonly place: Place;
  /** What its annotations set. */
  readonly configured: PartialShares;
  /** Which of them cannot be read, and what to write instead. */
  readonly faults: readonly string[];
};

/** What a scheduler gave to a pod: an entry of `spec.requests`. */
export type BandwidthRequest = {
  readonly podName: string;
  readonly namespace: string;
  readonly podUid: string;
  readonly linkLocal: boolean;
  readonly bandwidth: Rates;
};

/** A `Bandwidth`. */
export type ObservedBandwidth = {
  readonly identity: Identity;
  readonly finalizers: readonly string[];
  readonly owners: readonly Json[];
  /** Null when it is not said. */
  readonly node: string | null;
  readonly capacity: PartialShares;
  /** The parts of `capacity` that the controller filled in, as it did. */
  readonly filled: PartialShares;
  /** What it says of where the capacity of the network comes from; null when nothing. */
  readonly source: string | null;
  readonly requests: readonly BandwidthRequest[];
  /** Whether it has fields of the older form. */
  readonly hasReservations: boolean;
  /** Whether the API server keeps a record of who set which field (`managedFields`) that nobody needs. */
  readonly isTracked: boolean;
  readonly status: Json;
};

/** A pod, as far as its bandwidth goes. */
export type ObservedBandwidthPod = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
  readonly node: string | null;
  readonly isTerminal: boolean;
  /** Whether it shares its node's network, where no rate of its own can hold. */
  readonly isOnNodeNetwork: boolean;
  readonly scheduler: string;
  readonly controller: Controller | null;
  readonly annotations: { readonly [GROUP_ANNOTATION]?: string };
  readonly rates: Pick<PodRates, "ul" | "dl">;
  readonly findings: readonly RateFinding[];
  /** What it says of its rates. */
  readonly conditions: readonly Condition[];
};

/** A ReplicaSet, which stands between a Deployment and its pods. */
export type ObservedReplicaSet = {
  readonly uid: string;
  readonly controller: Controller | null;
};

const ZONE = "topology.kubernetes.io/zone";
const REGION = "topology.kubernetes.io/region";

/** Reads a Node. */
export function observeNode(object: KubeObject): ObservedNode {
  const { name } = object.metadata;
  const annotations = child(object.metadata, "annotations");
  const read = (resource: keyof Shares): Result<Rates | null, string> => {
    const key = CAPACITY_ANNOTATIONS[resource];
    const text = annotations[key];
    if (typeof text !== "string") return ok(null);
    const rates = parseCapacity(text);
    return rates === null ? err(wrongCapacity(name, key, text)) : ok(rates);
  };
  const [local, network] = [read("local"), read("network")];
  return {
    name,
    uid: textAt(object.metadata, "uid") ?? "",
    place: { zone: labelOf(object, ZONE), region: labelOf(object, REGION) },
    configured: {
      local: local.ok ? local.value : null,
      network: network.ok ? network.value : null,
    },
    faults: [local, network].flatMap((each) => (each.ok ? [] : [each.error])),
  };
}

const MBPS_OF_SUFFIX = { M: 1, G: 1000, T: 1_000_000 } as const;

/** `10G` for both directions, `10G/2500M` for uplink and downlink; null for anything else, and for nothing. */
function parseCapacity(text: string): Rates | null {
  const found = /^(?<ul>[1-9][0-9]{0,5}[MGT])(?:\/(?<dl>[1-9][0-9]{0,5}[MGT]))?$/.exec(text);
  const { ul, dl = ul } = found?.groups ?? {};
  if (ul === undefined || dl === undefined) return null;
  return { ulMbps: mbps(megabits(ul)), dlMbps: mbps(megabits(dl)) };
}

function megabits(text: string): number {
  const suffix = text.at(-1);
  const factor = suffix === "G" || suffix === "T" ? MBPS_OF_SUFFIX[suffix] : MBPS_OF_SUFFIX.M;
  return Number(text.slice(0, -1)) * factor;
}

const wrongCapacity = (node: string, key: string, text: string): string =>
  `annotation ${key} of node ${node}: expected a rate above 0 with M, G or T for bit/s, or one for each of uplink and downlink, for example 10G or 10G/2500M; found ${JSON.stringify(text)}`;

/** Reads a Bandwidth. */
export function observeBandwidth(object: KubeObject): ObservedBandwidth {
  const { metadata } = object;
  const spec = child(object, "spec");
  const { finalizers } = metadata;
  return {
    identity: identityOf(object),
    finalizers: Array.isArray(finalizers) ? finalizers.map(String) : [],
    owners: children(metadata, "ownerReferences"),
    node: textAt(spec, "node"),
    capacity: sharesIn(child(spec, "capacity")),
    filled: sharesIn(jsonIn(textAt(child(metadata, "annotations"), FILLED_CAPACITY_ANNOTATION))),
    source: textAt(child(metadata, "annotations"), CAPACITY_SOURCE_ANNOTATION),
    requests: children(spec, "requests").map(requestOf),
    hasReservations: "reservations" in spec,
    isTracked: isTrackedInVain(children(metadata, "managedFields")),
    status: child(object, "status"),
  };
}

/** Who has applied it, other than this controller, needs the record to give a field back by leaving it out. */
const isTrackedInVain = (managers: readonly Json[]): boolean =>
  managers.length > 0 &&
  !managers.some(({ operation, manager }) => operation === "Apply" && manager !== FIELD_MANAGER);

const sharesIn = (json: Json): PartialShares => ({
  local: ratesIn(json, "local"),
  network: ratesIn(json, "network"),
});

function ratesIn(json: Json, key: string): Rates | null {
  const { ulMbps, dlMbps } = child(json, key);
  return typeof ulMbps === "number" && typeof dlMbps === "number"
    ? { ulMbps: mbps(ulMbps), dlMbps: mbps(dlMbps) }
    : null;
}

function jsonIn(text: string | null): Json {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return isJson(value) ? value : {};
  } catch {
    return {};
  }
}

const requestOf = (request: Json): BandwidthRequest => ({
  podName: textAt(request, "podName") ?? "",
  namespace: textAt(request, "namespace") ?? "",
  podUid: textAt(request, "podUid") ?? "",
  linkLocal: request["linkLocal"] === true,
  bandwidth: ratesIn(request, "bandwidth") ?? { ulMbps: mbps(0), dlMbps: mbps(0) },
});

/** Reads a pod; `options` say which annotations are rates. */
export function observeBandwidthPod(
  object: KubeObject,
  options: RateOptions,
): ObservedBandwidthPod {
  const { metadata } = object;
  const spec = child(object, "spec");
  const status = child(object, "status");
  const annotations = textsIn(child(metadata, "annotations"));
  const { ul, dl, findings } = readRates(annotations, options);
  const group = annotations[GROUP_ANNOTATION];
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: textAt(metadata, "uid") ?? "",
    ip: textAt(status, "podIP") ?? "",
    node: textAt(spec, "nodeName"),
    isTerminal: status["phase"] === "Succeeded" || status["phase"] === "Failed",
    isOnNodeNetwork: spec["hostNetwork"] === true,
    scheduler: textAt(spec, "schedulerName") ?? "",
    controller: controllerIn(object),
    annotations: group === undefined ? {} : { [GROUP_ANNOTATION]: group },
    rates: { ul, dl },
    findings,
    conditions: rateConditionsIn(status),
  };
}

/** Reads a ReplicaSet. */
export const observeReplicaSet = (object: KubeObject): ObservedReplicaSet => ({
  uid: textAt(object.metadata, "uid") ?? "",
  controller: controllerIn(object),
});

const textsIn = (json: Json): { readonly [key: string]: string | undefined } =>
  Object.fromEntries(
    Object.entries(json).flatMap(([key, value]) =>
      typeof value === "string" ? [[key, value]] : [],
    ),
  );

function controllerIn({ metadata }: KubeObject): Controller | null {
  const owner = children(metadata, "ownerReferences").find((each) => each["controller"] === true);
  if (owner === undefined) return null;
  const [kind, name, uid] = ["kind", "name", "uid"].map((key) => textAt(owner, key) ?? "");
  return { kind: kind ?? "", name: name ?? "", uid: uid ?? "" };
}
