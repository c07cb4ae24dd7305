/**
 * Unit tests stand beside the code. `*.root.test.ts` need root; those of most packages use network namespaces, which have names, so one file
 * comes after another, beside those of the packages that only speak with an API server of their own (`plane`); what looks at the whole host
 * runs alone (`host`). `*.lab.test.ts` bring up clusters, two at a time, as they mostly wait.
 */
import { defineConfig } from "vitest/config";

const PLANE = [
  ...["admission", "client", "controller", "dashboard", "kube", "scheduling", "server", "store"].map(
    (name) => `packages/${name}/src/**/*.root.test.ts`,
  ),
  "packages/cli/src/server.root.test.ts",
  "packages/cli/src/python.root.test.ts",
];
const HOST = ["packages/lab/src/trace.root.test.ts"];

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
      exclude: [...PLANE, ...HOST],
      fileParallelism: false,
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  },
  {
    test: {
      name: "plane",
      include: PLANE,
      fileParallelism: false,
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  },
  {
    test: { name: "host", include: HOST, testTimeout: 120_000, hookTimeout: 120_000 },
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
