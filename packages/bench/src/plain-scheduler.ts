/**
 * The kube-scheduler that the bandwidth-aware one is compared with: the same image, in a pod with the same requests and limits, without an
 * extender and what goes with it. That of a lab itself is a program beside the node's pods, which have to make do with less.
 */
import { child, children, type KubeClient, type KubeObject } from "@seam/kube";

import { until } from "./fake-nodes.ts";
import { write } from "./rivals.ts";

/** Its name in pods. */
export const PLAIN = "plain-scheduler";
/** What names its program among the processes of the node. */
export const PLAIN_PROGRAM = "--config=/etc/kubernetes/plain.yaml";

const SOURCE = { apiVersion: "apps/v1", kind: "Deployment", namespace: "seam-system" } as const;
const LABELS = { "app.kubernetes.io/name": PLAIN };

const CONFIGURATION = {
  apiVersion: "kubescheduler.config.k8s.io/v1",
  kind: "KubeSchedulerConfiguration",
  clientConnection: { qps: 200, burst: 400 },
  leaderElection: { leaderElect: false },
  profiles: [{ schedulerName: PLAIN }],
};

/** Starts it beside the bandwidth-aware one, and waits until it is ready. */
export async function startPlainScheduler(kube: KubeClient): Promise<void> {
  const source = await kube.get({ ...SOURCE, name: "vaclab-scheduler" });
  if (!source.ok) throw new Error(source.error.message);
  const metadata = { name: PLAIN, namespace: SOURCE.namespace };
  const data = { "plain.yaml": JSON.stringify(CONFIGURATION) };
  await write(kube, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
  await write(kube, plainOf(source.value));
  await until(`${PLAIN} is ready`, async () => {
    const found = await kube.get({ ...SOURCE, name: PLAIN });
    return found.ok && child(found.value, "status")["readyReplicas"] === 1;
  });
}

function plainOf(source: KubeObject): KubeObject {
  const pod = child(child(child(source, "spec"), "template"), "spec");
  const scheduler = children(pod, "containers").find(({ name }) => name === "kube-scheduler");
  if (scheduler === undefined) throw new Error("vaclab-scheduler has no container kube-scheduler");
  const { livenessProbe: _, ...container } = scheduler;
  const command = ["/usr/local/bin/kube-scheduler", PLAIN_PROGRAM];
  return {
    apiVersion: SOURCE.apiVersion,
    kind: SOURCE.kind,
    metadata: { name: PLAIN, namespace: SOURCE.namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          ...pod,
          affinity: {},
          containers: [{ ...container, command }],
          volumes: [{ name: "config", configMap: { name: PLAIN } }],
        },
      },
    },
  };
}
