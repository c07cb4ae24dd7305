/** The kind ClusterNetworkPolicy for API servers of tests. */
export const CLUSTER_POLICY_DEFINITION = "clusternetworkpolicies.policy.networking.k8s.io";

/** As much of upstream's definition as serving takes; its own comes with the suite of its kinds. */
export const clusterPolicyDefinition = (served: string): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: {
    name: CLUSTER_POLICY_DEFINITION,
    annotations: { "api-approved.kubernetes.io": "unapproved, a test's own" },
  },
  spec: {
    group: "policy.networking.k8s.io",
    scope: "Cluster",
    names: { kind: "ClusterNetworkPolicy", plural: "clusternetworkpolicies" },
    versions: ["v1alpha2", "v1beta1"].map((name) => ({
      name,
      served: name === served,
      storage: name === "v1alpha2",
      subresources: { status: {} },
      schema: {
        openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    })),
  },
});
