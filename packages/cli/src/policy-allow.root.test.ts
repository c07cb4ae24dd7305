/** `seam policy allow` and `deny` wait for what agents report: on a real API server, with reports that the test writes. */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";

import { policyReportName, REPORT_KIND } from "@seam/api";
import { millis } from "@seam/base";
import { createSeam, type Seam } from "@seam/client";
import type { KubeObject } from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

const KIND = "NetworkPolicy.networking.k8s.io";
const FAR = "99999999999999999999";
const main = path.join(import.meta.dirname, "main.ts");
let plane: ControlPlane;
let seam: Seam;

async function apply(object: KubeObject): Promise<void> {
  const applied = await seam.kube.apply(object, { fieldManager: "test", force: true });
  if (!applied.ok) throw new Error(applied.error.message);
}

/** As the agent of a node does. */
const report = async (node: string, version: string): Promise<void> =>
  apply({
    ...REPORT_KIND,
    metadata: {
      name: policyReportName(node),
      namespace: "seam-system",
      labels: { "app.kubernetes.io/name": "seam-agent" },
      annotations: { "seam.ucsd.edu/enforced": JSON.stringify({ [KIND]: version }) },
    },
    spec: { holderIdentity: node },
  });

/** The last lines of what the command prints, with its exit code. */
async function run(...argv: readonly string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: plane.kubeconfig };
  const child = spawn(process.execPath, [main, ...argv], { env });
  const closed = new Promise((resolve) => {
    child.on("close", resolve);
  });
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return `${out}${error}exit ${String(await closed)}`;
}
const deny = async (...flags: readonly string[]): Promise<string> =>
  run("policy", "deny", "-n", "lab-a", ...flags);

beforeAll(async () => {
  plane = await startControlPlane();
  const opened = createSeam({ kubeconfig: plane.kubeconfig, namespace: "lab-a" });
  if (!opened.ok) throw new Error(opened.error.message);
  seam = opened.value;
  for (const name of ["lab-a", "seam-system"])
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
});

afterAll(async () => {
  seam[Symbol.dispose]();
  await plane[Symbol.asyncDispose]();
});

test("without a report it is not known whether policies are in force", async () => {
  expect(await deny()).toMatch(
    /networkpolicy lab-a\/deny-all created\nwhether they are in force is not known: no agent of Seam reports.*\n.*\nexit 0$/,
  );
});

test("the nodes that lack the policies are named, and that is a failure", async () => {
  await report("n1", FAR);
  await report("n2", "1");
  const started = performance.now();
  expect(await deny("--timeout", "700ms")).toMatch(
    /unchanged\nseam: the policies are written, but after 0\.7 s not in force on n2, of 2 nodes\n.*seam node n2\nexit 1$/,
  );
  expect(performance.now() - started).toBeGreaterThan(700);
  expect(await deny("--no-wait")).toMatch(/unchanged\nexit 0$/);
  expect(await deny("--dry-run")).toMatch(/nothing was written\nexit 0$/);
});

test("it ends when the last node has them, both policies of an allowance", async () => {
  const flags = ["--from", "app=web", "--to", "app=db", "--port", "5432/tcp"];
  const running = run("policy", "allow", "-n", "lab-a", ...flags);
  const written = async (): Promise<number> => {
    const page = await seam.kube.list({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
    });
    return page.ok ? page.value.items.length : 0;
  };
  await expect.poll(written, { timeout: 30_000 }).toBe(3);
  await report("n2", FAR);
  expect(await running).toMatch(/enforced on 2 nodes after \d+\.\d\d s\nexit 0$/);
});

test("a program asks for one version, or for all policies of a namespace", async () => {
  const timeout = millis(300);
  expect(await seam.policiesEnforced({ timeout })).toMatchObject({
    value: { kind: "enforced", nodes: ["n1", "n2"] },
  });
  await report("n2", "5");
  expect(await seam.policiesEnforced({ timeout })).toMatchObject({
    value: { kind: "behind", nodes: ["n1", "n2"], late: ["n2"] },
  });
  const policy = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };
  const answer = seam.policiesEnforced({
    policies: [
      { ...policy, version: "5" },
      { ...policy, version: "4" },
    ],
    timeout,
  });
  expect(await answer).toMatchObject({ value: { kind: "enforced" } });
  // Of a namespace without policies all is in force.
  expect(await seam.policiesEnforced({ namespace: "none", timeout })).toMatchObject({
    value: { kind: "enforced" },
  });
});

test("who may not read reports is told so, at once", async () => {
  const metadata = { name: "ann", namespace: "lab-a" };
  const rbac = "rbac.authorization.k8s.io";
  await apply({ apiVersion: "v1", kind: "ServiceAccount", metadata });
  const rules = [
    { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["get", "patch"] },
  ];
  await apply({ apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules });
  await apply({
    apiVersion: `${rbac}/v1`,
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: rbac, kind: "Role", name: "ann" },
    subjects: [{ kind: "ServiceAccount", ...metadata }],
  });
  const kubectl = `${process.env["SEAM_BIN"]}/kubectl`;
  const flags = ["--kubeconfig", plane.kubeconfig, "-n", "lab-a"];
  const token = execFileSync(kubectl, [...flags, "create", "token", "ann"], { encoding: "utf8" });
  const config = JSON.parse(readFileSync(plane.kubeconfig, "utf8"));
  config.users[0].user = { token: token.trim() };
  const hers = path.join(plane.kubeconfig, "..", "kubeconfig-ann");
  writeFileSync(hers, JSON.stringify(config));
  expect(await deny("--kubeconfig", hers)).toMatch(
    /unchanged\nwhether they are in force is not known: cannot read which policies are in force.*cannot list resource "leases".*\n.*\nexit 0$/,
  );
});
