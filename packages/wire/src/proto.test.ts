/** What is made of `proto` is what is in the repository; `UPDATE=1` makes it anew. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect, test } from "vitest";

import { generate, generatedIn, ownFiles, reference, referencePage } from "./proto.fixture.ts";

const update = process.env["UPDATE"] === "1";

test("the generated code is that of the sources", () => {
  if (update) generate(import.meta.dirname);
  const folder = mkdtempSync(path.join(tmpdir(), "seam-proto-"));
  try {
    generate(folder);
    const fresh = generatedIn(folder);
    expect(Object.keys(fresh)).toContain("gen/seam/v1/policy_pb.ts");
    expect(generatedIn(import.meta.dirname)).toEqual(fresh);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

test("the reference is that of the sources", () => {
  const text = reference(ownFiles());
  if (update) writeFileSync(referencePage, text);
  expect(readFileSync(referencePage, "utf8")).toBe(text);
  expect(text).toContain("| `Watch` | `WatchPoliciesRequest` | stream of `PolicyEvent` |");
  expect(text).toContain("| `port` | `google.protobuf.Value` | A number, or the name");
}, 60_000);
