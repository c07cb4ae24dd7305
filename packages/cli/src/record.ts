/** `seam record`: what pods send and are sent, beside their rates, over time, into a file. */
import { openSync, writeSync } from "node:fs";
import type { Mbps, Millis } from "@seam/base";
import {
  followRateUsage,
  formatError,
  type RateReport,
  readReservedRates,
  type Seam,
  type SeamError,
} from "@seam/client";
import type { Target } from "./definition.ts";
import { type RateFormat, rateHeader, rateRowsOf } from "./rate-file.ts";
import { fail, untilInterrupted, withSeam } from "./session.ts";

type RecordFlags = Target & {
  readonly for?: Millis;
  readonly every: Millis;
  readonly allNamespaces?: boolean;
};

/** The action of `seam record`. */
export async function record(file: string, flags: RecordFlags): Promise<void> {
  await withSeam(flags, async (seam) => {
    await untilInterrupted(async (interrupted) => {
      const limit = flags.for === undefined ? [] : [AbortSignal.timeout(flags.for)];
      await recordUntil(AbortSignal.any([interrupted, ...limit]), seam, { file, flags });
    });
  });
}

type Wish = { readonly file: string; readonly flags: RecordFlags };

async function recordUntil(signal: AbortSignal, seam: Seam, { file, flags }: Wish): Promise<void> {
  const format: RateFormat = file.endsWith(".jsonl") ? "jsonl" : "csv";
  const target = opened(file);
  if (typeof target !== "number") {
    fail(target);
    return;
  }
  const tell = teller();
  const isWanted = ({ namespace }: RateReport["items"][number]): boolean =>
    flags.allNamespaces === true || namespace === seam.namespace;
  writeSync(target, rateHeader(format));
  let samples = 0;
  for await (const report of followRateUsage(seam.kube, { between: flags.every, signal })) {
    if (!report.ok) {
      if (samples === 0) return fail(report.error);
      tell(report.error);
      continue;
    }
    const { items, silent, atMs } = report.value;
    for (const error of silent) tell(error);
    const reserved = await reservedOf(seam, tell);
    writeSync(target, rateRowsOf({ items: items.filter(isWanted), atMs }, reserved, format));
    samples += 1;
  }
  process.stderr.write(`recorded ${samples} looks\n`);
}

/** Members of projects may not read what is reserved of nodes; the column is empty then. */
async function reservedOf(
  seam: Seam,
  tell: (error: SeamError) => void,
): Promise<ReadonlyMap<string, Mbps> | null> {
  const reserved = await readReservedRates(seam.kube);
  if (reserved.ok) return reserved.value;
  tell(reserved.error);
  return null;
}

/** Tells each trouble once. */
function teller(): (error: SeamError) => void {
  const told = new Set<string>();
  return (error) => {
    const text = formatError(error);
    if (!told.has(text)) process.stderr.write(`seam: ${text}\n`);
    told.add(text);
  };
}

function opened(file: string): number | SeamError {
  try {
    return file === "-" ? 1 : openSync(file, "w");
  } catch (error) {
    return {
      code: "BadInput",
      message: `cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`,
      hint: "Name a file in a folder that exists, or - for standard output.",
      details: [],
    };
  }
}
