/** Which Event of a StatefulSet says why it lacks pods, and when nobody is asked. */
import type { KubeObject } from "@seam/kube";
import { expect, test } from "vitest";
import { refusalIn } from "./refusals.ts";

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
