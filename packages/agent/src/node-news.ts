/** What of a round of reconciliation an operator should hear of, with what to do. Pure. */
import { formatRate } from "@seam/bandwidth";
import { type BitsPerSecond, type Cidr, cidrContains, formatAddress } from "@seam/base";
import { podOverhead } from "@seam/intent";
import type { KernelError } from "@seam/kernel";
import type { News } from "@seam/kube";
import type { Step } from "@seam/plan";
import { textForm } from "@seam/state";

import type { RoundFacts } from "./reconciler.ts";

type RatesStep = Extract<Step, { readonly kind: "set-rates" }>;

type NodeNews = Omit<News, "action">;

const warning = (reason: string, message: string): NodeNews => ({
  severity: "Warning",
  reason,
  message,
});

/** Longest text of a step in a message. */
const LONGEST_STEP = 300;
/** The smallest MTU of IPv6 (RFC 8200 section 5). */
const LEAST_MTU = 1280;

/** The node could not even be observed. */
export const unobserved = ({ message }: KernelError): NodeNews =>
  warning(
    "NodeNotObserved",
    `the kernel did not tell what this node looks like: ${message}; nothing is changed until it does; see the log of this node's agent`,
  );

/** A policy of which something cannot be read: by namespace/name, a ClusterNetworkPolicy by its name, Calico's objects by KIND.GROUP/ before that. */
export const policyFaults = (policy: string, faults: readonly string[]): NodeNews =>
  warning(
    "PolicyNotUnderstood",
    `${titleOf(policy)}: ${faults.join("; ")}; what cannot be read allows nothing; correct it, or take a Seam that knows it`,
  );

function titleOf(policy: string): string {
  const [first = "", name] = policy.split(/\/(.*)/s);
  if (name === undefined) return `ClusterNetworkPolicy ${policy}`;
  return first.includes(".") ? `${first} ${name}` : `NetworkPolicy ${policy}`;
}

/** A step that the kernel refused. */
export function refusedStep(
  step: Step,
  error: KernelError,
  { cluster, own }: Pick<RoundFacts, "cluster" | "own">,
): NodeNews {
  const route = step.kind === "add-route" || step.kind === "replace-route" ? step.route : null;
  const via = route?.via ?? null;
  if (cluster.network.overlay === "direct" && via !== null && !isIn(own.onLink, via)) {
    const node = cluster.nodes.find(({ internalAddresses }) =>
      internalAddresses.some((each) => formatAddress(each) === formatAddress(via)),
    );
    return warning(
      "NodeNotOnLink",
      `pods of node ${node?.name ?? "?"} cannot be reached: its address ${formatAddress(via)} is not on a link of this node, which overlay direct needs (${error.message}); set spec.overlay of the NetworkConfig called default to vxlan`,
    );
  }
  const { kind, ...what } = step;
  return warning(
    "ReconcileStepFailed",
    `${kind} failed: ${error.message}; tried again every 10 s; ${JSON.stringify(textForm(what)).slice(0, LONGEST_STEP)}`,
  );
}

/** A pod runs without the rates that it asks for, or with those of before. */
export function rateNotEnforced({ shaping }: RatesStep, error: KernelError): NodeNews {
  const said = (name: string, rate: BitsPerSecond | null): string =>
    `${name} ${rate === null ? "unlimited" : formatRate(rate)}`;
  return warning(
    "RateNotEnforced",
    `the rates of interface ${shaping.podDevice} (${said("egress", shaping.ul)}, ${said("ingress", shaping.dl)}) are not in force: ${error.message}; tried again every 10 s; a node needs htb, tbf and eBPF classifiers (sch_htb, sch_tbf, cls_bpf) and Linux 6.6`,
  );
}

/** Of why reservations are not guaranteed, what is wrong with the node; that nobody asked for guarantees there is told on pods alone. */
const UNASKED: ReadonlySet<string> = new Set(["GuaranteesOff", "CapacityUnknown"]);

/** What is wrong with the facts themselves, whatever the kernel says. */
export function factsNews({
  cluster,
  own,
  lacks,
}: Pick<RoundFacts, "cluster" | "own" | "lacks">): readonly NodeNews[] {
  const node = cluster.nodes.find(({ name }) => name === own.name);
  if (node === undefined) return [];
  const news: NodeNews[] = [];
  if (node.podCidrs.length === 0)
    news.push(
      warning(
        "NoPodPrefixes",
        "this node has no pod prefixes, so it can take no pods: spec.podCIDRs of the Node is empty; run kube-controller-manager with --allocate-node-cidrs and --cluster-cidr, or set spec.podCIDRs by hand",
      ),
    );
  for (const { reason, message } of lacks)
    if (!UNASKED.has(reason)) news.push(warning(reason, message));
  const overhead = podOverhead(cluster);
  if (own.uplinkMtu - overhead < LEAST_MTU)
    news.push(
      warning(
        "MtuTooSmall",
        `the uplink of this node carries ${own.uplinkMtu} bytes, the overlay adds ${overhead}, and pods need ${LEAST_MTU}: large packets between nodes are lost; raise the uplink's MTU to ${LEAST_MTU + overhead} or more, or use overlay direct`,
      ),
    );
  return news;
}

const isIn = (prefixes: readonly Cidr[], address: Parameters<typeof cidrContains>[1]): boolean =>
  prefixes.some((prefix) => cidrContains(prefix, address));
