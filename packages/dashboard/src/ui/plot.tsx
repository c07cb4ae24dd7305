/** A figure over time. */
import "uplot/dist/uPlot.min.css";
import { type ReactElement, useEffect, useRef } from "react";
import uPlot from "uplot";
import type { Point } from "./figures.ts";
import { useShownTheme } from "./theme.ts";

type Props = { readonly title: string; readonly unit: string; readonly points: readonly Point[] };

const HEIGHT_PX = 280;

export function Plot({ title, unit, points }: Props): ReactElement {
  const host = useRef<HTMLDivElement>(null);
  const theme = useShownTheme();
  useEffect(() => {
    if (host.current === null) return;
    const ink = theme === "dark" ? "#b3bac4" : "#505a66";
    const grid = { stroke: theme === "dark" ? "#343a43" : "#e3e6ea" };
    const plot = new uPlot(
      {
        width: host.current.clientWidth || 800,
        height: HEIGHT_PX,
        series: [{}, { label: unit, stroke: theme === "dark" ? "#8ab4ff" : "#1d4ed8", width: 2 }],
        axes: [
          { stroke: ink, grid },
          { stroke: ink, grid, size: 70 },
        ],
      },
      [points.map(([x]) => x), points.map(([, y]) => y)],
      host.current,
    );
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) plot.setSize({ width: entry.contentRect.width, height: HEIGHT_PX });
    });
    observer.observe(host.current);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [points, theme, unit]);
  return <div ref={host} className="plot" role="img" aria-label={title} />;
}
