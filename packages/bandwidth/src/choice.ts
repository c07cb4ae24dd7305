/** Which nodes are best for a pod, of very many: one look at each (V10, V11). */
import type { Book, Line } from "./book.ts";
import { hasRoom } from "./fit.ts";
import type { LedgerRules, PodFacts } from "./model.ts";
import { scores } from "./score.ts";

/** What is asked. */
export type ChoiceQuestion = {
  readonly pod: PodFacts;
  readonly nodes: readonly string[];
  /** Scores are rounded to multiples of this: 10 for tenths, Infinity for no difference between nodes. */
  readonly step: number;
  /** How many nodes are wanted at most. */
  readonly most: number;
};

/** The answer. */
export type Choice = {
  /** How many of the nodes have room. */
  readonly fitting: number;
  /** Those with the best score, as many as are wanted; those that have been known for longest when there are more. */
  readonly best: readonly string[];
};

/** Chooses. The pod must not be placed. */
export function choose(
  book: Book,
  rules: LedgerRules,
  { pod, nodes, step, most }: ChoiceQuestion,
): Choice {
  const lines: Line[] = [];
  const tally = book.tallies.get(pod.group.uid);
  for (const node of nodes) {
    const line = book.lines.get(node);
    if (line !== undefined && hasRoom(book, rules, { pod, tally, line })) lines.push(line);
  }
  const steps = scores(book, rules, { pod, lines }).map((score) => Math.round(score / step));
  const top = steps.reduce((max, each) => Math.max(max, each), 0);
  const best = lines.filter((_, index) => steps[index] === top);
  if (best.length > most) best.sort((one, other) => one.rank - other.rank);
  return { fitting: lines.length, best: best.slice(0, most).map(({ name }) => name) };
}
