/** `seam traffic`: measures an experiment's traffic and shows it beside that of the hosts. */
import { measureTraffic, renderTraffic, type Seam, type TrafficRow } from "@seam/client";
import type { Target } from "./definition.ts";
import { fail, print, withSeam } from "./session.ts";

type TrafficFlags = Target & { readonly seconds: number; readonly output: "table" | "json" };

/** The action of `seam traffic`. */
export async function traffic(name: string, flags: TrafficFlags): Promise<void> {
  await withSeam(flags, async (seam) => {
    const rows = await collect(seam, name, flags.seconds);
    if (rows.length === 0) return;
    print(flags.output === "json" ? JSON.stringify({ rows }, null, 2) : renderTraffic(rows));
  });
}

/** All rows; an interrupt ends the measuring, which deletes what it made, and keeps what is known. */
async function collect(seam: Seam, name: string, seconds: number): Promise<readonly TrafficRow[]> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt);
  const rows: TrafficRow[] = [];
  const options = { seconds, signal: stop.signal };
  for await (const event of measureTraffic(seam, { name }, options)) {
    switch (event.kind) {
      case "measuring": {
        const { from, to } = event.route;
        const which = `${from.pod} > ${to.pod}, ${event.route.family}, ${event.route.place}`;
        process.stderr.write(`measuring ${event.index + 1} of ${event.count}: ${which}\n`);
        break;
      }
      case "row":
        rows.push(event.row);
        break;
      case "failed":
        fail(event.error);
    }
  }
  process.off("SIGINT", interrupt);
  if (stop.signal.aborted) process.exitCode = 1;
  return rows;
}
