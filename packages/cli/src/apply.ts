/** `seam apply`: says what will be done, and creates or changes objects from YAML. */
import {
  type Applied,
  applyObjects,
  nameOf,
  planObjects,
  type Seam,
  type Source,
} from "@seam/client";
import type { Target } from "./definition.ts";
import { readSources } from "./input.ts";
import { planText } from "./plan-text.ts";
import { fail, print, withSeam } from "./session.ts";
import { printTable } from "./terminal.ts";

type ApplyFlags = Target & {
  readonly filename: readonly string[];
  readonly force?: boolean;
  readonly dryRun?: boolean;
};

/** The action of `seam apply`. */
export async function apply(options: ApplyFlags): Promise<void> {
  const sources = readSources(options.filename);
  if (!sources.ok) {
    fail(sources.error);
    return;
  }
  const { force = false, dryRun = false } = options;
  await withSeam(options, async (seam) => {
    await applySources(seam, sources.value, { force, dryRun });
  });
}

/** Says what will be done, and does it unless that was all that was asked for; the answer is what was applied. */
export async function applySources(
  seam: Seam,
  sources: readonly Source[],
  { force = false, dryRun }: { readonly force?: boolean; readonly dryRun: boolean },
): Promise<readonly Applied[]> {
  const how = { namespace: seam.namespace, force };
  const planned = await planObjects(seam.kube, sources, how);
  if (!planned.ok) {
    fail(planned.error);
    return [];
  }
  printTable(`${planText(planned.value)}${dryRun ? "; nothing was written" : "\n"}`);
  return dryRun ? [] : write(seam, sources, how);
}

async function write(
  { kube }: Seam,
  sources: readonly Source[],
  how: Parameters<typeof applyObjects>[2],
): Promise<readonly Applied[]> {
  const applied: Applied[] = [];
  for await (const event of applyObjects(kube, sources, how)) {
    switch (event.kind) {
      case "applied":
        applied.push(event);
        print(`${nameOf(event.ref)} ${event.outcome}`);
        break;
      case "waiting":
        print(event.message);
        break;
      case "failed":
        fail(event.error);
    }
  }
  return applied;
}
