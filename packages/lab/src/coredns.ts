/** The cluster's DNS: CoreDNS as a Deployment behind 10.96.0.10 or fd00:10:96::a, answering for the cluster alone: a lab has no world to forward to. */
import type { KubeClient, KubeObject } from "@seam/kube";

import { inFamilies, type LabLayout, ranges } from "./layout.ts";

const labels = { "k8s-app": "kube-dns" };
const place = { name: "coredns", namespace: "kube-system" };
const rbac = "rbac.authorization.k8s.io";

const corefile = `.:53 {
    errors
    health :8080
    ready :8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
    }
    prometheus :9153
    cache 30
}
`;

/** Applies CoreDNS; throws when the API server refuses an object. */
export async function installCoredns(
  client: KubeClient,
  lab: Pick<LabLayout, "families">,
  image: string,
): Promise<void> {
  for (const object of [...corednsObjects(image), service(inFamilies(lab, ranges.dns))]) {
    const applied = await client.apply(object, { fieldManager: "seam-lab", force: true });
    if (!applied.ok) throw new Error(`CoreDNS: ${object.kind} refused: ${applied.error.message}`);
  }
}

/** Whether a CoreDNS pod is Ready. */
export async function corednsIsAvailable(client: KubeClient): Promise<boolean> {
  const found = await client.get({ apiVersion: "apps/v1", kind: "Deployment", ...place });
  if (!found.ok) return false;
  const { status } = found.value;
  return (
    typeof status === "object" &&
    status !== null &&
    Number(Reflect.get(status, "readyReplicas")) > 0
  );
}

function corednsObjects(image: string): readonly KubeObject[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: place },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      metadata: { name: "coredns" },
      rules: [
        { apiGroups: [""], resources: ["services", "namespaces"], verbs: ["list", "watch"] },
        {
          apiGroups: ["discovery.k8s.io"],
          resources: ["endpointslices"],
          verbs: ["list", "watch"],
        },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "coredns" },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "coredns" },
      subjects: [{ kind: "ServiceAccount", ...place }],
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata: place, data: { Corefile: corefile } },
    deployment(image),
  ];
}

const deployment = (image: string): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { ...place, labels },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: place.name,
        priorityClassName: "system-cluster-critical",
        dnsPolicy: "Default",
        terminationGracePeriodSeconds: 5,
        tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists" }],
        containers: [
          {
            name: "coredns",
            image,
            args: ["-conf", "/etc/coredns/Corefile"],
            readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
            livenessProbe: { httpGet: { path: "/health", port: 8080 }, initialDelaySeconds: 30 },
            resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { memory: "170Mi" } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
            },
            volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
          },
        ],
        volumes: [{ name: "config", configMap: { name: place.name } }],
      },
    },
  },
});

const service = (clusterIPs: readonly string[]): KubeObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "kube-dns", namespace: place.namespace, labels },
  spec: {
    selector: labels,
    clusterIP: clusterIPs[0],
    clusterIPs,
    ipFamilyPolicy: clusterIPs.length > 1 ? "RequireDualStack" : "SingleStack",
    ports: [
      { name: "dns", port: 53, protocol: "UDP" },
      { name: "dns-tcp", port: 53, protocol: "TCP" },
    ],
  },
});
