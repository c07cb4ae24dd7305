/** Arguments and rendering of the object commands. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { listing, withNamespaces } from "./listing.ts";
import { ageText, describeObject, structured, table } from "./render.ts";

// Each call starts a program, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const program = path.join(import.meta.dirname, "../../../bin/seam");
const seam = (...argv: readonly string[]): { status: number | null; text: string } => {
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: "utf8" });
  return { status, text: stdout + stderr };
};

test.each([
  [["get", "expermint"], "Did you mean experiment?"],
  [["delete"], "expected KIND NAME or -f FILE"],
  [["delete", "exp"], "expected KIND NAME or KIND/NAME"],
  [["describe", "exp"], "expected KIND NAME or KIND/NAME"],
  [["get", "exp/a", "b"], "expected KIND, KIND NAME or KIND/NAME"],
  [["get", "expermint/a"], "Did you mean experiment?"],
  [["delete", "exp", "a", "-f", "b.yaml"], "expected KIND NAME or -f FILE"],
  [["delete", "nothing", "a"], 'unknown kind "nothing"'],
  [["wait", "exp", "a", "--for", "Happy"], "Allowed choices are Ready, Deleted"],
  [["wait", "exp", "a", "--timeout", "long"], "Expected a duration"],
  [["apply"], "required option '-f, --filename"],
])("seam %j is wrong usage", (argv, said) => {
  const { status, text } = seam(...argv);
  expect(text).toContain(said);
  expect(status).toBe(2);
});

test("a kubeconfig or a file that is not there fails with what to do", () => {
  const config = seam("get", "exp", "--kubeconfig", "/nonexistent/config");
  expect(config.status).toBe(1);
  expect(config.text).toContain("cannot read kubeconfig /nonexistent/config");
  expect(config.text).toContain("seam lab up");
  const file = seam("apply", "-f", "/nonexistent/a.yaml");
  expect(file.status).toBe(1);
  expect(file.text).toContain("cannot read /nonexistent/a.yaml");
});

const now = Date.parse("2026-01-02T00:00:00Z");
const experiment = {
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: {
    name: "two-tier",
    namespace: "lab-a",
    creationTimestamp: "2026-01-01T23:59:15Z",
    managedFields: [{}],
  },
  spec: { lifetime: "24h" },
  status: {
    phase: "Progressing",
    workloads: [
      { name: "server", ready: 1, desired: 2 },
      { name: "client", ready: 1, desired: 1 },
    ],
  },
};

test.each([
  [45, "45s"],
  [200, "3m20s"],
  [3600, "60m"],
  [18_000, "5h"],
  [1_036_800, "12d"],
])("%d seconds are %s", (seconds, text) => {
  expect(ageText(new Date(now - seconds * 1000).toISOString(), now)).toBe(text);
});

test("a table of experiments", () => {
  const { head, rows } = withNamespaces(listing([experiment], { now, wide: false }));
  expect(table([head, ...rows.map(({ cells }) => cells)])).toBe(
    [
      "NAMESPACE  NAME      PHASE        READY  AGE",
      "lab-a      two-tier  Progressing  2/3    45s",
    ].join("\n"),
  );
});

test("one object stands alone, several are a List; field managers are left out", () => {
  expect(JSON.parse(structured([experiment], "json", true))).toMatchObject({ kind: "Experiment" });
  expect(JSON.parse(structured([experiment], "json", false))).toMatchObject({ kind: "List" });
  expect(structured([experiment], "yaml", true)).not.toContain("managedFields");
  expect(structured([experiment], "name", false)).toBe("experiment/two-tier");
});

test("a description", () => {
  expect(describeObject(experiment, [], now)).toBe(`Kind:       Experiment
Name:       two-tier
Namespace:  lab-a
Age:        45s
Spec:
  lifetime: 24h
Status:
  phase: Progressing
  workloads:
    - name: server
      ready: 1
      desired: 2
    - name: client
      ready: 1
      desired: 1
Conditions:
  none yet
Events:
  none`);
});
