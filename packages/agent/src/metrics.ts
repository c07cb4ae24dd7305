/** The agent's own figures, in Prometheus' form. */
import type { Result } from "@seam/base";
import type { KernelError } from "@seam/kernel";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

import type { CniAnswer, Command } from "./cni-message.ts";
import type { PodFastPath } from "./fast-path.ts";
import type { Store } from "./store.ts";

/** Where the agent counts. */
export type AgentMetrics = {
  /** Carries out a CNI command and measures it. */
  readonly timeCni: (command: Command, work: () => Promise<CniAnswer>) => Promise<CniAnswer>;
  /** Starts the clock of a round; call the answer with the steps that it took. */
  readonly startRound: () => (steps: RoundSteps) => void;
  /** Starts the clock of a change of policies; call the answer with what was written, null for nothing. */
  readonly startPolicyChange: () => (result: Result<unknown, KernelError>) => void;
};

/** Steps of one round. */
type RoundSteps = {
  readonly applied: number;
  readonly failed: number;
  /** Of the applied ones, those that undid a change from outside. */
  readonly drifted: number;
};

/** What is asked at each scrape. */
type Counted = {
  readonly store: Pick<Store, "attachments">;
  readonly fastPath: Pick<PodFastPath, "links">;
};

/** Registers the agent's metrics. */
export function createAgentMetrics(registry: Registry, { store, fastPath }: Counted): AgentMetrics {
  const registers = [registry];
  const seconds = new Histogram({
    name: "seam_cni_duration_seconds",
    help: "Time that a CNI command took in the agent; code 0 is success.",
    labelNames: ["command", "code"],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    registers,
  });
  const interfaces = new Gauge({
    name: "seam_pod_interfaces",
    help: "Pod interfaces of this node.",
    collect() {
      this.set(store.attachments().length);
    },
  });
  registry.registerMetric(interfaces);
  registry.registerMetric(
    new Gauge({
      name: "seam_fast_path_links",
      help: "Pod interfaces whose established flows to pods of this node skip the node's network stack.",
      collect() {
        this.set(fastPath.links());
      },
    }),
  );
  return {
    timeCni: async (command, work) => {
      const stop = seconds.startTimer({ command });
      const answer = await work();
      stop({ code: answer.ok ? 0 : answer.error.code });
      return answer;
    },
    startRound: roundMeter(registry),
    startPolicyChange: policyMeter(registry),
  };
}

function policyMeter(registry: Registry): AgentMetrics["startPolicyChange"] {
  const seconds = new Histogram({
    name: "seam_policy_change_duration_seconds",
    help: "Time from what changed in objects and interfaces to the kernel having it, by how it ended.",
    labelNames: ["outcome"],
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5],
    registers: [registry],
  });
  return () => {
    const stop = seconds.startTimer();
    return (result) => {
      if (!result.ok || result.value !== null) stop({ outcome: result.ok ? "done" : "failed" });
    };
  };
}

function roundMeter(registry: Registry): AgentMetrics["startRound"] {
  const registers = [registry];
  const steps = new Counter({
    name: "seam_node_steps_total",
    help: "Steps that reconciliation took on the node.",
    labelNames: ["outcome"],
    registers,
  });
  const rounds = new Histogram({
    name: "seam_reconcile_duration_seconds",
    help: "Time that a round of reconciliation took, by how it ended.",
    labelNames: ["outcome"],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    registers,
  });
  const success = new Gauge({
    name: "seam_reconcile_last_success_timestamp_seconds",
    help: "When the node was last as it should be, in seconds since 1970; 0 when it never was.",
    registers,
  });
  const drift = new Counter({
    name: "seam_node_drift_steps_total",
    help: "Steps that undid changes made by something else than Seam.",
    registers,
  });
  return () => {
    const stop = rounds.startTimer();
    return ({ applied, failed, drifted }) => {
      stop({ outcome: failed === 0 ? "done" : "failed" });
      steps.inc({ outcome: "applied" }, applied);
      steps.inc({ outcome: "failed" }, failed);
      drift.inc(drifted);
      if (failed === 0) success.setToCurrentTime();
    };
  };
}
