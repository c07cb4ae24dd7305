/** The questions about metrics (docs/guide/metrics.md) that can be asked, by name: nobody writes PromQL, so nobody asks about what is not theirs. Pure. */

/** What a question is limited to. */
type MetricScope = {
  /** Matchers of labels, such as `namespace="lab-a"`. */
  readonly matchers: readonly string[];
  /** Over which rates are taken. */
  readonly windowSeconds: number;
};

/** One question. */
export type MetricQuery = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Of Grafana's units: `bps`, `pps`, `ops`, `s`, `bytes`, `short`. */
  readonly unit: string;
  /** `project`: about pods of one project; `cluster`: for those who may list nodes. */
  readonly scope: "project" | "cluster";
  /** In PromQL. */
  readonly expression: (scope: MetricScope) => string;
};

const selector = ({ matchers }: MetricScope, ...more: readonly string[]): string =>
  `{${[...matchers, ...more].join(",")}}`;

const rateOf =
  (metric: string, ...more: readonly string[]) =>
  (scope: MetricScope): string =>
    `rate(${metric}${selector(scope, ...more)}[${scope.windowSeconds}s])`;

const PROJECT: readonly Omit<MetricQuery, "scope">[] = [
  {
    name: "sent",
    title: "Sent",
    description: "Bits of Ethernet frames that pods send.",
    unit: "bps",
    expression: (scope) => `sum by (pod) (${rateOf("seam_pod_tx_bytes_total")(scope)}) * 8`,
  },
  {
    name: "received",
    title: "Received",
    description: "Bits of Ethernet frames that pods receive.",
    unit: "bps",
    expression: (scope) => `sum by (pod) (${rateOf("seam_pod_rx_bytes_total")(scope)}) * 8`,
  },
  {
    name: "packets-sent",
    title: "Packets sent",
    description: "Packets that pods send.",
    unit: "pps",
    expression: (scope) => `sum by (pod) (${rateOf("seam_pod_tx_packets_total")(scope)})`,
  },
  {
    name: "packets-received",
    title: "Packets received",
    description: "Packets that pods receive.",
    unit: "pps",
    expression: (scope) => `sum by (pod) (${rateOf("seam_pod_rx_packets_total")(scope)})`,
  },
  {
    name: "drops",
    title: "Drops at interfaces",
    description: "Packets that were lost at a pod's own interface, on their way in or out.",
    unit: "pps",
    expression: (scope) =>
      `sum by (pod) (${rateOf("seam_pod_tx_drops_total")(scope)} + ${rateOf("seam_pod_rx_drops_total")(scope)})`,
  },
  {
    name: "rates-asked",
    title: "Rates asked",
    description: "What pods with a rate are held to.",
    unit: "bps",
    expression: (scope) =>
      `sum by (pod, direction) (seam_pod_rate_limit_bytes_per_second${selector(scope)}) * 8`,
  },
  {
    name: "rates-measured",
    title: "Rates measured",
    description: "What went through the rate limits of pods.",
    unit: "bps",
    expression: (scope) =>
      `sum by (pod, direction) (${rateOf("seam_pod_shaped_bytes_total")(scope)}) * 8`,
  },
  {
    name: "rate-drops",
    title: "Drops by rates",
    description: "Packets above a pod's rate: some are how TCP finds its speed.",
    unit: "pps",
    expression: (scope) =>
      `sum by (pod, direction) (${rateOf("seam_pod_shaped_drops_total")(scope)})`,
  },
  {
    name: "denied",
    title: "Denied packets by pod",
    description: "Packets that policies denied at a pod's link.",
    unit: "pps",
    expression: (scope) =>
      `sum by (pod, direction) (${rateOf("seam_policy_packets_total", 'verdict="denied"')(scope)})`,
  },
  {
    name: "denied-by-policy",
    title: "Denied packets by policy",
    description: "Each policy that has a say in the denial counts; empty: none has.",
    unit: "pps",
    expression: (scope) =>
      `sum by (policy) (${rateOf("seam_policy_packets_total", 'verdict="denied"')(scope)})`,
  },
];

/** Figures of a process with its program's name; those of others than Seam are left out. */
const ofPrograms = (expression: string): string =>
  `sum by (program, instance) (${expression} * on (instance) group_left (program) seam_build_info)`;

const CLUSTER: readonly Omit<MetricQuery, "scope">[] = [
  {
    name: "node-bandwidth-used",
    title: "Bandwidth of nodes in use",
    description: "Mbit/s that pods have of a node.",
    unit: "Mbits",
    expression: (scope) =>
      `max by (node, resource, direction) (seam_bandwidth_used_mbps${selector(scope)})`,
  },
  {
    name: "node-bandwidth-left",
    title: "Bandwidth of nodes that is left",
    description: "Mbit/s that pods can still get of a node.",
    unit: "Mbits",
    expression: (scope) =>
      `max by (node, resource, direction) (seam_bandwidth_remaining_mbps${selector(scope)})`,
  },
  {
    name: "node-pods",
    title: "Pods of nodes",
    description: "Interfaces of pods.",
    unit: "short",
    expression: (scope) => `sum by (node) (seam_pod_interfaces${selector(scope)})`,
  },
  {
    name: "node-sent",
    title: "Sent by nodes' pods",
    description: "Bits of Ethernet frames that all pods of a node send.",
    unit: "bps",
    expression: (scope) => `sum by (node) (${rateOf("seam_pod_tx_bytes_total")(scope)}) * 8`,
  },
  {
    name: "node-steps",
    title: "Steps on nodes",
    description: "What agents changed in their node's kernel, and what the kernel refused.",
    unit: "ops",
    expression: (scope) => `sum by (node, outcome) (${rateOf("seam_node_steps_total")(scope)})`,
  },
  {
    name: "programs",
    title: "Programs",
    description: "Running programs of Seam by kind.",
    unit: "short",
    expression: (scope) => `count by (program) (seam_build_info${selector(scope)})`,
  },
  {
    name: "program-memory",
    title: "Memory",
    description: "Resident memory of each program.",
    unit: "bytes",
    expression: (scope) => ofPrograms(`process_resident_memory_bytes${selector(scope)}`),
  },
  {
    name: "program-processor",
    title: "Processor",
    description: "Processors in use by each program.",
    unit: "short",
    expression: (scope) => ofPrograms(rateOf("process_cpu_seconds_total")(scope)),
  },
];

/** All of them, by name. */
export const METRIC_QUERIES: ReadonlyMap<string, MetricQuery> = new Map(
  [
    ...PROJECT.map((query) => ({ ...query, scope: "project" as const })),
    ...CLUSTER.map((query) => ({ ...query, scope: "cluster" as const })),
  ].map((query) => [query.name, query]),
);

/** A matcher for a label that is one of these; names of Kubernetes hold nothing of regular expressions but dots. */
export const isOneOf = (label: string, names: readonly string[]): string =>
  `${label}=~"${names.map((name) => name.replaceAll(".", String.raw`\\.`)).join("|")}"`;
