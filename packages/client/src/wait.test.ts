/** What a wait says about what it hears. */
import { millis } from "@seam/base";
import { expect, test } from "vitest";
import { judge } from "./wait.ts";

const ref = { apiVersion: "seam.ucsd.edu/v1alpha1", kind: "Experiment", name: "e", namespace: "a" };
const ready = { ref, options: { until: "Ready", timeout: millis(5000) } } as const;
const gone = { ref, options: { until: "Deleted", timeout: millis(5000) } } as const;
const object = (status: object, metadata: object = {}) =>
  ({
    kind: "object",
    object: {
      apiVersion: ref.apiVersion,
      kind: ref.kind,
      metadata: { name: "e", generation: 2, ...metadata },
      status,
    },
  }) as const;
const condition = (observedGeneration: number, at: string, message: string) => ({
  type: message,
  status: "True",
  message,
  observedGeneration,
  lastTransitionTime: at,
});

test("Ready is believed only when no condition speaks of an older spec", () => {
  expect(judge(ready, object({ phase: "Ready" }), "")).toEqual({ kind: "done" });
  const stale = { phase: "Ready", conditions: [condition(1, "2026-01-01T00:00:00Z", "old")] };
  expect(judge(ready, object(stale), "")).toMatchObject({ kind: "progress", phase: "Ready" });
});

test("an object without phase is Ready by its condition Ready", () => {
  const pod = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
  expect(judge(ready, object(pod), "")).toEqual({ kind: "done" });
});

test("Failed and Expired end the wait with the latest condition's message", () => {
  const conditions = [
    condition(2, "2026-01-02T00:00:00Z", "no node has the image"),
    condition(2, "2026-01-01T00:00:00Z", "accepted"),
  ];
  expect(judge(ready, object({ phase: "Failed", conditions }), "")).toMatchObject({
    kind: "failed",
    error: { code: "Failed", message: "experiment a/e is Failed: no node has the image" },
  });
});

test("progress is told of what is waited for, also when something is known of policies later", () => {
  const conditions = [
    { ...condition(2, "2026-01-01T00:00:00Z", "1 of 2 pods Ready"), status: "False" },
    { ...condition(2, "2026-01-02T00:00:00Z", "in force on 1 node"), type: "PoliciesEnforced" },
  ];
  expect(judge(ready, object({ phase: "Progressing", conditions }), "")).toMatchObject({
    kind: "progress",
    message: "1 of 2 pods Ready",
  });
});

test("an absent object is done when it should be gone, and NotFound when it should be Ready", () => {
  expect(judge(gone, { kind: "absent" }, "")).toEqual({ kind: "done" });
  expect(judge(ready, { kind: "absent" }, "")).toMatchObject({ error: { code: "NotFound" } });
});

test("trouble that may pass is waited out; a refusal is not", () => {
  const error = { kind: "transport", code: 0, reason: "ECONNREFUSED", message: "refused" } as const;
  expect(judge(ready, { kind: "trouble", error }, "")).toBeNull();
  const denied = { kind: "api", code: 403, reason: "Forbidden", message: "no" } as const;
  expect(judge(ready, { kind: "trouble", error: denied }, "")).toMatchObject({
    kind: "failed",
    error: { code: "Denied", message: "cannot watch experiment a/e: no" },
  });
});

test("a time-out says what was known last", () => {
  expect(judge(ready, { kind: "over", why: "time" }, "Progressing  server 1/2")).toMatchObject({
    error: {
      code: "Timeout",
      message: "experiment a/e was not Ready within 5 s: Progressing  server 1/2",
    },
  });
});
