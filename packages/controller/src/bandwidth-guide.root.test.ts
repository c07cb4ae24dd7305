/** The commands of the guide about bandwidth, as a reader runs them, on nodes without machines. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BandwidthCluster, startBandwidthCluster } from "./bandwidth.fixture.ts";
import { fileOf } from "./controller.fixture.ts";
import { type Nodes, startNodes } from "./nodes.fixture.ts";

const execute = promisify(execFile);
let cluster: BandwidthCluster;
let nodes: Nodes;
const folder = mkdtempSync(join(tmpdir(), "seam-test-guide-"));

beforeAll(async () => {
  for (const name of ["bin", "node_modules"]) symlinkSync(fileOf(name), join(folder, name));
  cluster = await startBandwidthCluster();
  const controllers = ["statefulset-controller", "namespace-controller", "endpoints-controller"];
  await cluster.plane.startControllers([...controllers, "garbage-collector-controller"]);
  nodes = await startNodes(cluster.client, cluster.plane.kubeconfig);
  cluster.startController();
});

afterAll(async () => {
  await nodes[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

test("they work as written, and show what the page says (V3, V4, V15)", async () => {
  const page = readFileSync(fileOf("docs/guide/bandwidth.md"), "utf8");
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block ?? "");
  expect(blocks).toHaveLength(4);
  const env = { ...process.env, KUBECONFIG: cluster.plane.kubeconfig };
  const script = ["-euo", "pipefail", "-c", blocks.join("\nsleep 1\n")];
  await expect
    .poll(async () => cluster.k("get", "bandwidths", "-o", "name"), { timeout: 30_000 })
    .toContain("bandwidth.networking.vaclab.org/n3");
  const { stdout } = await execute("bash", script, { cwd: folder, env, timeout: 100_000 });
  expect(stdout).toMatch(/NAME +NODE +UL +DL +UUL +UDL/);
  expect(stdout).toContain('"podName": "web-0"');
  expect(stdout).toMatch(/BandwidthReserved +True +Reserved/);
  expect(stdout).toMatch(/n2 +n2 +10000 +2500 +0 +0 +20000 +20000 +0 +0 +Created/);
});

test("each row of its tables of annotations and states is one that exists", () => {
  const page = readFileSync(fileOf("docs/guide/bandwidth.md"), "utf8");
  const crd = fileOf("deploy/helm/seam/files/crds/bandwidths.networking.vaclab.org.yaml");
  const kind = readFileSync(crd, "utf8");
  for (const state of ["Created", "Creating", "Error", "Deleting"]) {
    expect(page).toContain(`| \`${state}\` |`);
    expect(kind).toContain(`- ${state}`);
  }
  for (const column of ["UL", "DL", "uUL", "uDL", "LUL", "LDL", "uLUL", "uLDL"]) {
    expect(page).toContain(`\`${column}\``);
    expect(kind).toContain(`- name: ${column}\n`);
  }
});
