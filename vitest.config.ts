/**
 * Unit tests stand beside the code; `*.root.test.ts` need root and real namespaces, one file at a time; `*.lab.test.ts` bring up
 * clusters, two at a time, as they mostly wait.
 */
import { defineConfig } from "vitest/config";

const projects = [
  {
    test: {
      name: "unit",
      include: ["packages/*/src/**/*.test.ts", "tools/**/*.test.ts"],
      exclude: ["**/*.root.test.ts", "**/*.lab.test.ts"],
    },
  },
  {
    test: {
      name: "root",
      include: ["packages/*/src/**/*.root.test.ts"],
      fileParallelism: false,
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  },
  {
    test: {
      name: "lab",
      include: ["packages/*/src/**/*.lab.test.ts"],
      maxWorkers: 2,
      testTimeout: 300_000,
      hookTimeout: 300_000,
    },
  },
];

export default defineConfig({ test: { projects } });
