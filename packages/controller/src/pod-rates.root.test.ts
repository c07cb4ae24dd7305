/** From what agents tell to conditions of pods and the status of nodes (U3), by the controller's process on a real API server. */
import {
  formatRateReport,
  type PodRateState,
  RATE_REPORT_LABEL,
  type RateReport,
  REPORT_KIND,
} from "@seam/api";
import { readFileSync } from "node:fs";

import { afterAll, beforeAll, expect, test } from "vitest";

import {
  type BandwidthCluster,
  type BandwidthView,
  deletePod,
  makeNode,
  makePod,
  setPodStatus,
  SOON,
  startBandwidthCluster,
  viewBandwidth,
} from "./bandwidth.fixture.ts";
import { fileOf } from "./controller.fixture.ts";

const RATES = { "kubernetes.io/egress-bandwidth": "100M" };
let cluster: BandwidthCluster;
let view: BandwidthView;

beforeAll(async () => {
  cluster = await startBandwidthCluster();
  view = viewBandwidth(cluster.client);
  for (const name of ["n1", "n2"]) await makeNode(cluster, name);
  cluster.startController();
});
afterAll(async () => {
  await view[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/** As the agent of a node does. */
async function tell(
  node: string,
  pods: { readonly [uid: string]: PodRateState },
  measured: RateReport["measured"] = null,
): Promise<void> {
  const text = formatRateReport({ measured, pods: new Map(Object.entries(pods)) });
  await cluster.apply({
    ...REPORT_KIND,
    metadata: {
      name: `seam-rates-${node}`,
      namespace: "seam-system",
      labels: { [RATE_REPORT_LABEL]: "rates" },
      annotations: { "seam.ucsd.edu/rates": text },
    },
    spec: { holderIdentity: node },
  });
}

/** A pod's conditions as `TYPE=STATUS REASON`. */
async function conditions(name: string): Promise<readonly string[]> {
  const format = "{range .status.conditions[*]}{.type}={.status} {.reason}{'\\n'}{end}";
  const said = await cluster.k("get", "pod", name, "-o", `jsonpath=${format}`);
  return said
    .split("\n")
    .filter((line) => line !== "")
    .toSorted();
}
const LACK = { reason: "CapacityUnknown", message: "write it down" };

test("U3: what an agent tells is a condition of the pod, beside those of its kubelet, and follows", async () => {
  const uid = await makePod(cluster.client, "web", { node: "n1", annotations: RATES });
  await setPodStatus(cluster, "web", { conditions: [{ type: "Ready", status: "True" }] });
  await tell("n1", { [uid]: { limit: true, guarantee: LACK } });
  await expect
    // The controller is just starting.
    .poll(async () => conditions("web"), { timeout: 60_000 })
    .toEqual([
      "Ready=True ",
      "seam.ucsd.edu/RateEnforced=True Enforced",
      "seam.ucsd.edu/RateGuaranteed=False CapacityUnknown",
    ]);
  await cluster.k(
    "wait",
    "pod",
    "web",
    "--for=condition=seam.ucsd.edu/RateEnforced",
    "--timeout=5s",
  );
  await tell("n1", { [uid]: { limit: true, guarantee: true } });
  await expect
    .poll(async () => conditions("web"), SOON)
    .toContain("seam.ucsd.edu/RateGuaranteed=True Guaranteed");
  await tell("n1", {});
  await expect.poll(async () => conditions("web"), SOON).toEqual(["Ready=True "]);
});

test("U3: an agent speaks for no pod of another node, and for one that comes later when it comes", async () => {
  const uid = await makePod(cluster.client, "elsewhere", { node: "n2", annotations: RATES });
  await tell("n1", { [uid]: { limit: true, guarantee: null } }, { ulMbps: 7, dlMbps: 8 });
  await expect
    .poll(async () => (await view.status("n1")).measured, SOON)
    .toEqual({ network: { ulMbps: 7, dlMbps: 8 } });
  expect(await conditions("elsewhere")).toEqual([]);
  await tell("n2", { [uid]: { limit: true, guarantee: null } });
  await expect
    .poll(async () => conditions("elsewhere"), SOON)
    .toEqual(["seam.ucsd.edu/RateEnforced=True Enforced"]);
});

test("U3: what is measured stands beside what is reserved, and goes with the report", async () => {
  const { used, measured } = await view.status("n1");
  expect(used).toMatchObject({ network: { ulMbps: 100 } });
  expect(measured).toEqual({ network: { ulMbps: 7, dlMbps: 8 } });
  await cluster.client.delete({ ...REPORT_KIND, namespace: "seam-system", name: "seam-rates-n1" });
  await expect.poll(async () => (await view.status("n1")).measured, SOON).toBeUndefined();
});

test("V3: a capacity that somebody wrote at the node is told as such, so that agents guarantee rates by it", async () => {
  const told = async (): Promise<unknown> => (await view.get("n2")).metadata["annotations"];
  const from = (source: string) => ({ "seam.ucsd.edu/network-capacity-from": source });
  expect(await told()).toMatchObject(from("default"));
  await cluster.k("annotate", "node", "n2", "seam.ucsd.edu/network-bandwidth=1G");
  await expect.poll(told, SOON).toMatchObject(from("node"));
});

test("each word of the guide for why a rate is not in force is one that agents say", () => {
  const guide = readFileSync(fileOf("docs/guide/rates.md"), "utf8");
  const rows = /\| `seam.ucsd.edu\/RateEnforced`[^]*?\n\n/.exec(guide)?.[0] ?? "";
  const words = [...rows.matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, word = ""]) => word);
  const agent = ["guarantees.ts", "pod-rate-states.ts"]
    .map((file) => readFileSync(fileOf(`packages/agent/src/${file}`), "utf8"))
    .join("");
  const said = [...agent.matchAll(/(?:reason: |refusal\()"(\w+)"/g)].map(([, word = ""]) => word);
  expect(new Set(words)).toEqual(new Set(said));
  expect(words.length).toBeGreaterThan(6);
});

test("a controller that was away writes what changed meanwhile, and no right was missing", async () => {
  await cluster.stopController("SIGKILL");
  const uid = await makePod(cluster.client, "late", { node: "n1", annotations: RATES });
  await tell("n1", { [uid]: { limit: true, guarantee: null } });
  cluster.startController();
  await expect
    .poll(async () => conditions("late"), { timeout: 60_000 })
    .toEqual(["seam.ucsd.edu/RateEnforced=True Enforced"]);
  await deletePod(cluster.client, "late");
  expect(cluster.output()).not.toContain('"code":403');
  expect(cluster.output()).not.toContain("a pass threw");
});
