/** What is counted: answers, by question and outcome. */
import { Counter, type Registry } from "prom-client";

/** The counters. */
export type Meter = { readonly answered: (question: string, isAllowed: boolean) => void };

/** Registers the counters. */
export function createMeter(registry: Registry): Meter {
  const answers = new Counter({
    name: "seam_admission_answers_total",
    help: "Pods of projects that were judged by their bandwidth, by question and outcome.",
    labelNames: ["question", "outcome"],
    registers: [registry],
  });
  return {
    answered: (question, isAllowed) =>
      answers.inc({ question, outcome: isAllowed ? "allowed" : "refused" }),
  };
}
