/** What an installation of Seam needs of a cluster, as facts: nodes, kinds, agents, controller, DNS. */
import { customResourceDefinitions } from "@seam/api";
import { err, millis, ok } from "@seam/base";
import {
  isJson,
  isKubeObject,
  isNotFound,
  type KubeClient,
  type KubeError,
  type KubeObject,
} from "@seam/kube";
import { fromKube } from "./error.ts";
import { fieldOf, itemsOf, numberOf, textOf } from "./fields.ts";
import { AGENTS } from "./node-view.ts";
import { listObjects, type Reply } from "./list.ts";

/** How a part of Seam is: on a node, or in the cluster. */
export type PartState = "ready" | "not ready" | "absent";

/** What there is to know of a node. */
export type NodeHealth = {
  readonly name: string;
  readonly ready: boolean;
  readonly podCidrs: readonly string[];
  /** Version of the node's kernel, such as 6.6.2-generic. */
  readonly kernel: string;
  readonly agent: PartState;
  /** Null when the cluster's DNS answered on this node, else why not; undefined when it was not asked. */
  readonly dns: string | null | undefined;
};

/** What there is to know of a cluster. */
export type ClusterFacts = {
  readonly nodes: readonly NodeHealth[];
  /** Address families of the cluster's services. */
  readonly families: readonly string[];
  /** Seam's kinds: as this version defines them, otherwise, or not at all. */
  readonly kinds: readonly {
    readonly name: string;
    readonly state: "current" | "other" | "absent";
  }[];
  readonly controller: PartState;
  /** The server, which need not be installed. */
  readonly server: PartState;
  /** Address of the cluster's DNS; null when there is no such service. */
  readonly dns: string | null;
};

/** Asks the cluster; an error means that its API server could not be asked. */
export async function gatherCluster(kube: KubeClient): Reply<ClusterFacts> {
  const nodes = await listObjects(kube, { apiVersion: "v1", kind: "Node" });
  if (!nodes.ok) return nodes;
  const pods = await kube.list(
    { apiVersion: "v1", kind: "Pod", namespace: AGENTS.namespace },
    { labelSelector: AGENTS.labelSelector },
  );
  if (!pods.ok) return err(fromKube("list the agents", pods.error));
  const dns = await dnsAddress(kube);
  const health = nodes.value.map(async (node) => healthOf(kube, { node, dns }, pods.value.items));
  return ok({
    nodes: await Promise.all(health),
    families: await serviceFamilies(kube),
    kinds: await Promise.all(customResourceDefinitions().filter(isKubeObject).map(kindState(kube))),
    controller: await deploymentState(kube, "seam-controller"),
    server: await deploymentState(kube, "seam-server"),
    dns,
  });
}

const hasCondition = (object: KubeObject, type: string): boolean =>
  itemsOf(object, "status", "conditions").some(
    (each) => fieldOf(each, "type") === type && fieldOf(each, "status") === "True",
  );

type Asked = { readonly node: KubeObject; readonly dns: string | null };

async function healthOf(
  kube: KubeClient,
  { node, dns }: Asked,
  agents: readonly KubeObject[],
): Promise<NodeHealth> {
  const { name } = node.metadata;
  const agent = agents.find((pod) => textOf(pod, "spec", "nodeName") === name);
  const ready = hasCondition(node, "Ready");
  const state = agent === undefined ? "absent" : stateOf(hasCondition(agent, "Ready"));
  const askable = dns !== null && ready && state === "ready" && agent !== undefined;
  return {
    name,
    ready,
    podCidrs: itemsOf(node, "spec", "podCIDRs").map(String),
    kernel: textOf(node, "status", "nodeInfo", "kernelVersion") ?? "",
    agent: state,
    dns: askable ? await askDns(kube, agent.metadata.name, dns) : undefined,
  };
}

const stateOf = (ready: boolean): PartState => (ready ? "ready" : "not ready");

const ASK = `const { Resolver } = require("node:dns").promises;
const resolver = new Resolver({ timeout: 2000, tries: 2 });
resolver.setServers([process.argv[1]]);
const name = "kubernetes.default.svc.cluster.local";
Promise.any([resolver.resolve4(name), resolver.resolve6(name)]).then(() => {}, ({ errors }) => {
  process.stderr.write(errors[0].message);
  process.exit(1);
});`;

/** Asks the cluster's DNS from a node, whose network the agent shares. */
async function askDns(kube: KubeClient, pod: string, address: string): Promise<string | null> {
  const ref = { namespace: AGENTS.namespace, pod, container: "agent" };
  const command = ["/usr/bin/node", "-e", ASK, address];
  const asked = await kube.exec(ref, command, { timeout: millis(15_000) });
  if (!asked.ok) return asked.error.message;
  return asked.value.exitCode === 0 ? null : asked.value.stderr.trim();
}

async function dnsAddress(kube: KubeClient): Promise<string | null> {
  const ref = { apiVersion: "v1", kind: "Service", namespace: "kube-system" };
  const services = await kube.list(ref, { labelSelector: "k8s-app=kube-dns" });
  return services.ok ? (textOf(services.value.items[0], "spec", "clusterIP") ?? null) : null;
}

async function serviceFamilies(kube: KubeClient): Promise<readonly string[]> {
  const ranges = await kube.list({ apiVersion: "networking.k8s.io/v1", kind: "ServiceCIDR" });
  const cidrs = ranges.ok
    ? ranges.value.items.flatMap((each) => itemsOf(each, "spec", "cidrs"))
    : [];
  return [...new Set(cidrs.map((cidr) => familyOf(String(cidr))))].toSorted();
}

/** IPv4 or IPv6, of a prefix as text. */
export const familyOf = (cidr: string): string => (cidr.includes(":") ? "IPv6" : "IPv4");

const kindState =
  (kube: KubeClient) =>
  async (wanted: KubeObject): Promise<ClusterFacts["kinds"][number]> => {
    const { apiVersion, kind, metadata } = wanted;
    const found = await kube.get({ apiVersion, kind, name: metadata.name });
    if (!found.ok) return { name: metadata.name, state: "absent" };
    const same = holds(found.value["spec"], wanted["spec"]);
    return { name: metadata.name, state: same ? "current" : "other" };
  };

/** Whether `real`, to which the API server adds defaults and from which it drops empty objects, has all of `wanted`. */
function holds(real: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(real) &&
      real.length === wanted.length &&
      wanted.every((item, index) => holds(real[index], item))
    );
  }
  if (!isJson(wanted)) return real === wanted;
  const entries = Object.entries(wanted);
  if (entries.length === 0) return real === undefined || isJson(real);
  return isJson(real) && entries.every(([key, value]) => holds(real[key], value));
}

async function deploymentState(kube: KubeClient, name: string): Promise<PartState> {
  const ref = { apiVersion: "apps/v1", kind: "Deployment", namespace: AGENTS.namespace };
  const found = await kube.get({ ...ref, name });
  if (!found.ok) return absence(found.error);
  return stateOf((numberOf(found.value, "status", "readyReplicas") ?? 0) > 0);
}

const absence = (error: KubeError): PartState => (isNotFound(error) ? "absent" : "not ready");
