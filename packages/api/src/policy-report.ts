/**
 * How each node's agent tells which policies are in force there: a Lease in Seam's namespace, with an annotation that names for
 * each kind of policy the resourceVersion up to which the node's kernel has everything (decision 18). Another one tells how fast
 * the node's network card is (decision 25).
 */
import { isJson } from "./node.ts";
import { GROUP } from "./words.ts";

/** The namespace of Seam's own objects. */
export const SYSTEM_NAMESPACE = "seam-system";

/** The name of the webhook configurations by which the API server asks admission about pods' bandwidth. */
export const BANDWIDTH_ADMISSION = "seam-bandwidth";
/** The value of `app.kubernetes.io/name` on all that is of the agents. */
export const AGENT_NAME = "seam-agent";
/** Label: the node that an object is about. */
export const NODE_LABEL = `${GROUP}/node`;
/** Annotation of a node's report: from kind to resourceVersion, as a JSON object. */
export const ENFORCED_ANNOTATION = `${GROUP}/enforced`;
/** Annotation of a node's report: Mbit/s of its uplink, when hardware says so. */
export const LINK_SPEED_ANNOTATION = `${GROUP}/link-mbps`;
/** The kind of the reports. */
export const REPORT_KIND = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" } as const;
/** Kubernetes' own kind of policies, as reports name it. */
export const NETWORK_POLICY = "NetworkPolicy.networking.k8s.io";

/** For each kind, such as `NetworkPolicy.networking.k8s.io`, a resourceVersion. */
export type VersionsByKind = ReadonlyMap<string, string>;

/** The name of a node's report. */
export const policyReportName = (node: string): string => `seam-policies-${node}`;

/** What reports call a kind: KIND.GROUP. */
export const policyKindOf = (ref: {
  readonly apiVersion: string;
  readonly kind: string;
}): string => {
  const [group = "", version] = ref.apiVersion.split("/");
  return version === undefined ? ref.kind : `${ref.kind}.${group}`;
};

/** The text of the annotation. */
export const formatEnforced = (versions: VersionsByKind): string =>
  JSON.stringify(Object.fromEntries(versions));

/** What an annotation says; what cannot be read says nothing. */
export function readEnforced(text: string): VersionsByKind {
  const value = parsed(text);
  const entries = isJson(value) ? Object.entries(value) : [];
  return new Map(
    entries.flatMap(([kind, version]) => (typeof version === "string" ? [[kind, version]] : [])),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
