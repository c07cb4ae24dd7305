/** Whether Seam itself is well. */
import { type Page, figure, lines, ofPrograms, OVER, query, rateBy, slowest } from "./panels.ts";

/** The page. */
export const overview: Page = {
  name: "overview",
  title: "Seam: overview",
  variables: [],
  panels: [
    figure(
      {
        title: "Programs",
        description:
          "Running programs of Seam by kind; there should be one agent for each node, and at least one of all others.",
        unit: "short",
      },
      "count by (program) (seam_build_info)",
      "{{program}}",
    ),
    figure(
      {
        title: "Nodes not as wanted",
        description:
          "Nodes whose agent could not bring them to the wanted state for a minute. `seam describe node NAME` says which step fails and why.",
        unit: "short",
      },
      "count(time() - seam_reconcile_last_success_timestamp_seconds > 60) or vector(0)",
    ),
    figure(
      {
        title: "Leading controllers",
        description: "1 is right. 0: nothing that people declare is brought about.",
        unit: "short",
      },
      "sum(seam_controller_leading)",
    ),
    figure(
      {
        title: "Leading schedulers",
        description: "1 is right. 0: pods of the bandwidth scheduler wait.",
        unit: "short",
      },
      "sum(seam_scheduling_leading)",
    ),
    lines(
      {
        title: "Passes of the controller",
        description: "Objects worked on in a second, by kind and how it ended.",
        unit: "ops",
      },
      query(rateBy("kind, result", "seam_controller_passes_total"), "{{kind}} {{result}}"),
    ),
    lines(
      {
        title: "Time of a pass, p99",
        description: "Time of one pass over one object.",
        unit: "s",
      },
      query(slowest("kind", "seam_controller_pass_duration_seconds"), "{{kind}}"),
    ),
    lines(
      {
        title: "Time of CNI commands, p99",
        description: "What a pod's start and end wait for in the agent.",
        unit: "s",
      },
      query(slowest("command", "seam_cni_duration_seconds"), "{{command}}"),
    ),
    lines(
      {
        title: "CNI commands that failed",
        description:
          "By node and CNI error code; 11 is tried again by itself. `seam describe pod` names the reason.",
        unit: "ops",
      },
      query(
        rateBy("node, code", 'seam_cni_duration_seconds_count{code!="0"}'),
        "{{node}} code {{code}}",
      ),
    ),
    lines(
      {
        title: "Steps on nodes",
        description: "What agents changed in their node's kernel, and what the kernel refused.",
        unit: "ops",
      },
      query(rateBy("node, outcome", "seam_node_steps_total"), "{{node}} {{outcome}}"),
    ),
    lines(
      {
        title: "Time of a round on a node, p99",
        description: "From looking at the kernel to its being as wanted.",
        unit: "s",
      },
      query(slowest("node, outcome", "seam_reconcile_duration_seconds"), "{{node}} {{outcome}}"),
    ),
    lines(
      {
        title: "Undone changes of others",
        description: "Something else than Seam changes what Seam made, and the agent puts it back.",
        unit: "ops",
      },
      query(rateBy("node", "seam_node_drift_steps_total"), "{{node}}"),
    ),
    lines(
      {
        title: "Requests to the API server",
        description: "By program; a watch counts once.",
        unit: "reqps",
      },
      query(
        `sum by (program) (rate(seam_api_requests_total${OVER}) * on (instance) group_left (program) seam_build_info)`,
        "{{program}}",
      ),
    ),
    lines(
      {
        title: "Watches made anew, Events lost",
        description: "Both are 0 while the API server can be reached and is not flooded with news.",
        unit: "ops",
      },
      query(rateBy("kind", "seam_watch_restarts_total"), "watch of {{kind}}"),
      query(rateBy("cause", "seam_events_lost_total"), "Events lost: {{cause}}"),
    ),
    lines(
      { title: "Memory", description: "Resident memory of each program.", unit: "bytes" },
      query(ofPrograms("process_resident_memory_bytes"), "{{program}} {{instance}}"),
    ),
    lines(
      { title: "Processor", description: "Processors in use by each program.", unit: "short" },
      query(ofPrograms(`rate(process_cpu_seconds_total${OVER})`), "{{program}} {{instance}}"),
    ),
    lines(
      {
        title: "Lag of the event loop, p99",
        description:
          "How long a program was busy with something else when it should have answered.",
        unit: "s",
      },
      query(ofPrograms("nodejs_eventloop_lag_p99_seconds"), "{{program}} {{instance}}"),
    ),
  ],
};
