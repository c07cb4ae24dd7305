/** The CRDs of all kinds against golden files; `UPDATE=1` rewrites them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { calicoDefinitions, customResourceDefinitions } from "./index.ts";
import { child } from "./node.ts";

const folder = new URL("../../../deploy/helm/seam/files/", import.meta.url);

describe("CustomResourceDefinitions", () => {
  test.each(
    [
      ...customResourceDefinitions().map((crd) => ["crds", crd] as const),
      ...calicoDefinitions().map((crd) => ["calico", crd] as const),
    ].map(([kinds, crd]) => [`${kinds}/${String(child(crd, "metadata")["name"])}`, crd] as const),
  )("%s is as in its golden file (I15)", (name, crd) => {
    const file = new URL(`${name}.yaml`, folder);
    const made = stringify(crd, { aliasDuplicateObjects: false, lineWidth: 120 });
    if (process.env["UPDATE"] === "1") {
      mkdirSync(new URL(".", file), { recursive: true });
      writeFileSync(file, made);
    }
    expect(readFileSync(file, "utf8")).toBe(made);
  });
});
