/**
 * The policies of an experiment as NetworkPolicies (S5): to and from each workload that a policy names, all is denied but what
 * policies say and the way to the cluster's DNS.
 */
import type { Experiment } from "@seam/api";
import type { Json, KubeObject } from "@seam/kube";
import type { Identity } from "./identity.ts";
import { metadataOf, signed, workloadLabels } from "./manifest.ts";

type Policy = NonNullable<Experiment["spec"]["policies"]>[number];

/** The rule for questions to the cluster's DNS. */
export const TO_DNS = {
  to: [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
  ],
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};

/** One NetworkPolicy for each workload that a policy names, called as the workload. */
export function networkPoliciesOf(
  owner: Identity,
  { policies = [] }: Experiment["spec"],
): readonly KubeObject[] {
  const named = new Set(policies.flatMap(({ from, to }) => [from, to]));
  return [...named].map((name) => signed(policyOf(owner, name, policies)));
}

function policyOf(owner: Identity, name: string, policies: readonly Policy[]): KubeObject {
  const peer = (workload: string): readonly Json[] => [
    { podSelector: { matchLabels: workloadLabels(owner, workload) } },
  ];
  const accepts = policies.filter(({ to }) => to === name);
  const opens = policies.filter(({ from }) => from === name);
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadataOf(owner, { name }),
    spec: {
      podSelector: { matchLabels: workloadLabels(owner, name) },
      policyTypes: ["Ingress", "Egress"],
      ...(accepts.length === 0
        ? {}
        : { ingress: accepts.map((policy) => ({ from: peer(policy.from), ...portsOf(policy) })) }),
      egress: [...opens.map((policy) => ({ to: peer(policy.to), ...portsOf(policy) })), TO_DNS],
    },
  };
}

/** Without ports all are meant. */
function portsOf({ ports }: Policy): Json {
  if (ports === undefined) return {};
  return {
    ports: ports.map((text) => {
      const [port, protocol] = text.split("/");
      return { protocol, port: Number(port) };
    }),
  };
}
