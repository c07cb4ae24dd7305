/** What every `seam bench NAME --json` prints: one document, each statistic with a target as a case of its own. */
import { arch, cpus, release, totalmem, type as systemType } from "node:os";

/** Statistics of one side; all in the unit of the case. */
export type Statistics = {
  readonly p50: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
  readonly n: number;
};

/** One statistic of Seam against a named peer of the same run. */
export type Case = {
  readonly case: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  readonly peer: string;
  readonly seam: Statistics;
  readonly peerResult: Statistics;
  /** Seam's figure over the peer's: the median of the interleaved rounds' ratios. */
  readonly ratio: number;
};

/** What the peer has nothing of, such as the memory of an agent. */
export type Figure = {
  readonly figure: string;
  readonly unit: string;
  readonly value: number;
  /** What it must not exceed; null when nothing is aimed at. */
  readonly target: number | null;
};

/** The document of one benchmark. */
export type BenchDocument = {
  readonly name: string;
  readonly environment: { readonly [key: string]: string | number };
  readonly cases: readonly Case[];
  readonly figures?: readonly Figure[];
};

/** One round: samples of both sides, taken in turn. */
export type BenchRound = { readonly seam: readonly number[]; readonly peer: readonly number[] };

/** What a case says beside its figures. */
export type CaseNames = Pick<Case, "unit" | "better" | "peer"> & { readonly what: string };

/** One statistic of interleaved rounds as a case called WHAT. */
export const caseOf = (
  names: CaseNames,
  statistic: "p50" | "p99",
  rounds: readonly BenchRound[],
): Case => ({
  case: names.what,
  unit: names.unit,
  better: names.better,
  peer: names.peer,
  seam: statisticsOf(rounds.flatMap(({ seam }) => seam)),
  peerResult: statisticsOf(rounds.flatMap(({ peer }) => peer)),
  ratio: rounded(
    quantile(
      rounds.map(({ seam, peer }) => statisticsOf(seam)[statistic] / statisticsOf(peer)[statistic]),
      0.5,
    ),
  ),
});

/** The cases `WHAT p50` and `WHAT p99` of interleaved rounds. */
export const casesOf = (names: CaseNames, rounds: readonly BenchRound[]): readonly Case[] =>
  (["p50", "p99"] as const).map((statistic) =>
    caseOf({ ...names, what: `${names.what} ${statistic}` }, statistic, rounds),
  );

/** Statistics of samples; all zero for none. */
export const statisticsOf = (samples: readonly number[]): Statistics => ({
  p50: rounded(quantile(samples, 0.5)),
  p99: rounded(quantile(samples, 0.99)),
  min: rounded(quantile(samples, 0)),
  max: rounded(quantile(samples, 1)),
  n: samples.length,
});

/** The value below which the given share of the samples lies: nearest rank. */
function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((left, right) => left - right);
  const rank = Math.max(0, Math.ceil(share * sorted.length) - 1);
  return sorted[rank] ?? 0;
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** The machine, so that a result can be read later. */
export const environmentOf = (
  more: BenchDocument["environment"],
): BenchDocument["environment"] => ({
  system: `${systemType()} ${release()} ${arch()}`,
  processor: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  date: new Date().toISOString(),
  ...more,
});

/** The cases as lines for people. */
export function benchTable({ name, cases, figures = [] }: BenchDocument): string {
  const lines = cases.map(({ case: what, unit, peer, seam, peerResult, ratio }) => {
    const statistic = what.endsWith("p99") ? "p99" : "p50";
    const both = `seam ${seam[statistic]} ${unit}, peer ${peerResult[statistic]} ${unit}, n ${seam.n}`;
    return `${what.padEnd(24)} ratio ${ratio.toFixed(2)}   ${both}   (peer: ${peer})`;
  });
  const alone = figures.map(({ figure, unit, value, target }) => {
    const aim = target === null ? "" : `   (target: at most ${target} ${unit})`;
    return `${figure.padEnd(24)} ${value} ${unit}${aim}`;
  });
  return [`seam bench ${name}`, ...lines, ...alone].join("\n");
}
