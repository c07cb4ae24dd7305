/** Explanations of kinds and fields. */
import { expect, test } from "vitest";
import { explain, explainedKinds } from "./explain.ts";
import { customResourceDefinitions } from "./kinds.ts";

test("every kind that is defined can be explained", () => {
  const defined = customResourceDefinitions().map((each) => JSON.stringify(each["spec"]));
  expect(defined).toHaveLength(explainedKinds.length);
  for (const kind of explainedKinds) {
    expect(defined.some((each) => each.includes(`"kind":"${kind}"`))).toBe(true);
    expect(explain(kind, [])).toMatchObject({ ok: true, value: { name: kind, type: "object" } });
  }
});

test("a field has its type, whether it is required, default, bounds and example", () => {
  expect(explain("Experiment", ["spec", "workloads", "replicas"])).toEqual({
    ok: true,
    value: {
      name: "replicas",
      type: "integer",
      required: false,
      description: "Number of pods.",
      expected: "a whole number of at least 0 and at most 1000",
      default: 1,
      allowed: [],
      example: 2,
      rules: [],
      fields: [],
    },
  });
});

test.each([
  [["spec", "workloads"], { type: "[]object", required: true }],
  [["spec", "workloads", "name"], { type: "string", required: true, example: "server" }],
  [["spec", "workloads", "kind"], { allowed: ["Container", "VirtualMachine"] }],
  [["spec", "workloads", "placement"], { type: "string or object", allowed: ["spread", "pack"] }],
  [["spec", "workloads", "placement", "node"], { type: "string", required: true }],
  [["spec", "workloads", "command"], { type: "[]string" }],
])("%j of an experiment", (path, wanted) => {
  expect(explain("Experiment", path)).toMatchObject({ ok: true, value: wanted });
});

test("a map has the type of its values; rules between fields are told; fields below are listed", () => {
  expect(explain("Project", ["spec", "quota", "gpu"])).toMatchObject({
    value: { type: "map[string]integer" },
  });
  expect(explain("Project", ["spec", "members"])).toMatchObject({
    value: {
      rules: ["expected exactly one of user and group"],
      fields: [
        { name: "user", required: false },
        { name: "group", required: false },
        { name: "role", required: true, description: "What the member may do." },
      ],
    },
  });
});

test("an unknown kind or field comes with those that are known", () => {
  expect(explain("Pod", [])).toEqual({
    ok: false,
    error: { unknown: "Pod", known: explainedKinds },
  });
  expect(explain("Experiment", ["spec", "workload"])).toEqual({
    ok: false,
    error: { unknown: "workload", known: ["workloads", "policies", "lifetime", "suspend"] },
  });
});
