/** NetworkPolicies that would allow what is denied: written for the pods' own labels, and only when judging by them says yes. Pure. */
import { familyBits, formatAddress } from "@seam/base";
import type { Json, KubeObject } from "@seam/kube";
import {
  type Attempt,
  type End,
  isAllowed,
  judge,
  type NetworkPolicy,
  type Pod,
  type Policies,
  readPolicy,
  type Verdict,
} from "@seam/reach";
import { createHash } from "node:crypto";

/** A policy for each denied side; none when it is allowed, when others than NetworkPolicies deny it, or when policies cannot say it. */
export function openingsFor(
  attempt: Attempt,
  verdict: Verdict,
  policies: Required<Policies>,
): readonly KubeObject[] {
  const made = DIRECTIONS.flatMap((direction) =>
    isAllowed(verdict[direction]) ? [] : [openingOf(direction, attempt)],
  );
  const read: NetworkPolicy[] = [];
  for (const object of made) {
    const policy = object === null ? null : readPolicy(object);
    if (policy === null || !policy.ok) return [];
    read.push(policy.value);
  }
  const after = judge(attempt, { ...policies, network: [...policies.network, ...read] });
  return after.allowed ? made.filter((each) => each !== null) : [];
}

const DIRECTIONS = ["egress", "ingress"] as const;
type Direction = (typeof DIRECTIONS)[number];

function openingOf(direction: Direction, attempt: Attempt): KubeObject | null {
  const [own, other] =
    direction === "egress" ? [attempt.from, attempt.to] : [attempt.to, attempt.from];
  if (own.kind !== "pod" || own.pod.hostNetwork || !("port" in attempt)) return null;
  const { port, protocol } = attempt;
  const labels = lastingLabels(own.pod);
  const peer = peerOf(other, own.pod.namespace);
  // A selector without labels would be about everybody.
  if (peer === null || Object.keys(labels).length === 0) return null;
  const isOut = direction === "egress";
  const rule = { [isOut ? "to" : "from"]: [peer], ports: [{ port, protocol }] };
  const spec = {
    podSelector: { matchLabels: labels },
    policyTypes: [isOut ? "Egress" : "Ingress"],
    [direction]: [rule],
  };
  const digest = createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 8);
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: `open-${direction}-${digest}`, namespace: own.pod.namespace },
    spec,
  };
}

function peerOf(other: End, namespace: string): Json | null {
  if (other.kind === "address") {
    const { address } = other;
    const cidr = `${formatAddress(address)}/${familyBits(address.family)}`;
    return { ipBlock: { cidr } };
  }
  const matchLabels = lastingLabels(other.pod);
  if (Object.keys(matchLabels).length === 0 || other.pod.hostNetwork) return null;
  const podSelector = { matchLabels };
  if (other.pod.namespace === namespace) return { podSelector };
  const namespaces = { "kubernetes.io/metadata.name": other.pod.namespace };
  return { namespaceSelector: { matchLabels: namespaces }, podSelector };
}

/** Labels by which controllers tell one pod, or one version, from another: a policy by them would be about what is gone tomorrow. */
const PASSING = new Set([
  "apps.kubernetes.io/pod-index",
  "batch.kubernetes.io/controller-uid",
  "controller-revision-hash",
  "controller-uid",
  "pod-template-generation",
  "pod-template-hash",
  "statefulset.kubernetes.io/pod-name",
]);

const lastingLabels = ({ labels }: Pod): Json =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => !PASSING.has(key)));
