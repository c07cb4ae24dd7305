/** What tables and lines show, on a terminal and elsewhere. */
import { bytes } from "@seam/base";
import { expect, test } from "vitest";
import { listing, serverListing } from "./listing.ts";
import { cutLines, painted } from "./terminal.ts";
import { experimentRows, nodeRows } from "./top.ts";
import { versionText } from "./versions.ts";
import { changeLine } from "./watch.ts";

test.each([
  ["short", 5, "short"],
  ["longer", 5, "long…"],
  ["one\nlonger\n", 4, "one\nlon…\n"],
  ["€€€€€", 4, "€€€…"],
])("%j in %d columns is %j", (text, columns, cut) => {
  expect(cutLines(text, columns)).toBe(cut);
});

test("only the words of a phase are coloured, and only where they stand alone in a cell", () => {
  const paint = (colour: string, word: string): string => `<${colour} ${word}>`;
  const table = [
    "NAME      PHASE        MESSAGE",
    "running   Running      2 of 2 pods are Ready",
    "two-tier  Progressing  Failed",
    "third     -            True",
  ];
  expect(painted(table.join("\n"), paint).split("\n")).toEqual([
    table[0],
    "running   <green Running>      2 of 2 pods are Ready",
    "two-tier  <yellow Progressing>  <red Failed>",
    "third     -            <green True>",
  ]);
});

const experiment = {
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: { name: "two-tier", namespace: "lab-a", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { lifetime: "24h" },
  status: {
    phase: "Progressing",
    workloads: [
      {
        name: "server",
        ready: 1,
        desired: 2,
        pods: [
          { name: "server-0", node: "n1", addresses: ["10.244.0.2", "fd00:244::2"] },
          { name: "server-1", addresses: [] },
        ],
      },
    ],
    conditions: [{ type: "WorkloadsReady", status: "False", message: "1 of 2 pods is Ready" }],
  },
};
const bare = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "lab-a" } };

test("U1: a wide table of projects has what is used of quotas", () => {
  const quota = [
    { resource: "pods", used: "3", limit: "20" },
    { resource: "egressMbps", used: "60", limit: "100" },
  ];
  const project = { ...bare, kind: "Project", status: { phase: "Ready", quota } };
  const quotaOf = (object: typeof bare): unknown =>
    listing([object], { now: 0, wide: true }).rows[0]?.cells.at(-1);
  expect(quotaOf(project)).toBe("pods 3/20, egressMbps 60/100");
  expect(quotaOf({ ...bare, kind: "Project" })).toBe("-");
});

test("a wide table of experiments has workloads, nodes and addresses", () => {
  const now = Date.parse("2026-01-01T00:00:45Z");
  expect(listing([experiment], { now, wide: true }).rows[0]?.cells).toEqual([
    "two-tier",
    "Progressing",
    "1/2",
    "45s",
    "24h",
    "server 1/2",
    "server-0 on n1 10.244.0.2 fd00:244::2, server-1",
  ]);
});

test("the cells of the API server are texts, whatever they were", () => {
  const columns = [{ name: "Name", priority: 0 }];
  const rows = [{ cells: ["a", 1, null, ["x"], false], object: bare }];
  expect(serverListing({ columns, rows })).toEqual({
    head: ["NAME"],
    rows: [{ cells: ["a", "1", "-", '["x"]', "false"], object: bare }],
  });
});

test("the line of a change has what the object says of itself, that of a deleted one only its name", () => {
  expect(changeLine("added", experiment)).toBe(
    "added    experiment lab-a/two-tier  Progressing  1/2  1 of 2 pods is Ready",
  );
  expect(changeLine("deleted", experiment)).toBe("deleted  experiment lab-a/two-tier");
  expect(changeLine("changed", bare)).toBe("changed  configmap lab-a/a");
});

const used = (name: string, millicores: number, mebibytes: number) => ({
  name,
  namespace: "lab-a",
  millicores,
  memory: bytes(mebibytes * 2 ** 20),
});

test("a node that is not known has no share; an experiment has the sum of its pods", () => {
  expect(nodeRows([used("n1", 250, 64)], []).cells).toEqual([["n1", "250m", "-", "64Mi", "-"]]);
  const labels = { "seam.ucsd.edu/experiment": "two-tier" };
  const pods = ["p", "q"].map((name) => ({
    ...bare,
    metadata: { name, namespace: "lab-a", labels },
  }));
  const all = [used("p", 1, 2), used("q", 3, 4), used("other", 100, 100)];
  expect(experimentRows(all, pods, false).cells).toEqual([["two-tier", "4m", "6Mi"]]);
});

test.each([
  ["9.9.9", "9.9.9, which is not that of this program"],
  [null, "none; see seam install"],
  [undefined, "may not be read"],
])("installed version %s: %s", (seam, text) => {
  expect(versionText({ kubernetes: "v1.36.3", seam })).toContain(`installed Seam:  ${text}`);
});
