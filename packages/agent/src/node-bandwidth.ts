/**
 * What this node's `Bandwidth` says (decision 25): what the way to other nodes carries, who says so, and what is reserved of it for which
 * pod. An object that goes is made anew by the controller; what it said counts until then.
 */
import { BANDWIDTH_KIND, CAPACITY_SOURCE_ANNOTATION, type CapacitySource } from "@seam/api";
import { type BitsPerSecond, bitsPerSecond } from "@seam/base";
import type { ApiCounts, Log } from "@seam/daemon";
import {
  child,
  children,
  type Json,
  type KubeClient,
  type KubeObject,
  startReflector,
  textAt,
} from "@seam/kube";

/** The bandwidth of a node, as far as guarantees go. */
export type NodeBandwidth = {
  readonly capacity: BitsPerSecond;
  readonly source: CapacitySource;
  /** By the pods' uids: what each can always send to other nodes. */
  readonly reserved: ReadonlyMap<string, BitsPerSecond>;
};

/** The object, kept up to date until disposed of. */
export type BandwidthSource = AsyncDisposable & {
  /** Null before anything was seen. */
  readonly current: () => NodeBandwidth | null;
};

type BandwidthOptions = {
  readonly client: KubeClient;
  readonly log: Log;
  readonly counts: Pick<ApiCounts, "watchBroke">;
  readonly nodeName: string;
  readonly onChange: () => void;
};

/** Starts to watch. */
export function watchNodeBandwidth(options: BandwidthOptions): BandwidthSource {
  const { client, log, counts, nodeName, onChange } = options;
  let known: NodeBandwidth | null = null;
  let text = "";
  const reflector = startReflector<NodeBandwidth | null>({
    client,
    ref: BANDWIDTH_KIND,
    selector: { fieldSelector: `metadata.name=${nodeName}` },
    project: nodeBandwidthOf,
    onChange: ({ kind, value }) => {
      if (kind === "deleted" || value === null) return;
      known = value;
      const next = JSON.stringify([value.capacity, value.source, [...value.reserved]]);
      if (next === text) return;
      text = next;
      onChange();
    },
    onError: (error) => {
      counts.watchBroke(BANDWIDTH_KIND.kind);
      log.warn({ error }, "watching the Bandwidth of this node failed; trying again");
    },
  });
  return {
    current: () => known,
    [Symbol.asyncDispose]: async () => reflector[Symbol.asyncDispose](),
  };
}

const SOURCES: { readonly [text: string]: CapacitySource } = {
  object: "object",
  node: "node",
  card: "card",
};

/** Null while the controller has not accounted the object. */
function nodeBandwidthOf(object: KubeObject): NodeBandwidth | null {
  const status = child(object, "status");
  const capacity = uplinkRate(child(status, "capacity"));
  if (capacity === null || textAt(status, "status") === "Deleting") return null;
  const source = textAt(child(object.metadata, "annotations"), CAPACITY_SOURCE_ANNOTATION) ?? "";
  return {
    capacity,
    source: SOURCES[source] ?? "default",
    reserved: new Map(
      children(status, "reservations").flatMap((each) => {
        const [uid, rate] = [textAt(each, "podUid"), uplinkRate(child(each, "bandwidth"))];
        return uid === null || rate === null ? [] : [[uid, rate] as const];
      }),
    ),
  };
}

function uplinkRate(shares: Json): BitsPerSecond | null {
  const megabits = child(shares, "network")["ulMbps"];
  return typeof megabits === "number" && megabits > 0 ? bitsPerSecond(megabits * 1e6) : null;
}
