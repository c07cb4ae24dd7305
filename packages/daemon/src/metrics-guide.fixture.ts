/** Compares what a running program exposes with the table in `docs/guide/metrics.md` (`@seam/daemon/testing`). */
import { readFileSync } from "node:fs";

/** A metric of Seam's own: `TYPE: HELP`, by name, and the names of its labels as far as samples show them. */
export type ToldMetrics = {
  readonly metrics: { readonly [name: string]: string };
  readonly labels: { readonly [name: string]: readonly string[] };
};

const GUIDE = new URL("../../../docs/guide/metrics.md", import.meta.url);

/** The guide's rows about `program`. */
export function metricsInGuide(
  program: "agent" | "api" | "controller" | "server" | "scheduling",
): ToldMetrics {
  const rows = readFileSync(GUIDE, "utf8")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter(([, name, , , of]) => name?.startsWith("`seam_") === true && of !== undefined)
    .filter(([, , , , of]) => of === "all" || of === program);
  const plain = (cell = ""): string => cell.replaceAll("`", "");
  return {
    metrics: Object.fromEntries(
      rows.map(([, name, type, , , help]) => [plain(name), `${type}: ${help}`]),
    ),
    labels: Object.fromEntries(
      rows.map(([, name, , labels]) => [
        plain(name),
        plain(labels)
          .split(", ")
          .filter((label) => label !== ""),
      ]),
    ),
  };
}

/** What the program at `port` of `host` exposes. */
export async function exposedMetrics(port: number, host = "127.0.0.1"): Promise<ToldMetrics> {
  const answer = await fetch(`http://${host}:${port}/metrics`);
  const lines = (await answer.text()).split("\n");
  const said = (word: string): ReadonlyMap<string, string> =>
    new Map(
      lines.flatMap((line) => {
        const parts = new RegExp(`^# ${word} (seam_\\w+) (.*)$`).exec(line);
        return parts === null ? [] : [[parts[1] ?? "", parts[2] ?? ""] as const];
      }),
    );
  const help = said("HELP");
  const metrics = Object.fromEntries(
    [...said("TYPE")].map(([name, type]) => [name, `${type}: ${help.get(name) ?? ""}`]),
  );
  return {
    metrics,
    labels: Object.fromEntries(
      Object.keys(metrics).map((name) => [name, labelsOf(lines, name)] as const),
    ),
  };
}

/** `le` is of every histogram. */
function labelsOf(lines: readonly string[], name: string): readonly string[] {
  const samples = new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `);
  const labels = lines.flatMap((line) =>
    [...(samples.exec(line)?.[1] ?? "").matchAll(/(\w+)="/g)].map(([, label]) => label ?? ""),
  );
  return [...new Set(labels)].filter((label) => label !== "le");
}
