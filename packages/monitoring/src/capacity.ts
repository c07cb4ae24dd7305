/** Bandwidth of nodes, and who places and judges pods by it. */
import { type Page, lines, OVER, query, rateBy, slowest } from "./panels.ts";

const OF_NODES = '{node=~"$node",resource="network"}';

/** The page. */
export const bandwidth: Page = {
  name: "bandwidth",
  title: "Seam: bandwidth",
  variables: [{ label: "node", metric: "seam_bandwidth_used_mbps" }],
  panels: [
    lines(
      {
        title: "Reserved of nodes' network cards",
        description: "Mbit/s that pods have, out of pods (ul) and into them (dl).",
        unit: "Mbits",
      },
      query(`seam_bandwidth_used_mbps${OF_NODES}`, "{{node}} {{direction}}"),
    ),
    lines(
      {
        title: "Left at nodes' network cards",
        description: "Mbit/s that pods can still get.",
        unit: "Mbits",
      },
      query(`seam_bandwidth_remaining_mbps${OF_NODES}`, "{{node}} {{direction}}"),
    ),
    lines(
      {
        title: "Share that is reserved",
        description: "Above 90 % some pods have less kept free than they reserved (rates.md).",
        unit: "percentunit",
      },
      query(
        `seam_bandwidth_used_mbps${OF_NODES} / (seam_bandwidth_used_mbps${OF_NODES} + seam_bandwidth_remaining_mbps${OF_NODES})`,
        "{{node}} {{direction}}",
      ),
    ),
    lines(
      {
        title: "Pods that wait for bandwidth",
        description: "No node has what they ask for; `seam describe pod` names what is missing.",
        unit: "short",
      },
      query("sum(seam_scheduling_waiting_pods)", "waiting"),
      query(`sum(rate(seam_scheduling_wakes_total${OVER}))`, "woken in a second"),
    ),
    lines(
      {
        title: "Questions of kube-scheduler",
        description: "By verb; refused ones were answered with an error.",
        unit: "reqps",
      },
      query(rateBy("verb, result", "seam_scheduling_questions_total"), "{{verb}} {{result}}"),
    ),
    lines(
      {
        title: "Time of answers to kube-scheduler, p99",
        description: "A bind takes as long as the API server does.",
        unit: "s",
      },
      query(slowest("verb", "seam_scheduling_question_duration_seconds"), "{{verb}}"),
    ),
    lines(
      {
        title: "Pods of projects, judged at admission",
        description: "By question and outcome; a refusal names the quota or limit.",
        unit: "reqps",
      },
      query(
        rateBy("question, outcome", "seam_admission_answers_total"),
        "{{question}} {{outcome}}",
      ),
    ),
  ],
};
