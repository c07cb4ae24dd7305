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
  const steps = scores(book, rules, { pod, lines });
  let top = 0;
  for (let at = 0; at < steps.length; at += 1) {
    steps[at] = Math.round((steps[at] ?? 0) / step);
    top = Math.max(top, steps[at] ?? 0);
  }
  const best = lines.filter((_, index) => steps[index] === top);
  return {
    fitting: lines.length,
    best: knownLongest(best, most).map(({ name }) => name),
  };
}

/** All lines, or the first so many by rank; few are wanted of many, so they are not sorted. */
function knownLongest(lines: readonly Line[], most: number): readonly Line[] {
  if (lines.length <= most) return lines;
  const kept: Line[] = [];
  let highest = -Infinity;
  for (const line of lines) {
    if (kept.length === most && line.rank > highest) continue;
    const place = kept.findLastIndex(({ rank }) => rank < line.rank) + 1;
    kept.splice(place, 0, line);
    kept.length = Math.min(kept.length, most);
    highest = kept.at(-1)?.rank ?? -Infinity;
  }
  return kept;
}
