/** Metrics of the extender: what was asked, how it was answered, how long that took. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** The questions of kube-scheduler. */
export type Verb = "filter" | "prioritize" | "preempt" | "bind";

/** Measures. */
export type Meter = {
  /** Starts the clock of a question; call the answer with how it ended. */
  readonly start: (verb: Verb) => (result: "answered" | "refused") => void;
  readonly setLeading: (leading: boolean) => void;
  /** A waiting pod was touched. */
  readonly woke: () => void;
};

/** A meter that writes to `registry`; `waiting` counts the pods that wait for bandwidth. */
export function createMeter(registry: Registry, waiting: () => number): Meter {
  const registers = [registry];
  const questions = new Counter({
    name: "seam_scheduling_questions_total",
    help: "Questions of kube-scheduler, by verb and whether the answer was an error (refused).",
    labelNames: ["verb", "result"],
    registers,
  });
  const seconds = new Histogram({
    name: "seam_scheduling_question_duration_seconds",
    help: "Time that an answer to kube-scheduler took, by verb.",
    labelNames: ["verb"],
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1, 5],
    registers,
  });
  const leading = new Gauge({
    name: "seam_scheduling_leading",
    help: "1 in the process that answers kube-scheduler, 0 in those that stand by.",
    registers,
  });
  const wakes = new Counter({
    name: "seam_scheduling_wakes_total",
    help: "Waiting pods that were touched because a node has bandwidth for them.",
    registers,
  });
  registry.registerMetric(
    new Gauge({
      name: "seam_scheduling_waiting_pods",
      help: "Pods that no node had bandwidth for when kube-scheduler last asked.",
      registers: [],
      collect() {
        this.set(waiting());
      },
    }),
  );
  return {
    start: (verb) => {
      const stop = seconds.startTimer({ verb });
      return (result) => {
        stop();
        questions.inc({ verb, result });
      };
    },
    setLeading: (is) => leading.set(is ? 1 : 0),
    woke: () => wakes.inc(),
  };
}
