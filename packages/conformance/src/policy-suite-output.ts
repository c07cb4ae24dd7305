/** Reads what a Go test program writes with `-test.v=test2json`: pure, from its text to what became of each part of its tests. */
import type { SpecResult } from "./report.ts";
import { policySuite } from "./specs.ts";

type Outcome = "PASS" | "FAIL" | "SKIP";

type Part = {
  /** Names of the test and what it is part of: the program's one test, the suite's test, the part. */
  readonly name: string;
  outcome: Outcome | undefined;
  seconds: number;
  readonly lines: string[];
};

/** Go puts this control character before its own lines. */
const FRAME = "\u0016";

/** What became of each part; whatever did not run or did not end has failed. */
export function policySuiteResults(text: string): readonly SpecResult[] {
  const parts = partsIn(text);
  const names = parts.map(({ name }) => name);
  const failed = parts.filter(({ outcome }) => outcome !== "PASS" && outcome !== "SKIP");
  const isTold = ({ name, outcome }: Part): boolean =>
    !names.some((each) => each.startsWith(`${name}/`)) ||
    // Making or deleting what a test needs can fail although none of its parts did.
    (outcome !== "PASS" && !failed.some((each) => each.name.startsWith(`${name}/`)));
  const results = parts.filter(isTold).flatMap(resultsOf);
  const ran = names.filter((name) => name.split("/").length === 2).length;
  return ran === policySuite.count ? results : [...results, missing(ran, text)];
}

function partsIn(text: string): readonly Part[] {
  const parts = new Map<string, Part>();
  const partOf = (name: string): Part => {
    const known = parts.get(name) ?? { name, outcome: undefined, seconds: 0, lines: [] };
    parts.set(name, known);
    return known;
  };
  let current: Part | undefined;
  for (const line of text.split("\n")) {
    const event = line.startsWith(FRAME) ? line.slice(FRAME.length).trim() : undefined;
    if (event === undefined) {
      current?.lines.push(line);
      continue;
    }
    const [, started] = /^=== (?:RUN|NAME|CONT|PAUSE) +(\S+)$/.exec(event) ?? [];
    const [, outcome, ended, seconds] =
      /^--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)$/.exec(event) ?? [];
    const name = started ?? ended;
    if (name === undefined) continue;
    current = partOf(name);
    if (isOutcome(outcome))
      Object.assign(current, { outcome, seconds: Math.round(Number(seconds)) });
  }
  return [...parts.values()];
}

const isOutcome = (text: string | undefined): text is Outcome =>
  text === "PASS" || text === "FAIL" || text === "SKIP";

/** What became of the part, and of its probes that were left out. */
function resultsOf(part: Part): readonly SpecResult[] {
  const result = resultOf(part);
  const leftOut = part.lines.filter((line) => line.includes("left out: ")).length;
  if (leftOut === 0) return [result];
  const reason = `the kernel has no SCTP sockets; probes over SCTP that were not made: ${leftOut}`;
  const skipped: SpecResult = { ...result, outcome: "skipped", reason };
  const made = part.lines.some((line) => line.includes("made: "));
  if (!made && result.outcome === "passed") return [skipped];
  return [result, { ...skipped, name: `${result.name}, over SCTP`, seconds: 0 }];
}

function resultOf(part: Part): SpecResult {
  const { seconds, outcome } = part;
  const name = specName(part.name);
  if (outcome === "PASS") return { name, outcome: "passed", seconds, reason: "" };
  const reason = reasonOf(part);
  if (outcome === "SKIP") return { name, outcome: "skipped", seconds, reason };
  if (outcome === undefined) {
    return { name, outcome: "failed", seconds, reason: `it did not end: ${reason}` };
  }
  return { name, outcome: "failed", seconds, reason };
}

/** The part's name for people: Go writes underscores for spaces. */
const specName = (name: string): string => {
  const [, ...own] = name.split("/");
  return `[${policySuite.name}] ${own.join(" ").replaceAll("_", " ")}`.trim();
};

/** What the part wrote, each line once: a probe tells the same every time that it is tried. */
const reasonOf = ({ lines }: Part): string =>
  [...new Set(lines.map((line) => line.trim().replace(/^\w+\.go:\d+: /, "")))]
    .filter((line) => line !== "")
    .join("\n");

/** How many of the last lines are told when tests are missing. */
const lastLines = 8;

function missing(ran: number, text: string): SpecResult {
  const last = text.replaceAll(FRAME, "").trim().split("\n").slice(-lastLines).join("\n");
  const reason = `expected ${policySuite.count} tests, ${ran} ran; the last lines:\n${last}`;
  return { name: `[${policySuite.name}] all tests`, outcome: "failed", seconds: 0, reason };
}
