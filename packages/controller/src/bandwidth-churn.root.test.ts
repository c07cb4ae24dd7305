/** Pods that start and end at a hundred a second are all shown in `Bandwidth.status`, and all taken out (V4); `seam bench accounts` says how soon. */
import { BANDWIDTH_KIND } from "@seam/api";
import { child, children, type KubeObject, type Reflector, startReflector } from "@seam/kube";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  bandwidthOf,
  type BandwidthCluster,
  deletePod,
  figures,
  makeNode,
  makePod,
  startBandwidthCluster,
} from "./bandwidth.fixture.ts";

const NODES = ["n1", "n2", "n3", "n4"] as const;
const PODS = 400;
const AT_A_TIME = 20;
const PATIENCE = { timeout: 60_000 };
const RATES = { "kubernetes.io/egress-bandwidth": "2M", "kubernetes.io/ingress-bandwidth": "1M" };
let cluster: BandwidthCluster;
let objects: Reflector<KubeObject>;

/** The uids of the pods that an object shows. */
const shownBy = (object: KubeObject): readonly string[] =>
  children(child(object, "status"), "reservations").map(({ podUid }) => String(podUid));
const shown = (): ReadonlySet<string> =>
  new Set(objects.entries().flatMap(([, object]) => shownBy(object)));

beforeAll(async () => {
  cluster = await startBandwidthCluster();
  for (const name of NODES) await makeNode(cluster, name);
  objects = startReflector<KubeObject>({
    client: cluster.client,
    ref: BANDWIDTH_KIND,
    project: (object) => object,
  });
  cluster.startController();
});

afterAll(async () => {
  await objects[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

test("of pods that start and end without a pause each shows while it is there, and none afterwards (V4)", async () => {
  await expect.poll(() => objects.entries().length, PATIENCE).toBe(NODES.length);
  const left = Array.from({ length: PODS }, (_, index) => index).values();
  let seen = 0;
  const live = async (index: number): Promise<void> => {
    const name = `churn-${index}`;
    const node = NODES[index % NODES.length] ?? "n1";
    const uid = await makePod(cluster.client, name, { node, annotations: RATES });
    await expect.poll(() => shown().has(uid), PATIENCE).toBe(true);
    seen += 1;
    await deletePod(cluster.client, name);
    await expect.poll(() => shown().has(uid), PATIENCE).toBe(false);
  };
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      for (const index of left) await live(index);
    }),
  );
  expect(seen).toBe(PODS);
  for (const name of NODES)
    expect(figures((await bandwidthOf(cluster.client, name)).status?.used)).toBe(
      "local 0/0 network 0/0",
    );
});
