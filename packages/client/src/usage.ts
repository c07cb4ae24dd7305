/**
 * What nodes and pods use at the moment. The metrics API says it where metrics-server is installed; else every node's kubelet is
 * asked through the API server, which takes the right to `get` `nodes/proxy`.
 */
import { bytes, type Bytes, err, ok } from "@seam/base";
import { type KubeClient, type KubeError, quantityOf } from "@seam/kube";
import { fromKube, type SeamError } from "./error.ts";
import { fieldOf, itemsOf, numberOf, textOf } from "./fields.ts";
import { listObjects, type Reply } from "./list.ts";

/** What one node or pod uses; a pod has a namespace. */
export type Usage = {
  readonly name: string;
  readonly namespace?: string;
  readonly millicores: number;
  readonly memory: Bytes;
};

/** Of what: all nodes, or the pods of one namespace or of all. */
export type UsageOf =
  | { readonly kind: "nodes" }
  | { readonly kind: "pods"; readonly namespace?: string };

/** What is used, and which nodes could not be asked. */
export type UsageReport = {
  readonly items: readonly Usage[];
  readonly silent: readonly SeamError[];
};

/** Asks for what is used at the moment. */
export async function readUsage(kube: KubeClient, of: UsageOf): Reply<UsageReport> {
  const metrics = await kube.read(metricsPath(of));
  if (metrics.ok) {
    const items = itemsOf(metrics.value, "items");
    return ok({ items: items.map((item) => metricUsage(of, item)), silent: [] });
  }
  return isUnserved(metrics.error)
    ? fromKubelets(kube, of)
    : err(fromKube(`read the metrics of the ${of.kind}`, metrics.error));
}

function metricsPath(of: UsageOf): string {
  const root = "/apis/metrics.k8s.io/v1beta1";
  return of.kind === "pods" && of.namespace !== undefined
    ? `${root}/namespaces/${encodeURIComponent(of.namespace)}/pods`
    : `${root}/${of.kind}`;
}

/** Not served, or by a metrics-server that does not answer; who has few rights is refused before that is known. */
const isUnserved = (error: KubeError): boolean => [403, 404, 503].includes(error.code);

function metricUsage(of: UsageOf, item: unknown): Usage {
  const parts = of.kind === "nodes" ? [item] : itemsOf(item, "containers");
  const namespace = textOf(item, "metadata", "namespace");
  const sum = (key: string): number =>
    parts.reduce<number>((total, part) => total + amountOf(textOf(part, "usage", key) ?? ""), 0);
  return {
    name: textOf(item, "metadata", "name") ?? "",
    ...(namespace === undefined ? {} : { namespace }),
    millicores: sum("cpu") * 1000,
    memory: bytes(sum("memory")),
  };
}

/** A quantity of Kubernetes as a number; 0 for a text that is none. */
export const amountOf = (text: string): number => quantityOf(text) ?? 0;

async function fromKubelets(kube: KubeClient, of: UsageOf): Reply<UsageReport> {
  const nodes = await listObjects(kube, { apiVersion: "v1", kind: "Node" });
  if (!nodes.ok) return err({ ...nodes.error, hint: INSTALL });
  const names = nodes.value.map(({ metadata }) => metadata.name);
  const answers = await Promise.all(names.map(async (name) => askKubelet(kube, name, of)));
  const silent = answers.flatMap((answer) => (answer.ok ? [] : [answer.error]));
  const [first] = silent;
  if (silent.length === names.length && first !== undefined) return err(first);
  return ok({ items: answers.flatMap((answer) => (answer.ok ? answer.value : [])), silent });
}

const INSTALL = "Install metrics-server, or ask an administrator for the right to get nodes/proxy.";

async function askKubelet(kube: KubeClient, name: string, of: UsageOf): Reply<readonly Usage[]> {
  const path = `/api/v1/nodes/${encodeURIComponent(name)}/proxy/stats/summary`;
  const answer = await kube.read(`${path}?only_cpu_and_memory=true`);
  if (!answer.ok) {
    const error = fromKube(`ask node ${name} what it uses`, answer.error);
    const hint = answer.error.code === 403 ? INSTALL : "Is the node Ready? See: seam get nodes";
    return err({ ...error, hint });
  }
  const summary = answer.value;
  if (of.kind === "nodes") return ok([{ name, ...kubeletUsage(fieldOf(summary, "node")) }]);
  const pods = itemsOf(summary, "pods").map((pod) => ({
    name: textOf(pod, "podRef", "name") ?? "",
    namespace: textOf(pod, "podRef", "namespace") ?? "",
    ...kubeletUsage(pod),
  }));
  return ok(pods.filter((pod) => of.namespace === undefined || pod.namespace === of.namespace));
}

/** A pod that has only just started has no figures yet. */
const kubeletUsage = (part: unknown): Pick<Usage, "millicores" | "memory"> => ({
  millicores: (numberOf(part, "cpu", "usageNanoCores") ?? 0) / 1e6,
  memory: bytes(numberOf(part, "memory", "workingSetBytes") ?? 0),
});
