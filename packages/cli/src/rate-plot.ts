/**
 * Rates over time as a drawing: a panel for each direction of each pod, one under the other, with what is reserved, offered and measured.
 * First the drawing as data (Vega-Lite), then the SVG of it. Grey words and a transparent ground are read on light and on dark pages.
 */
import { err, ok, type Result } from "@seam/base";
import type { SeamError } from "@seam/client";
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

import type { RatePoint } from "./rate-file.ts";

const GREY = "#767676";
/** How each series is drawn, in this order; others follow as thin lines in further colours. */
const SERIES = [
  { name: "reserved", colour: "#3aa76d" },
  { name: "limit", colour: GREY },
  { name: "offered", colour: "#e6842a" },
  { name: "measured", colour: "#2f86c6" },
] as const;
const OTHERS = ["#a05fc0", "#c0588c", "#8a8f3a", "#767676"] as const;
/** More panels are no drawing any more. */
const MOST_PANELS = 24;
const WIDTH = 640;
const HEIGHT = 110;

/** A point as it is drawn. */
type Drawn = {
  readonly panel: string;
  readonly series: string;
  /** Since the full second of the first point. */
  readonly seconds: number;
  readonly mbps: number;
};

/** The drawing of points as a specification of Vega-Lite; only of some pods when they are named. */
export function ratePlot(
  points: readonly RatePoint[],
  pods: readonly string[] = [],
): Result<TopLevelSpec, SeamError> {
  const chosen = pods.length === 0 ? points : points.filter(({ pod }) => pods.includes(pod));
  const values = drawnOf(chosen);
  const panels = [...new Set(values.map(({ panel }) => panel))].toSorted(inOrder);
  if (panels.length === 0) return err(nothingToDraw(points));
  if (panels.length > MOST_PANELS) return err(tooMany(panels.length));
  return ok(specOf(values, panels, startOf(chosen)));
}

/** The full second in or before which the points begin, milliseconds since the epoch. */
const startOf = (points: readonly RatePoint[]): number =>
  Math.floor(points.reduce((least, { atMs }) => Math.min(least, atMs), Infinity) / 1000) * 1000;

/** web-2 comes before web-10. */
const inOrder = (one: string, other: string): number =>
  one.localeCompare(other, "en", { numeric: true });

/** The SVG of a specification. */
export async function drawSvg(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(spec).spec), { renderer: "none" });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}

function drawnOf(points: readonly RatePoint[]): readonly Drawn[] {
  const startMs = startOf(points);
  const homes = new Map(
    points.flatMap(({ pod, namespace }) => (namespace === null ? [] : [[pod, namespace]])),
  );
  const namespaceOf = ({ namespace, pod }: RatePoint): string | null =>
    namespace ?? homes.get(pod) ?? null;
  const isMixed = new Set(points.map(namespaceOf)).size > 1;
  return points.map((point) => {
    const place = isMixed ? `${namespaceOf(point) ?? ""}/` : "";
    return {
      panel: `${place}${point.pod} ${point.direction}`,
      series: point.series,
      seconds: (point.atMs - startMs) / 1000,
      mbps: point.mbps,
    };
  });
}

/** The series that there are, in the order of the legend, with their colours. */
function paletteOf(values: readonly Drawn[]): readonly { name: string; colour: string }[] {
  const names = new Set(values.map(({ series }) => series));
  const known = SERIES.filter(({ name }) => names.has(name));
  const others = [...names].filter((name) => SERIES.every((each) => each.name !== name)).toSorted();
  return [
    ...known,
    ...others.map((name, index) => ({ name, colour: OTHERS[index % OTHERS.length] ?? GREY })),
  ];
}

const startText = (startMs: number): string => new Date(startMs).toISOString().replace(".000", "");

type Layer = Extract<TopLevelSpec, { layer: unknown }>["layer"][number];

/** A series as steps or as a line. */
function layerOf(name: string): Layer {
  const transform = [{ filter: { field: "series", equal: name } }];
  switch (name) {
    case "reserved":
      return { transform, mark: { type: "area", interpolate: "step-after", opacity: 0.22 } };
    case "limit":
      return {
        transform,
        mark: { type: "line", interpolate: "step-after", strokeDash: [5, 3], strokeWidth: 1.2 },
      };
    case "measured":
      // A look is about the time before it.
      return { transform, mark: { type: "line", interpolate: "step-before", strokeWidth: 2 } };
    default:
      return { transform, mark: { type: "line", interpolate: "step-after", strokeWidth: 1.4 } };
  }
}

function specOf(
  values: readonly Drawn[],
  panels: readonly string[],
  startMs: number,
): TopLevelSpec {
  const palette = paletteOf(values);
  const scale = {
    domain: palette.map(({ name }) => name),
    range: palette.map(({ colour }) => colour),
  };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    data: { values: values.map((value) => ({ ...value })) },
    facet: { row: { field: "panel", type: "nominal", title: null, sort: [...panels] } },
    spec: {
      width: WIDTH,
      height: HEIGHT,
      encoding: {
        x: { field: "seconds", type: "quantitative", title: `seconds since ${startText(startMs)}` },
        y: { field: "mbps", type: "quantitative", title: "Mbit/s" },
        color: { field: "series", type: "nominal", title: null, scale },
      },
      layer: palette.map(({ name }) => layerOf(name)),
    },
    resolve: { scale: { y: "independent" } },
    config: CONFIG,
  };
}

const CONFIG: NonNullable<TopLevelSpec["config"]> = {
  background: "transparent",
  font: "sans-serif",
  view: { stroke: GREY, strokeOpacity: 0.4 },
  axis: {
    labelColor: GREY,
    titleColor: GREY,
    domainColor: GREY,
    tickColor: GREY,
    gridColor: GREY,
    gridOpacity: 0.25,
    titleFontWeight: "normal",
    labelFontSize: 11,
    titleFontSize: 11,
  },
  header: {
    labelOrient: "top",
    labelAnchor: "start",
    labelAngle: 0,
    labelColor: GREY,
    labelFontSize: 12,
    labelFontWeight: "bold",
    labelPadding: 2,
  },
  legend: {
    orient: "top",
    direction: "horizontal",
    labelColor: GREY,
    labelFontSize: 12,
    symbolType: "stroke",
    symbolStrokeWidth: 4,
    symbolOpacity: 1,
  },
};

function nothingToDraw(points: readonly RatePoint[]): SeamError {
  const names = [...new Set(points.map(({ pod }) => pod))].toSorted();
  const known = names.length === 0 ? "the files have none" : `the files have ${names.join(", ")}`;
  return {
    code: "BadInput",
    message: `expected rates of at least one pod; ${known}`,
    hint: "Only pods with a rate are recorded; name some that are in the files.",
    details: [],
  };
}

const tooMany = (count: number): SeamError => ({
  code: "BadInput",
  message: `expected at most ${MOST_PANELS} directions of pods in one drawing; found ${count}`,
  hint: "Choose some pods with --pod NAME...",
  details: [],
});
