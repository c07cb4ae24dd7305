/** Nodes of a lab that kwok plays, beside the one real node that runs the cluster. */
import { setTimeout as sleep } from "node:timers/promises";
import { child, children, type KubeClient, type KubeObject } from "@seam/kube";

import { FAKE, type Kwok } from "./kwok.ts";
import { write } from "./rivals.ts";

/** The lab's one real node. */
export const REAL_NODE = "n1";

/** Makes nodes that kwok keeps Ready; the real one takes no pod of the benchmark. */
export async function makeFakeNodes(kube: KubeClient, kwok: Kwok, count: number): Promise<void> {
  const real = { apiVersion: "v1", kind: "Node", name: REAL_NODE };
  const cordoned = await kube.patch(real, {
    kind: "merge",
    value: { spec: { unschedulable: true } },
  });
  if (!cordoned.ok) throw new Error(cordoned.error.message);
  const names = Array.from({ length: count }, (_, index) => `fake-${index}`);
  for (const name of names) {
    const labels = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" };
    await write(kube, {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, labels, annotations: { [FAKE]: "fake" } },
    });
  }
  await until(`${count} nodes are Ready`, async () => {
    kwok.check();
    const found = await kube.list({ apiVersion: "v1", kind: "Node" });
    return found.ok && found.value.items.filter(isReady).length > count;
  });
}

/** Agents on nodes that kwok plays would be a pod each, which says nothing here. */
export async function keepAgentsOff(kube: KubeClient): Promise<void> {
  const nodeSelector = { "kubernetes.io/hostname": REAL_NODE };
  const patched = await kube.patch(
    { apiVersion: "apps/v1", kind: "DaemonSet", namespace: "seam-system", name: "seam-agent" },
    { kind: "merge", value: { spec: { template: { spec: { nodeSelector } } } } },
  );
  if (!patched.ok) throw new Error(patched.error.message);
}

const isReady = (node: KubeObject): boolean =>
  children(child(node, "status"), "conditions").some(
    ({ type, status }) => type === "Ready" && status === "True",
  );

/** Waits until something holds, 30 min at most. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const limit = performance.now() + 1_800_000;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`not so after 30 min: ${what}`);
    await sleep(100);
  }
}
