/** `seam plan`: what applying would do; nothing is written. */
import { type Plan, planObjects } from "@seam/client";
import type { Target } from "./definition.ts";
import { readSources } from "./input.ts";
import { planDifference, planText } from "./plan-text.ts";
import { fail, print, withSeam } from "./session.ts";
import { printTable } from "./terminal.ts";

type PlanFlags = Target & {
  readonly filename: readonly string[];
  readonly output: "table" | "json" | "diff";
  readonly force?: boolean;
};

/** The action of `seam plan`. */
export async function plan({ filename, output, force, ...target }: PlanFlags): Promise<void> {
  const sources = readSources(filename);
  if (!sources.ok) {
    fail(sources.error);
    return;
  }
  await withSeam(target, async ({ kube, namespace }) => {
    const planned = await planObjects(kube, sources.value, { namespace, force: force === true });
    if (planned.ok) show(planned.value, output);
    else fail(planned.error);
  });
}

function show(planned: Plan, output: PlanFlags["output"]): void {
  switch (output) {
    case "json":
      print(JSON.stringify(planned, null, 2));
      break;
    case "diff": {
      const difference = planDifference(planned);
      if (difference !== "") print(difference);
      break;
    }
    case "table":
      printTable(`${planText(planned)}; nothing was written`);
  }
}
