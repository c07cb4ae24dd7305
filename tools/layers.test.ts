/** The layer test: a package may import only packages before it in the list (architecture section 2). */
import { globSync, readFileSync } from "node:fs";

import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";

const layers = [
  "base",
  "api",
  "state",
  "bandwidth",
  "p4",
  "intent",
  "plan",
  "kernel",
  "kube",
  "store",
  "wire",
  "compose",
  "reach",
  "daemon",
  "client",
  "agent",
  "controller",
  "scheduling",
  "server",
  "dashboard",
  "admission",
  "lab",
  "monitoring",
  "bench",
  "conformance",
  "cli",
];

type Edge = { readonly file: string; readonly from: string; readonly to: string };

const importedBy = (file: string): Edge[] => {
  const text = readFileSync(file, "utf8");
  const { module } = parseSync(file, text);
  const sources = [
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) =>
      text.slice(start + 1, end - 1),
    ),
    ...module.staticImports.map((item) => item.moduleRequest.value),
    ...module.staticExports.flatMap((item) =>
      item.entries.flatMap((entry) => entry.moduleRequest?.value ?? []),
    ),
  ];
  return sources.map((to) => ({ file, from: file.split("/")[1] ?? "", to }));
};

const edges = globSync("packages/*/src/**/*.{ts,tsx}").flatMap(importedBy);

/** An import that leaves its layer, or reaches inside another package; `/testing` is for tests alone. */
const isForbidden = ({ file, from, to }: Edge): boolean => {
  if (to.startsWith("@seam/")) {
    const isTest = /\.(test|fixture)\.ts$/.test(file);
    const name = isTest ? to.slice(6).replace(/\/testing$/, "") : to.slice(6);
    return layers.indexOf(name) >= layers.indexOf(from) || !layers.includes(name);
  }
  return to.startsWith("../../../");
};

test("packages import only packages before them", () => {
  expect(edges.filter(isForbidden)).toEqual([]);
});

test("every package is in the list of layers", () => {
  const found = globSync("packages/*/package.json").map((file) => file.split("/")[1] ?? "");
  expect(found.toSorted()).toEqual(layers.toSorted());
});

test("the check saw the code", () => {
  expect(edges.length).toBeGreaterThan(3);
});
