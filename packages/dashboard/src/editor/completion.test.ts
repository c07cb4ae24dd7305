/** The editor offers the fields that the API's schema has at the cursor's place (S9). */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { offersIn, pathAt, wordsIn } from "./completion.ts";

const file = new URL("../../../../docs/reference/openapi.json", import.meta.url);
const schema: unknown = JSON.parse(readFileSync(file, "utf8")).components.schemas.Experiment;
const TEXT = `kind: Experiment
metadata:
  name: a
spec:
  workloads:
    - name: server
      ports:
        - name: web
          port: 80
      `;

const namesAt = (text: string): readonly string[] =>
  offersIn(schema, pathAt(text)).map(({ name }) => name);

test("fields are those of the place, inside lists too", () => {
  expect(namesAt("")).toEqual(["apiVersion", "kind", "metadata", "spec", "status"]);
  expect(pathAt(TEXT)).toEqual(["spec", "workloads"]);
  expect(namesAt(TEXT)).toContain("replicas");
  expect(namesAt(`${TEXT}ports:\n        - `)).toEqual(["name", "port", "protocol"]);
  expect(namesAt("spec:\n  ")).toContain("lifetime");
  expect(namesAt("nothing:\n  ")).toEqual([]);
});

test("required fields are marked, and words are offered where a field has some", () => {
  const workload = offersIn(schema, ["spec", "workloads"]);
  expect(workload.filter(({ isRequired }) => isRequired).map(({ name }) => name)).toEqual([
    "name",
    "image",
  ]);
  expect(wordsIn(schema, ["spec", "workloads", "kind"])).toEqual(["Container", "VirtualMachine"]);
  expect(wordsIn(schema, ["spec", "suspend"])).toEqual(["true", "false"]);
  expect(wordsIn(schema, ["spec", "workloads", "image"])).toEqual([]);
});
