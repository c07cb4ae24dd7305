/** Which Event of a StatefulSet says why it lacks pods, and how often the API server is asked. */
import { ok } from "@seam/base";
import {
  observeChild,
  observeExperiment,
  planChildren,
  type Progress,
  progressOf,
} from "@seam/compose";
import type { KubeClient, KubeObject } from "@seam/kube";
import { expect, test } from "vitest";
import { createRefusals, refusalIn } from "./refusals.ts";

const event = (reason: string, second: number, message = "made"): KubeObject => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "e" },
  reason,
  message,
  lastTimestamp: `2026-11-26T00:00:0${second}Z`,
});
const failure = (second: number, words: string): KubeObject =>
  event("FailedCreate", second, `Create Pod a-0 in StatefulSet a failed error: ${words}`);

test.each<[string, readonly KubeObject[], string | null]>([
  ["no event", [], null],
  ["pods were made", [event("SuccessfulCreate", 1)], null],
  ["the last failure", [failure(2, "second"), failure(1, "first")], "second"],
  ["made after it", [failure(1, "first"), event("SuccessfulCreate", 2)], null],
  ["some made, some refused in one second", [event("SuccessfulCreate", 2), failure(2, "no")], "no"],
  ["other words", [event("FailedCreate", 1, "boom")], "boom"],
])("refusal: %s", (_, events, words) => {
  expect(refusalIn(events)).toBe(words);
});

const now = Date.parse("2026-11-27T00:01:00Z");

/** Workloads of a namespace of which none has a pod; the uid of a StatefulSet is its name. */
function lacking(
  namespace: string,
  workloads: readonly string[],
  createdAt: string,
): readonly Progress[] {
  const experiment = observeExperiment({
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Experiment",
    metadata: { name: "e", namespace, uid: "e" },
    spec: { workloads: workloads.map((name) => ({ name, image: "i" })) },
  });
  const { apply } = planChildren({ experiment, children: [], pods: [], now });
  const children = apply.map((object) =>
    observeChild({
      ...object,
      metadata: { ...object.metadata, uid: object.metadata.name, creationTimestamp: createdAt },
    }),
  );
  return progressOf({ experiment, children, pods: [] });
}

/** A server on which the StatefulSet `bad` has failed to make a pod. */
function server(): { readonly asked: string[]; readonly client: Pick<KubeClient, "list"> } {
  const asked: string[] = [];
  const failed = { ...failure(2, "no room"), involvedObject: { uid: "bad" } };
  const list: KubeClient["list"] = async ({ namespace }, query) => {
    asked.push(`${namespace} ${query?.fieldSelector}`);
    return ok({ items: [failed], resourceVersion: "1", next: null });
  };
  return { asked, client: { list } };
}

const ALL = "involvedObject.kind=StatefulSet,reason=FailedCreate";

test("a namespace is asked about once for all that lack pods, and again after a while", async () => {
  const { asked, client } = server();
  const refusals = createRefusals(client);
  const old = lacking("one", ["good", "fine"], "2026-11-27T00:00:00Z");
  expect(await Promise.all([refusals.ask(old, now), refusals.ask(old, now + 500)])).toEqual([
    ok(new Map()),
    ok(new Map()),
  ]);
  expect(asked).toEqual([`one ${ALL}`]);
  await refusals.ask(lacking("two", ["good"], "2026-11-27T00:00:00Z"), now);
  await refusals.ask(old, now + 2000);
  expect(asked).toEqual([`one ${ALL}`, `two ${ALL}`, `one ${ALL}`]);
});

test("only what has failed to make a pod is asked about by itself, and what is new not at all", async () => {
  const { asked, client } = server();
  const refusals = createRefusals(client);
  expect(await refusals.ask(lacking("one", ["bad"], "2026-11-27T00:00:58Z"), now)).toEqual(
    ok(new Map()),
  );
  expect(asked).toEqual([]);
  expect(await refusals.ask(lacking("one", ["good", "bad"], "2026-11-27T00:00:00Z"), now)).toEqual(
    ok(new Map([["bad", "no room"]])),
  );
  expect(asked).toEqual([`one ${ALL}`, "one involvedObject.uid=bad"]);
});
