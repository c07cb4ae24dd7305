/** What nodes will do: the steps that intent means for pods that come and go, and what agents answer about new network settings. */
import { bytes, type Cidr, formatAddress, parseAddress, parseCidr } from "@seam/base";
import { DEFAULT_NETWORK, type Endpoint, intendNode } from "@seam/intent";
import { isJson, type Json, type KubeClient, type KubeObject } from "@seam/kube";
import { plan } from "@seam/plan";
import { textForm } from "@seam/state";
import { formatError } from "./error.ts";
import { itemsOf } from "./fields.ts";
import { viewNode } from "./node-view.ts";
import type { PodChange } from "./plan-pods.ts";
import { listObjects } from "./list.ts";

/** What one node will do; addresses and prefixes are text. */
export type PlannedNode = {
  /** Null: whichever node the scheduler chooses. */
  readonly node: string | null;
  readonly pods: readonly PodChange[];
  readonly steps: readonly Json[];
};

/** What changes on nodes. */
export type NodeCauses = {
  readonly pods: readonly PodChange[];
  /** The `spec` of the cluster's NetworkConfig; undefined when it does not change. */
  readonly networkConfig: unknown;
};

type Nodes = { readonly nodes: readonly PlannedNode[]; readonly notes: readonly string[] };

/** So many agents are asked at a time. */
const AT_A_TIME = 8;

/** Every node that has something to do. */
export async function planNodes(
  kube: KubeClient,
  { pods, networkConfig }: NodeCauses,
): Promise<Nodes> {
  if (pods.length === 0 && networkConfig === undefined) return { nodes: [], notes: [] };
  const listed = await listObjects(kube, { apiVersion: "v1", kind: "Node" });
  const known = listed.ok ? listed.value : [];
  const ofPods = [...new Set(pods.map(({ node }) => node))].map((node): PlannedNode => {
    const own = pods.filter((pod) => pod.node === node);
    const prefixes = prefixesOf(known, node);
    return { node, pods: own, steps: own.flatMap((pod) => stepsFor(pod, prefixes)) };
  });
  const ofNetwork = isJson(networkConfig) ? await askAgents(kube, known, networkConfig) : NONE;
  const refused = listed.ok
    ? []
    : [`what nodes will do is shown only as far as pods tell it: ${formatError(listed.error)}`];
  return {
    nodes: merged([...ofPods, ...ofNetwork.nodes]),
    notes: [...refused, ...ofNetwork.notes],
  };
}

const NONE: Nodes = { nodes: [], notes: [] };

/** One entry for each node, by name; the scheduler's choice comes last. */
function merged(all: readonly PlannedNode[]): readonly PlannedNode[] {
  const nodes = [...new Set(all.map(({ node }) => node))];
  const rank = (node: string | null): string => (node === null ? "1" : `0${node}`);
  return nodes
    .toSorted((one, other) => rank(one).localeCompare(rank(other), "en", { numeric: true }))
    .map((node) => {
      const own = all.filter((each) => each.node === node);
      return {
        node,
        pods: own.flatMap(({ pods }) => pods),
        steps: own.flatMap(({ steps }) => steps),
      };
    })
    .filter(({ pods, steps }) => pods.length > 0 || steps.length > 0);
}

/** A prefix from which a pod gets an address, and how that address is told before it is known. */
type Prefix = { readonly cidr: Cidr; readonly words: string };

/** The prefixes of a node; for the scheduler's choice those of any, as only their families are alike. */
function prefixesOf(nodes: readonly KubeObject[], name: string | null): readonly Prefix[] {
  const node = nodes.find(({ metadata }) => name === null || metadata.name === name);
  return itemsOf(node, "spec", "podCIDRs").flatMap((text) => {
    const cidr = parseCidr(String(text));
    const words = `an ${cidr.ok && cidr.value.address.family === "ipv4" ? "IPv4" : "IPv6"} address of`;
    return cidr.ok
      ? [{ cidr: cidr.value, words: `${words} ${name === null ? "its node" : String(text)}` }]
      : [];
  });
}

/** The steps by which a node takes a pod in or lets it go: what intent says with it and without it. */
function stepsFor(pod: PodChange, prefixes: readonly Prefix[]): readonly Json[] {
  const name = `${pod.namespace}/${pod.name}`;
  const known = pod.addresses.flatMap((text) => {
    const address = parseAddress(text);
    return address.ok ? [address.value] : [];
  });
  const isNew = pod.action === "make";
  const endpoint: Endpoint = {
    device: `link of ${name}`,
    mac: `MAC address of ${name}`,
    addresses: isNew ? prefixes.map(({ cidr }) => cidr.address) : known,
    hostPorts: [],
  };
  const [without, withIt] = [stateWith([]), stateWith([endpoint])];
  const steps = isNew ? plan(without, withIt) : plan(withIt, without);
  const said = isNew ? prefixes : [];
  return steps.map((step) => worded(textForm(step), said)).filter(isJson);
}

/** What pods mean does not depend on the rest of the cluster. */
const stateWith = (endpoints: readonly Endpoint[]): ReturnType<typeof intendNode> =>
  intendNode(
    { nodes: [], network: DEFAULT_NETWORK },
    { name: "", onLink: [], uplinkMtu: bytes(1500) },
    endpoints,
  );

/** With words where the first address of a prefix, which no pod ever has, stands for one that is not known yet. */
function worded(value: unknown, prefixes: readonly Prefix[]): unknown {
  if (Array.isArray(value)) return value.map((each) => worded(each, prefixes));
  if (isJson(value)) {
    const entries = Object.entries(value).map(([key, inner]) => [key, worded(inner, prefixes)]);
    return Object.fromEntries(entries);
  }
  const bare = String(value).replace(/\/(32|128)$/, "");
  const prefix = prefixes.find(({ cidr }) => formatAddress(cidr.address) === bare);
  return prefix === undefined ? value : prefix.words;
}

/** What each node would do under the settings, as its agent says. */
async function askAgents(
  kube: KubeClient,
  nodes: readonly KubeObject[],
  networkConfig: Json,
): Promise<Nodes> {
  const names = nodes.map(({ metadata }) => metadata.name);
  const planned: PlannedNode[] = [];
  const notes: string[] = [];
  for (let at = 0; at < names.length; at += AT_A_TIME) {
    const asked = names.slice(at, at + AT_A_TIME).map(async (node) => {
      const view = await viewNode(kube, node, networkConfig);
      if (view.ok) planned.push({ node, pods: [], steps: view.value.steps });
      else notes.push(`what node ${node} would do is not known: ${view.error.message}`);
    });
    await Promise.all(asked);
  }
  return { nodes: planned, notes: notes.toSorted() };
}
