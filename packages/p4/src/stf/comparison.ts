/** Comparisons of numbers in STF files. */
import { type Line, literal, need } from "./line.ts";
import type { Comparison, Relation } from "./statement.ts";

const relations: ReadonlyMap<string, Relation> = new Map(
  (["==", "!=", "<=", "<", ">=", ">"] as const).map((each) => [each, each]),
);

/** A relation and the number on its right. */
export function commandComparison(line: Line): Comparison {
  const word = need(line, /==|!=|<=|<|>=|>/y, "==, !=, <=, <, >= or >");
  return { relation: relations.get(word) ?? "==", value: literal(line).value };
}

/** What a counter counts, and what that number is compared with. */
export function countComparison(line: Line): {
  readonly unit: "packets" | "bytes";
  readonly comparison: Comparison;
} {
  const unit = need(line, /packets|bytes/iy, "packets or bytes").toLowerCase();
  return { unit: unit === "bytes" ? "bytes" : "packets", comparison: commandComparison(line) };
}

/** Whether a number compares as it should. */
export function holds(value: bigint, { relation, value: other }: Comparison): boolean {
  switch (relation) {
    case "==":
      return value === other;
    case "!=":
      return value !== other;
    case "<=":
      return value <= other;
    case "<":
      return value < other;
    case ">=":
      return value >= other;
    case ">":
      return value > other;
  }
}
