/** Figures in documents whose form is not known, and their course as a drawing; pure. */

/** Every number of a document by its path, such as `cases.0.p99Ms`. */
export function figuresIn(document: unknown, path = ""): readonly (readonly [string, number])[] {
  if (typeof document === "number" && Number.isFinite(document)) return [[path, document]];
  if (typeof document !== "object" || document === null) return [];
  return Object.entries(document).flatMap(([key, value]) =>
    figuresIn(value, path === "" ? key : `${path}.${key}`),
  );
}

/** A point: seconds since 1970, and the figure then. */
export type Point = readonly [atSeconds: number, value: number];

const WIDTH = 800;
const HEIGHT = 300;
const MARGIN = 60;

/** A line through the points, with its axes' ends written on them. */
export function svgOf(title: string, points: readonly Point[]): string {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, right] = rangeOf(xs);
  const [low, high] = rangeOf([...ys, 0]);
  const at = ([x, y]: Point): string =>
    `${(MARGIN + ((x - left) / (right - left)) * (WIDTH - 2 * MARGIN)).toFixed(1)},${(HEIGHT - MARGIN - ((y - low) / (high - low)) * (HEIGHT - 2 * MARGIN)).toFixed(1)}`;
  const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 16);
  const label = (x: number, y: number, text: string): string =>
    `<text x="${x}" y="${y}" font-size="12">${escaped(text)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    label(MARGIN, 24, title),
    label(4, MARGIN, String(high)),
    label(4, HEIGHT - MARGIN, String(low)),
    label(MARGIN, HEIGHT - MARGIN + 20, day(left)),
    label(WIDTH - MARGIN - 90, HEIGHT - MARGIN + 20, day(right)),
    `<polyline fill="none" stroke="#1d4ed8" stroke-width="2" points="${points.map(at).join(" ")}"/>`,
    "</svg>\n",
  ].join("\n");
}

/** Never empty: one value stands in the middle of it. */
function rangeOf(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? [low - 1, high + 1] : [low, high];
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
