/** What agents report of the policies of their nodes, and how it compares with policies that exist; pure. */
import {
  ENFORCED_ANNOTATION,
  LINK_SPEED_ANNOTATION,
  policyKindOf,
  readEnforced,
  type VersionsByKind,
} from "@seam/api";
import { type Mbps, mbps } from "@seam/base";
import {
  child,
  hasReached,
  type KindRef,
  type KubeObject,
  latestVersion,
  textAt,
} from "@seam/kube";

/** The report of one node. */
export type PolicyReport = {
  readonly node: string;
  /** What its kernel has. */
  readonly enforced: VersionsByKind;
  /** How fast its network card is; null when none tells. */
  readonly linkSpeed: Mbps | null;
  /** When it was written, as the agent's clock said. */
  readonly at: string | null;
};

/** How far a node is: it has all, it lacks some, or nothing was ever heard of it. */
export type NodeProgress = "current" | "behind" | "silent";

/** Reads the Lease of an agent. */
export function observePolicyReport(object: KubeObject): PolicyReport {
  const annotations = child(object.metadata, "annotations");
  const spec = child(object, "spec");
  return {
    node: textAt(spec, "holderIdentity") ?? "",
    enforced: readEnforced(textAt(annotations, ENFORCED_ANNOTATION) ?? ""),
    linkSpeed: speedIn(textAt(annotations, LINK_SPEED_ANNOTATION) ?? ""),
    at: textAt(spec, "renewTime"),
  };
}

const speedIn = (text: string): Mbps | null =>
  /^[1-9][0-9]{0,7}$/.test(text) ? mbps(Number(text)) : null;

/** What a report, if there is one, means for policies up to these versions. */
export function nodeProgress(
  enforced: VersionsByKind | undefined,
  wanted: VersionsByKind,
): NodeProgress {
  if (enforced === undefined) return "silent";
  const isCurrent = [...wanted].every(([kind, version]) =>
    hasReached(enforced.get(kind) ?? "", version),
  );
  return isCurrent ? "current" : "behind";
}

/** The latest version of each kind among objects. */
export function latestByKind(
  objects: readonly (Omit<KindRef, "namespace"> & { readonly version: string })[],
): VersionsByKind {
  const groups = Map.groupBy(objects, policyKindOf);
  return new Map(
    [...groups].map(([kind, group]) => [
      kind,
      latestVersion(group.map(({ version }) => version)) ?? "",
    ]),
  );
}
