/** NetworkPolicies for a benchmark: so many that select each of its pods, of which one lets them speak to each other. */
import type { KubeClient, KubeObject } from "@seam/kube";

/** A block of addresses for each policy, as for sites that may come in; none of them is a pod's. */
const blockOf = (index: number): string => `11.${index >> 8}.${index & 255}.0/24`;
/** Requests at a time. */
const WIDTH = 16;

/** The most policies that there are blocks for. */
export const MOST_POLICIES = 8192;

/** Makes `count` policies in the namespace; 0 leaves it open. */
export async function isolate(kube: KubeClient, namespace: string, count: number): Promise<void> {
  const policies = Array.from({ length: count }, (_, index) =>
    policy(
      namespace,
      `p${index}`,
      index === 0 ? { podSelector: {} } : { ipBlock: { cidr: blockOf(index) } },
    ),
  );
  for (let at = 0; at < policies.length; at += WIDTH) {
    const made = await Promise.all(
      policies.slice(at, at + WIDTH).map(async (each) => kube.create(each)),
    );
    for (const each of made) if (!each.ok) throw new Error(each.error.message);
  }
}

const policy = (namespace: string, name: string, peer: object): KubeObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace },
  spec: {
    podSelector: {},
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ from: [peer] }],
    egress: [{ to: [peer] }],
  },
});
