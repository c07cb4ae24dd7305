/** The part of a `Bandwidth` object that scheduling reads and writes: capacity, and `spec.requests`. */
import type { Rates, Shares } from "@seam/bandwidth";
import { mbps } from "@seam/base";
import { child, children, type Json, type KubeObject, textAt } from "@seam/kube";

/** An entry of `spec.requests`. */
export type BandwidthRequest = {
  readonly podName: string;
  readonly namespace: string;
  readonly podUid: string;
  readonly rates: Rates;
};

/** A node's `Bandwidth`. */
export type NodeBandwidth = {
  readonly node: string;
  /** Null while the operator has not filled it in, or has found it wrong. */
  readonly capacity: Shares | null;
  readonly requests: readonly BandwidthRequest[];
};

/** States in which the numbers are not to be relied on. */
const UNUSABLE: ReadonlySet<string | null> = new Set(["Error", "Deleting", "Deleted", "None"]);

/** Reads an object. */
export function readBandwidth(object: KubeObject): NodeBandwidth {
  const spec = child(object, "spec");
  const status = child(object, "status");
  return {
    node: textAt(spec, "node") ?? object.metadata.name,
    capacity: UNUSABLE.has(textAt(status, "status")) ? null : capacityIn(spec, status),
    requests: children(spec, "requests").map(readRequest),
  };
}

/** The object with some requests added. */
export function withRequests(object: KubeObject, added: readonly BandwidthRequest[]): KubeObject {
  const spec = child(object, "spec");
  const requests = [...children(spec, "requests"), ...added.map(requestObject)];
  return { ...object, spec: { ...spec, requests } };
}

function capacityIn(spec: Json, status: Json): Shares | null {
  const said = child(spec, "capacity");
  const filledIn = child(status, "capacity");
  const of = (resource: "local" | "network"): Rates | null =>
    ratesIn(child(said, resource)) ?? ratesIn(child(filledIn, resource));
  const [local, network] = [of("local"), of("network")];
  return local === null || network === null ? null : { local, network };
}

function ratesIn({ ulMbps, dlMbps }: Json): Rates | null {
  if (typeof ulMbps !== "number" || typeof dlMbps !== "number") return null;
  return { ulMbps: mbps(ulMbps), dlMbps: mbps(dlMbps) };
}

const readRequest = (request: Json): BandwidthRequest => ({
  podName: textAt(request, "podName") ?? "",
  namespace: textAt(request, "namespace") ?? "",
  podUid: textAt(request, "podUid") ?? "",
  rates: ratesIn(child(request, "bandwidth")) ?? { ulMbps: mbps(0), dlMbps: mbps(0) },
});

const requestObject = ({ podName, namespace, podUid, rates }: BandwidthRequest): Json => ({
  podName,
  namespace,
  podUid,
  linkLocal: false,
  bandwidth: { ulMbps: rates.ulMbps, dlMbps: rates.dlMbps },
});
