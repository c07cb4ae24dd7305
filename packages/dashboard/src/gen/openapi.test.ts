/** The page's types are those of the API's document, so every action of the page is one of its calls (S14). */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type OpenApi, typesOf } from "./openapi.fixture.ts";

const file = new URL("api.ts", import.meta.url);
const document = new URL("../../../../docs/reference/openapi.json", import.meta.url);

test("the types are those of the document", () => {
  const openapi: OpenApi = JSON.parse(readFileSync(document, "utf8"));
  const made = typesOf(openapi);
  if (process.env["UPDATE"] === "1") writeFileSync(file, made);
  expect(readFileSync(file, "utf8")).toBe(made);
});
