/** Results of benchmarks, and the course of any of their figures. */
import { getRouteApi } from "@tanstack/react-router";
import { lazy, type ReactElement, Suspense, useMemo, useState } from "react";
import { useRows } from "../api/pages.ts";
import type { Benchmark } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { Choice } from "../ui/field.tsx";
import { figuresIn, type Point, svgOf } from "../ui/figures.ts";
import { Moment, PageHead, Waiting } from "../ui/parts.tsx";
import { RowsTable } from "../ui/rows.tsx";
import { csvOf, saveFile } from "../ui/save-file.ts";
import type { Column } from "../ui/table.tsx";

const t = texts.benchmarks;
const route = getRouteApi("/projects/$project/benchmarks");
/** It is large, and loaded when it is needed. */
const Plot = lazy(async () => ({ default: (await import("../ui/plot.tsx")).Plot }));

const COLUMNS: readonly Column<Benchmark>[] = [
  { head: texts.name, cell: ({ name }) => name },
  { head: t.when, cell: ({ at }) => <Moment at={at} /> },
  { head: t.author, cell: ({ author }) => author },
  { head: t.figures, cell: ({ document }) => <Figures document={document} /> },
];

const Figures = ({ document }: { readonly document: unknown }): ReactElement => (
  <span className="small font-monospace">
    {figuresIn(document)
      .slice(0, 4)
      .map(([name, value]) => `${name}=${value}`)
      .join(" ")}
  </span>
);

export function BenchmarksPage(): ReactElement {
  const { project } = route.useParams();
  const rows = useRows("listBenchmarks", { path: { project }, query: { limit: 500 } });
  const data = rows.data ?? [];
  return (
    <>
      <PageHead title={t.title} about={t.about}>
        <button
          type="button"
          className="btn btn-outline-primary"
          disabled={data.length === 0}
          onClick={() => saveFile("benchmarks.csv", "text/csv", csvOf(linesOf(data)))}
        >
          {t.csv}
        </button>
      </PageHead>
      {data.length === 0 ? null : <Course results={data} />}
      <RowsTable
        rows={rows}
        caption={t.title}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        none={[t.none, t.noneTodo]}
      />
    </>
  );
}

const linesOf = (results: readonly Benchmark[]): readonly (readonly (string | number)[])[] => [
  ["at", "name", "author", "figure", "value"],
  ...results.flatMap(({ at, name, author, document }) =>
    figuresIn(document).map(([figure, value]) => [at, name, author, figure, value]),
  ),
];

const unique = (words: readonly string[]): readonly string[] => [...new Set(words)].toSorted();

function Course({ results }: { readonly results: readonly Benchmark[] }): ReactElement {
  const names = unique(results.map(({ name }) => name));
  const [name = "", setName] = useState(names[0]);
  const runs = results.filter((each) => each.name === name);
  const figures = unique(runs.flatMap(({ document }) => figuresIn(document).map(([key]) => key)));
  const [chosen, setFigure] = useState(figures[0] ?? "");
  const figure = figures.includes(chosen) ? chosen : (figures[0] ?? "");
  const points = useMemo(() => pointsOf(results, name, figure), [results, name, figure]);
  const title = `${name}: ${figure}`;
  if (figure === "") return <p>{t.noFigures}</p>;
  return (
    <section className="mb-4" aria-label={t.plot}>
      <div className="d-flex flex-wrap gap-3 align-items-end mb-2">
        <Choice
          id="benchmark"
          className=""
          label={texts.name}
          value={name}
          choices={names.map((each) => [each, each] as const)}
          onChoice={setName}
        />
        <Choice
          id="figure"
          className=""
          label={t.figure}
          value={figure}
          choices={figures.map((each) => [each, each] as const)}
          onChoice={setFigure}
        />
        <button
          type="button"
          className="btn btn-outline-primary"
          onClick={() => saveFile(`${name}.svg`, "image/svg+xml", svgOf(title, points))}
        >
          {t.svg}
        </button>
      </div>
      <Suspense fallback={<Waiting />}>
        <Plot title={`${title}, ${t.runs(name, points.length)}`} unit={figure} points={points} />
      </Suspense>
    </section>
  );
}

const pointsOf = (results: readonly Benchmark[], name: string, figure: string): readonly Point[] =>
  results
    .filter((each) => each.name === name)
    .flatMap(({ at, document }) =>
      figuresIn(document)
        .filter(([key]) => key === figure)
        .map(([, value]) => [Date.parse(at) / 1000, value] as const),
    )
    .toSorted(([left], [right]) => left - right);
