/**
 * Unit tests stand beside the code. `*.root.test.ts` need root; those of most packages use network namespaces, which have names, so one file
 * comes after another, and those of the packages that only speak with an API server of their own (`plane`) are two at a time. `*.lab.test.ts`
 * bring up clusters, two at a time, as they mostly wait.
 */
import { defineConfig } from "vitest/config";

const PLANE = [
  ...["admission", "client", "controller", "kube", "scheduling", "server", "store"].map(
    (name) => `packages/${name}/src/**/*.root.test.ts`,
  ),
  "packages/cli/src/server.root.test.ts",
];

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
      exclude: PLANE,
      fileParallelism: false,
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  },
  {
    test: {
      name: "plane",
      include: PLANE,
      maxWorkers: 2,
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
