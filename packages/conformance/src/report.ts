/** Reads Ginkgo's JSON reports: pure, from parsed JSON to what became of each wanted spec. */
import { fieldOf, itemsOf, numberOf, textOf } from "@seam/client";

import { type Exclusion, type SpecSet, isIn } from "./specs.ts";

/** What became of one spec. */
export type SpecResult = {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly seconds: number;
  /** Why it failed or was skipped; empty when it passed. */
  readonly reason: string;
};

type Seen = { readonly name: string; readonly state: string; readonly spec: unknown };

/** Full names of the specs that a report says to have run, sorted; of a dry run: of those that would. */
export const selectedSpecs = (report: unknown): readonly string[] =>
  seenIn(report)
    .filter(({ state }) => state === "passed")
    .map(({ name }) => name)
    .toSorted();

/** What became of each wanted spec; one that did not get its turn has failed. */
export function specResults(
  report: unknown,
  wanted: readonly string[],
  exclusions: readonly Exclusion[],
): readonly SpecResult[] {
  const seen = new Map(seenIn(report).map((each) => [each.name, each]));
  const unrun = suiteFailure(report) ?? "the run ended before it";
  return wanted.map((name) => {
    const excluded = exclusions.find(({ pattern }) => new RegExp(pattern).test(name));
    if (excluded !== undefined) {
      return { name, outcome: "skipped", seconds: 0, reason: excluded.reason };
    }
    const found = seen.get(name);
    if (found !== undefined && !isUnrun(found)) return resultOf(found);
    return { name, outcome: "failed", seconds: 0, reason: `it did not run: ${unrun}` };
  });
}

/** A spec that skips itself says why. */
const isUnrun = ({ state, spec }: Seen): boolean =>
  state === "skipped" && (textOf(spec, "Failure", "Message") ?? "") === "";

/** Why a suite ended before its specs. */
function suiteFailure(report: unknown): string | undefined {
  const failed = nodesOf(report).find(
    (node) => textOf(node, "LeafNodeType") !== "It" && textOf(node, "State") === "failed",
  );
  return failed === undefined ? undefined : textOf(failed, "Failure", "Message");
}

function nodesOf(report: unknown): readonly unknown[] {
  const suites: readonly unknown[] = Array.isArray(report) ? report : [];
  return suites.flatMap((suite) => itemsOf(suite, "SpecReports"));
}

function seenIn(report: unknown): readonly Seen[] {
  return nodesOf(report)
    .filter((spec) => textOf(spec, "LeafNodeType") === "It")
    .map((spec) => ({ name: nameOf(spec), state: textOf(spec, "State") ?? "", spec }));
}

function nameOf(spec: unknown): string {
  const containers = itemsOf(spec, "ContainerHierarchyTexts").map(String);
  return [...containers, textOf(spec, "LeafNodeText") ?? ""].join(" ").trim();
}

function resultOf({ name, state, spec }: Seen): SpecResult {
  const seconds = Math.round((numberOf(spec, "RunTime") ?? 0) / 1e9);
  if (state === "passed") return { name, outcome: "passed", seconds, reason: "" };
  const message = textOf(spec, "Failure", "Message") ?? "no message";
  const outcome = state === "skipped" ? "skipped" : "failed";
  return { name, outcome, seconds, reason: `${message} (${state} at ${placeOf(spec)})` };
}

function placeOf(spec: unknown): string {
  const file = textOf(spec, "Failure", "Location", "FileName");
  const line = fieldOf(spec, "Failure", "Location", "LineNumber");
  return file === undefined ? "an unknown place" : `${file}:${String(line)}`;
}

/** How many of a reason's lines are told; the whole of it stands in the report. */
const reasonLines = 15;

/**
 * The results as lines for people: what failed first, then what was skipped, each with the first lines of its reason, then
 * each set's sum.
 */
export function reportText(sets: readonly SpecSet[], results: readonly SpecResult[]): string {
  const lines = (["failed", "skipped"] as const).flatMap((outcome) =>
    ofOutcome(results, outcome).map(
      ({ name, reason }) => `${outcome}  ${name}\n        ${indented(reason)}`,
    ),
  );
  const sums = sets.map(
    (set) => `${set.name}: ${sumOf(results.filter(({ name }) => isIn(set, name)))}`,
  );
  return [...lines, ...sums].join("\n");
}

const ofOutcome = (
  results: readonly SpecResult[],
  outcome: SpecResult["outcome"],
): readonly SpecResult[] => results.filter((each) => each.outcome === outcome);

const sumOf = (results: readonly SpecResult[]): string =>
  (["passed", "failed", "skipped"] as const)
    .map((outcome) => `${ofOutcome(results, outcome).length} ${outcome}`)
    .join(", ");

function indented(text: string): string {
  const lines = text.trim().split("\n");
  const more = lines.length - reasonLines;
  const told = more <= 0 ? lines : [...lines.slice(0, reasonLines), `(${more} more lines)`];
  return told.join("\n        ");
}
