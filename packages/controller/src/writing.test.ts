/** How many requests of one pass are under way at once. */
import { setTimeout as sleep } from "node:timers/promises";
import { err, ok } from "@seam/base";
import { observeExperiment, planChildren } from "@seam/compose";
import { apiError, type KubeObject } from "@seam/kube";
import { expect, test } from "vitest";
import { writeChildren, type Writer } from "./writing.ts";

const experimentOf = (workloads: number): ReturnType<typeof observeExperiment> =>
  observeExperiment({
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Experiment",
    metadata: { name: "e", namespace: "lab", uid: "e" },
    spec: {
      workloads: Array.from({ length: workloads }, (_, at) => ({ name: `w${at}`, image: "i" })),
    },
  });

/** Writes what is wanted to a server that answers each request later than the one before; what it saw. */
async function writeTo(
  workloads: number,
  answer: (object: KubeObject) => Awaited<ReturnType<Writer["apply"]>>,
): Promise<{ readonly applied: number; readonly most: number; readonly result: unknown }> {
  const experiment = experimentOf(workloads);
  const seen = { applied: 0, open: 0, most: 0 };
  const never = async (): Promise<never> => {
    throw new Error("not asked for");
  };
  const client: Writer = {
    get: never,
    list: never,
    applyStatus: never,
    delete: never,
    apply: async (object) => {
      seen.applied += 1;
      seen.open += 1;
      seen.most = Math.max(seen.most, seen.open);
      await sleep(seen.applied);
      seen.open -= 1;
      return answer(object);
    },
  };
  const changes = planChildren({ experiment, children: [], pods: [], now: 0 });
  const writing = { client, markAt: async () => ok(null) };
  const result = await writeChildren(writing, experiment.identity, changes);
  return { applied: seen.applied, most: seen.most, result };
}

test.each([
  [5, 10],
  [30, 16],
])("of %i workloads %i objects are written at once", async (workloads, most) => {
  expect(await writeTo(workloads, ok)).toEqual({ applied: 2 * workloads, most, result: ok([]) });
});

test("after a failure nothing more is begun", async () => {
  const failure = err(apiError(503, "away"));
  expect(await writeTo(30, () => failure)).toMatchObject({ applied: 16, result: failure });
});
