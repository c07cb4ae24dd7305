/** `seam plot`: recorded rates, and tables of others, as an SVG. */
import { readFileSync, writeFileSync } from "node:fs";
import { err, type Result } from "@seam/base";
import type { SeamError } from "@seam/client";
import { type RatePoint, readRates } from "./rate-file.ts";
import { drawSvg, ratePlot } from "./rate-plot.ts";
import { fail, print } from "./session.ts";

type PlotFlags = { readonly svg?: string; readonly pod?: readonly string[] };

/** The action of `seam plot`. */
export async function plot(files: readonly string[], flags: PlotFlags): Promise<void> {
  const points: RatePoint[] = [];
  for (const file of files) {
    const read = readRateFile(file);
    if (!read.ok) {
      fail(read.error);
      return;
    }
    points.push(...read.value);
  }
  const spec = ratePlot(points, flags.pod);
  if (!spec.ok) {
    fail(spec.error);
    return;
  }
  const svg = await drawSvg(spec.value);
  if (flags.svg === undefined) print(svg.trimEnd());
  else writeFileSync(flags.svg, svg);
}

function readRateFile(file: string): Result<readonly RatePoint[], SeamError> {
  try {
    return readRates(file, readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = "Name a file that seam record has made, or - for standard input.";
    return err({ code: "BadInput", message: `cannot read ${file}: ${why}`, hint, details: [] });
  }
}
