/** Whether rates are reserved, from what nodes say of pods. */
import { expect, test } from "vitest";
import { observeBandwidth, type ObservedBandwidth } from "./bandwidth-observed.ts";
import { bandwidthReserved, isWaitingForPlaces, reservationsOf } from "./bandwidth-reserved.ts";
import type { Progress } from "./experiment-plan.ts";
import { observePod } from "./observed.ts";

const pods = [0, 1].map((index) =>
  observePod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `server-${index}`, namespace: "lab-a" },
    spec: { nodeName: `n${index}` },
  }),
);
const progress = (desired: number, bandwidth?: object): Progress => ({
  workload: { name: "server", image: "i", ...(bandwidth === undefined ? {} : { bandwidth }) },
  set: undefined,
  isStarted: true,
  pods,
  ready: 2,
  desired,
  isReady: true,
});

/** What a node's object says: the pods that it counts, and what is wrong. */
const counted = (status: object, ...names: readonly string[]): ObservedBandwidth =>
  observeBandwidth({
    apiVersion: "networking.vaclab.org/v1",
    kind: "Bandwidth",
    metadata: { name: "n" },
    status: {
      status: "Created",
      errorReason: "",
      ...status,
      reservations: names.map((podName) => ({ podName, namespace: "lab-a" })),
    },
  });
const n0 = counted({}, "server-0");
const n1 = counted({}, "server-1");
const errorReason = "pods have more";

type Nodes = { readonly [name: string]: ObservedBandwidth };

test.each<[string, Nodes, number, string]>([
  [
    "no node counts any",
    {},
    2,
    "False WaitingForPods: server: reserved as soon as all of their pods are placed",
  ],
  [
    "one counts its pod",
    { n0 },
    2,
    "False WaitingForPods: server: reserved as soon as all of their pods are placed",
  ],
  [
    "a pod is counted where it is not",
    { n0: counted({}, "server-0", "server-1") },
    2,
    "False WaitingForPods: server: reserved as soon as all of their pods are placed",
  ],
  [
    "a pod is missing",
    { n0, n1 },
    3,
    "False WaitingForPods: server: reserved as soon as all of their pods are placed",
  ],
  [
    "each node counts its pod (V4)",
    { n0, n1 },
    2,
    "True Reserved: server: reserved on the node of each pod",
  ],
  [
    "one node has more than it can carry (V5)",
    { n0, n1: counted({ errorReason }, "server-1") },
    2,
    "False Overcommitted: pods have more of these nodes than there is, so nothing is sure: server-1 on n1; place some of them elsewhere, or let them ask for less (kubectl get bandwidths)",
  ],
  [
    "the annotation of one node cannot be read",
    { n0, n1: counted({ errorReason, status: "Error" }, "server-1") },
    2,
    "True Reserved: server: reserved on the node of each pod",
  ],
])("when %s", (...row) => {
  const [, nodes, desired, said] = row;
  const reservations = reservationsOf(pods, (node) => nodes[node]);
  const [found, ...more] = bandwidthReserved([progress(desired, { egressMbps: 1 })], reservations);
  expect(more).toEqual([]);
  expect(`${found?.status} ${found?.reason}: ${found?.message}`).toBe(said);
  expect(found === undefined || isWaitingForPlaces(found)).toBe(said.includes("WaitingForPods"));
});

test("nothing is said when nobody asks for bandwidth", () => {
  expect(bandwidthReserved([progress(2)], new Map())).toEqual([]);
});
