/** Rules of alerts, in Prometheus' form; `cases/alerts.yaml` has the series on which each fires and on which it does not. */

type Alert = {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: "critical" | "warning" | "info" };
  readonly annotations: { readonly summary: string; readonly description: string };
};

const PROGRAMS = "seam-agent|seam-controller|seam-server|seam-api|seam-admission|vaclab-scheduler";

const alerts: readonly Alert[] = [
  {
    alert: "SeamProgramDown",
    expr: `up{job=~"${PROGRAMS}"} == 0`,
    for: "2m",
    labels: { severity: "critical" },
    annotations: {
      summary: "{{ $labels.job }} at {{ $labels.instance }} does not answer",
      description:
        "Prometheus cannot read its metrics for two minutes. Packets go on as before; nothing new is brought about there. See: kubectl get pods -n seam-system -o wide",
    },
  },
  {
    alert: "SeamNoController",
    expr: "(sum(seam_controller_leading) or vector(0)) < 1",
    for: "1m",
    labels: { severity: "critical" },
    annotations: {
      summary: "no controller of Seam leads",
      description:
        "Nothing that people declare is brought about. See: kubectl logs -n seam-system deployment/seam-controller",
    },
  },
  {
    alert: "SeamNoScheduler",
    expr: 'sum(seam_scheduling_leading) < 1 or (absent(seam_scheduling_leading) and on () seam_build_info{program="seam-scheduling"})',
    for: "1m",
    labels: { severity: "critical" },
    annotations: {
      summary: "no scheduler of bandwidth leads",
      description:
        "Pods of the scheduler vaclab-scheduler wait. See: kubectl logs -n seam-system deployment/vaclab-scheduler -c extender",
    },
  },
  {
    alert: "SeamNodeNotAsWanted",
    expr: "time() - seam_reconcile_last_success_timestamp_seconds > 60",
    for: "1m",
    labels: { severity: "critical" },
    annotations: {
      summary: "node {{ $labels.node }} is not as it should be",
      description:
        "Its agent has not been able to bring it to the wanted state for more than a minute. The step and the kernel's words: seam describe node {{ $labels.node }}",
    },
  },
  {
    alert: "SeamPoliciesNotWritten",
    expr: 'increase(seam_policy_change_duration_seconds_count{outcome="failed"}[5m]) > 0',
    for: "1m",
    labels: { severity: "critical" },
    annotations: {
      summary: "the kernel of node {{ $labels.node }} refuses policies",
      description:
        "Those before stay in force, and new pods wait. See: seam describe node {{ $labels.node }}",
    },
  },
  {
    alert: "SeamPodsNotConnected",
    expr: 'increase(seam_cni_duration_seconds_count{command="ADD",code!="0"}[10m]) > 3',
    for: "5m",
    labels: { severity: "warning" },
    annotations: {
      summary: "pods of node {{ $labels.node }} do not get their interface",
      description:
        "CNI's ADD fails again and again with code {{ $labels.code }}. The reason is an Event of each pod: seam describe pod NAME",
    },
  },
  {
    alert: "SeamDrift",
    expr: "increase(seam_node_drift_steps_total[10m]) > 0",
    for: "0m",
    labels: { severity: "warning" },
    annotations: {
      summary: "something changes what Seam made on node {{ $labels.node }}",
      description:
        "The agent put it back. Look for another network plug-in, a firewall manager or a person: seam describe node {{ $labels.node }}",
    },
  },
  {
    alert: "SeamBandwidthOverPromised",
    expr: "seam_bandwidth_remaining_mbps < 0",
    for: "1m",
    labels: { severity: "warning" },
    annotations: {
      summary: "pods of node {{ $labels.node }} have more bandwidth than there is",
      description:
        "Somebody placed pods past the scheduler, or the node's capacity was lowered. See: kubectl describe bandwidth {{ $labels.node }}",
    },
  },
  {
    alert: "SeamPodsWaitForBandwidth",
    expr: "seam_scheduling_waiting_pods > 0",
    for: "15m",
    labels: { severity: "info" },
    annotations: {
      summary: "{{ $value }} pods wait for bandwidth",
      description: "No node has what they ask for. See: kubectl get bandwidths",
    },
  },
  {
    alert: "SeamApiFails",
    expr: 'sum by (job) (rate(seam_http_request_duration_seconds_count{status=~"5.."}[5m])) / sum by (job) (rate(seam_http_request_duration_seconds_count[5m])) > 0.05',
    for: "5m",
    labels: { severity: "warning" },
    annotations: {
      summary: "the API fails {{ $value | humanizePercentage }} of what it is asked",
      description:
        "Its database or the cluster's API server is away. The cluster works on; nothing is changed through the API meanwhile. See: kubectl logs -n seam-system deployment/{{ $labels.job }}",
    },
  },
  {
    alert: "SeamEventsLost",
    expr: "increase(seam_events_lost_total[15m]) > 0",
    for: "0m",
    labels: { severity: "info" },
    annotations: {
      summary: "{{ $labels.job }} at {{ $labels.instance }} gave up telling Events",
      description: "Too much was waiting, or the API server refused it ({{ $labels.cause }}).",
    },
  },
];

/** The rules, as Prometheus and PrometheusRule objects have them. */
export const ruleGroups: object = { groups: [{ name: "seam", rules: alerts }] };
