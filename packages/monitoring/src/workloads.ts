/** Traffic of pods, and what policies say to it. */
import { type Page, type Panel, lines, OVER, query, rateBy, slowest } from "./panels.ts";

const OF_PODS = '{namespace=~"$namespace",pod=~"$pod"}';
const podRate = (metric: string): string => `rate(${metric}${OF_PODS}${OVER})`;
const directed = (metric: string, direction: string): string =>
  `${metric}{namespace=~"$namespace",pod=~"$pod",direction="${direction}"}`;
const POD = "{{namespace}}/{{pod}}";
const podVariables = [
  { label: "namespace", metric: "seam_pod_tx_bytes_total" },
  { label: "pod", metric: 'seam_pod_tx_bytes_total{namespace=~"$namespace"}' },
];

const askedAndMeasured = (direction: string, way: string): Panel =>
  lines(
    {
      title: `Rates ${way} pods, asked and measured`,
      description:
        "What pods with a rate are held to, and what went through. `seam top bandwidth` shows the same by the second.",
      unit: "bps",
    },
    query(`${directed("seam_pod_rate_limit_bytes_per_second", direction)} * 8`, `${POD} asked`),
    query(
      `rate(${directed("seam_pod_shaped_bytes_total", direction)}${OVER}) * 8`,
      `${POD} measured`,
    ),
  );

/** The page. */
export const pods: Page = {
  name: "pods",
  title: "Seam: traffic of pods",
  variables: podVariables,
  panels: [
    lines(
      { title: "Sent", description: "Bits of Ethernet frames that pods send.", unit: "bps" },
      query(`${podRate("seam_pod_tx_bytes_total")} * 8`, POD),
    ),
    lines(
      { title: "Received", description: "Bits of Ethernet frames that pods receive.", unit: "bps" },
      query(`${podRate("seam_pod_rx_bytes_total")} * 8`, POD),
    ),
    lines(
      { title: "Packets", description: "Packets that pods send and receive.", unit: "pps" },
      query(podRate("seam_pod_tx_packets_total"), `${POD} sent`),
      query(podRate("seam_pod_rx_packets_total"), `${POD} received`),
    ),
    lines(
      {
        title: "Drops at interfaces",
        description: "Packets that were lost at a pod's own interface, on their way in or out.",
        unit: "pps",
      },
      query(podRate("seam_pod_tx_drops_total"), `${POD} sending`),
      query(podRate("seam_pod_rx_drops_total"), `${POD} receiving`),
    ),
    askedAndMeasured("egress", "out of"),
    askedAndMeasured("ingress", "into"),
    lines(
      {
        title: "Drops by rates",
        description:
          "Packets above a pod's rate: some are how TCP finds its speed; many, of a protocol without such a way, are lost work.",
        unit: "pps",
      },
      query(podRate("seam_pod_shaped_drops_total"), `${POD} {{direction}} queue`),
      query(podRate("seam_pod_ceiling_drops_total"), `${POD} {{direction}} past the queue`),
    ),
    lines(
      {
        title: "Pods of nodes",
        description: "Interfaces of pods, and those on the fast path between pods of one node.",
        unit: "short",
      },
      query("sum by (node) (seam_pod_interfaces)", "{{node}} pods"),
      query("sum by (node) (seam_fast_path_links)", "{{node}} on the fast path"),
    ),
  ],
};

const policyRate = (by: string, verdict: string): string =>
  rateBy(by, `seam_policy_packets_total{namespace=~"$namespace",pod=~"$pod",verdict="${verdict}"}`);

/** The page. */
export const policies: Page = {
  name: "policies",
  title: "Seam: network policies",
  variables: podVariables,
  panels: [
    lines(
      {
        title: "Denied packets by pod",
        description: "`seam can POD POD --port PORT/TCP` says which policy decides.",
        unit: "pps",
      },
      query(policyRate("namespace, pod, direction", "denied"), `${POD} {{direction}}`),
    ),
    lines(
      {
        title: "Denied packets by policy",
        description: "Each policy that has a say in the denial counts; empty: none has.",
        unit: "pps",
      },
      query(policyRate("policy", "denied"), "{{policy}}"),
    ),
    lines(
      {
        title: "Packets let through by policy",
        description:
          "Every packet, replies too, once for each policy with a rule about the other end.",
        unit: "pps",
      },
      query(policyRate("policy", "allowed"), "{{policy}}"),
    ),
    lines(
      {
        title: "Denied at nodes' own interfaces",
        description: "By host endpoints: interface, and the point where it was denied.",
        unit: "pps",
      },
      query(
        rateBy("node, interface, point", "seam_policy_host_packets_denied_total"),
        "{{node}} {{interface}} {{point}}",
      ),
    ),
    lines(
      {
        title: "Let through at nodes' own interfaces",
        description:
          "By host endpoints, replies too; interface * stands for those without an endpoint of their own.",
        unit: "pps",
      },
      query(
        rateBy("node, interface, point", "seam_policy_host_packets_allowed_total"),
        "{{node}} {{interface}} {{point}}",
      ),
    ),
    lines(
      {
        title: "Time until the kernel has a change, p99",
        description: "From changed objects and interfaces to rules in force on a node.",
        unit: "s",
      },
      query(
        slowest("node, outcome", "seam_policy_change_duration_seconds"),
        "{{node}} {{outcome}}",
      ),
    ),
    lines(
      {
        title: "Not told",
        description:
          "Denied packets that came too fast for log and Events, and packets beyond the agent's most series.",
        unit: "ops",
      },
      query(rateBy("node", "seam_policy_denials_missed_total"), "{{node}} missed"),
      query(rateBy("node", "seam_policy_packets_untold_total"), "{{node}} without a series"),
    ),
  ],
};
