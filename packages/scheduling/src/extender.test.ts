/** V6, V10, V11, V13, V14, V18: what kube-scheduler is told, and what binding writes. */
import { children, child, type Json } from "@seam/kube";
import { expect, test } from "vitest";

import {
  type Cluster,
  createCluster,
  type Fault,
  type Running,
  startExtender,
} from "./cluster.fixture.ts";

const EGRESS = "kubernetes.io/egress-bandwidth";
const INGRESS = "kubernetes.io/ingress-bandwidth";
const both = (value: string): Json => ({ [EGRESS]: value, [INGRESS]: value });

const clusterOf = (networks: Readonly<Record<string, number>>, fault?: Fault): Cluster => {
  const cluster = createCluster(fault);
  for (const [name, network] of Object.entries(networks)) cluster.addNode(name, network);
  return cluster;
};

const place = async (
  { extender }: Running,
  cluster: Cluster,
  { name, node, annotations = both("100M"), owner }: PlaceOptions,
): Promise<string> => {
  cluster.addPod(name, annotations, owner);
  return bindTo(extender, name, node);
};
type PlaceOptions = {
  readonly name: string;
  readonly node: string;
  readonly annotations?: Json;
  readonly owner?: string;
};
const bindTo = async (extender: Running["extender"], name: string, node: string): Promise<string> =>
  (await extender.bind({ name, namespace: "lab", uid: `uid-${name}`, node })).Error;

const requestsOn = (cluster: Cluster, node: string): unknown =>
  children(child(cluster.bandwidths.get(node)!, "spec"), "requests").map(({ podName }) => podName);
const nodeOf = (cluster: Cluster, name: string): unknown =>
  child(cluster.pods.get(name)!, "spec")["nodeName"];

test("V10: of 100, 500 and 50 Mbit/s free only the second node is feasible; the others say what is required", () => {
  const cluster = clusterOf({ n1: 100, n2: 500, n3: 50 });
  const { extender } = startExtender(cluster);
  const pod = cluster.addPod("a", both("200M"));
  expect(extender.filter({ pod, nodes: ["n1", "n2", "n3", "n4"] })).toEqual({
    NodeNames: ["n2"],
    FailedNodes: {},
    FailedAndUnresolvableNodes: {
      n1: "node n1 has insufficient bandwidth (required: ul=200Mbps, dl=200Mbps)",
      n3: "node n3 has insufficient bandwidth (required: ul=200Mbps, dl=200Mbps)",
      n4: "node n4 has no Bandwidth object yet, or one whose status says Error",
    },
    Error: "",
  });
});

test("V6: ten pods of 100 fill a NIC of 1000; the eleventh is told so in the original's words, and fits after one ends", async () => {
  const cluster = clusterOf({ n1: 1000 });
  const running = startExtender(cluster);
  for (let index = 0; index < 10; index += 1) {
    expect(await place(running, cluster, { name: `p${index}`, node: "n1" })).toBe("");
  }
  const pod = cluster.addPod("p10", both("100M"));
  const sentence = "no node has sufficient bandwidth (required: ul=100Mbps, dl=100Mbps)";
  expect(running.extender.filter({ pod, nodes: ["n1"] })).toMatchObject({
    NodeNames: [],
    FailedNodes: { n1: sentence },
  });
  expect(await bindTo(running.extender, "p10", "n1")).toContain("insufficient network bandwidth");
  cluster.endPod("p3");
  await running.watched();
  expect(await bindTo(running.extender, "p10", "n1")).toBe("");
});

test("V12: binding names the node, and the request follows", async () => {
  const cluster = clusterOf({ n1: 1000 });
  const running = startExtender(cluster);
  expect(
    await place(running, cluster, { name: "a", node: "n1", annotations: { [EGRESS]: "1.5M" } }),
  ).toBe("");
  expect(nodeOf(cluster, "a")).toBe("n1");
  await expect.poll(() => requestsOn(cluster, "n1")).toEqual(["a"]);
  expect(children(child(cluster.bandwidths.get("n1")!, "spec"), "requests")).toEqual([
    {
      podName: "a",
      namespace: "lab",
      podUid: "uid-a",
      linkLocal: false,
      bandwidth: { ulMbps: 2, dlMbps: 20 },
    },
  ]);
});

test("V6: of twenty bindings at once to a node with room for ten, ten succeed", async () => {
  const cluster = clusterOf({ n1: 1000 });
  const running = startExtender(cluster);
  const said = await Promise.all(
    Array.from({ length: 20 }, async (_, index) =>
      place(running, cluster, { name: `p${index}`, node: "n1" }),
    ),
  );
  expect(said.filter((each) => each === "")).toHaveLength(10);
  await expect.poll(() => requestsOn(cluster, "n1")).toHaveLength(10);
});

test("V6: as the original has it, all twenty are bound, which is why it is not the default", async () => {
  const cluster = clusterOf({ n1: 1000 });
  const running = startExtender(cluster, undefined, { rules: "compatible" });
  const said = await Promise.all(
    Array.from({ length: 20 }, async (_, index) =>
      place(running, cluster, { name: `p${index}`, node: "n1" }),
    ),
  );
  expect(said.filter((each) => each === "")).toHaveLength(20);
  await expect.poll(() => requestsOn(cluster, "n1")).toHaveLength(20);
});

test.each([
  ["fixed", 10, 7],
  ["compatible", 9, 10],
] as const)(
  "V11: by %s rules a sibling and 100 Mbit/s more elsewhere score %d and %d",
  async (rules, ...scores) => {
    const cluster = clusterOf({ n1: 600, n2: 700 });
    const running = startExtender(cluster, undefined, { rules });
    await place(running, cluster, {
      name: "sibling",
      node: "n1",
      annotations: both("1M"),
      owner: "web",
    });
    const pod = cluster.addPod("asks", both("1M"), "web");
    const told = running.extender.prioritize({ pod, nodes: ["n1", "n2"] });
    expect(told.map(({ Score }) => Score)).toEqual(scores);
  },
);

test("V12: a writer that comes between is not overwritten, and what it took is not given twice", async () => {
  const cluster = clusterOf({ n1: 300 });
  const running = startExtender(cluster);
  const foreign = {
    podName: "foreign",
    namespace: "lab",
    podUid: "uid-foreign",
    linkLocal: false,
    bandwidth: { ulMbps: 100, dlMbps: 100 },
  };
  expect(await place(running, cluster, { name: "a", node: "n1" })).toBe("");
  const before = cluster.bandwidths.get("n1")!;
  const spec = { ...child(before, "spec"), requests: [foreign] };
  // The extender's copy is of before when it writes.
  expect(await cluster.client.replace({ ...before, spec })).toMatchObject({ ok: true });
  await expect.poll(() => requestsOn(cluster, "n1")).toEqual(["foreign", "a"]);
  await running.watched();
  expect(await place(running, cluster, { name: "b", node: "n1" })).toBe("");
  expect(await place(running, cluster, { name: "c", node: "n1" })).toContain("insufficient");
});

test("V6: a binding that fails gives its reservation back", async () => {
  const cluster = clusterOf({ n1: 100 });
  const running = startExtender(cluster);
  expect(await bindTo(running.extender, "none", "n1")).toContain("cannot be read");
  cluster.addPod("a", both("100M"));
  await running.watched();
  cluster.pods.delete("a");
  expect(await bindTo(running.extender, "a", "n1")).toBe(
    "the pod could not be bound to node n1: not found",
  );
  expect(requestsOn(cluster, "n1")).toEqual([]);
  expect(await place(running, cluster, { name: "b", node: "n1" })).toBe("");
});

test("V6: a binding whose answer is lost counts if it happened, and is asked for again", async () => {
  const lose: { how: ReturnType<Fault> } = { how: null };
  const cluster = clusterOf({ n1: 100 }, (verb) => (verb === "bind" ? lose.how : null));
  const running = startExtender(cluster);
  lose.how = "lost after";
  expect(await place(running, cluster, { name: "a", node: "n1" })).toBe("");
  lose.how = null;
  expect(await bindTo(running.extender, "a", "n1")).toBe("");
  expect(await place(running, cluster, { name: "b", node: "n1" })).toContain("insufficient");
});

test("V6: while nobody knows whether a pod is bound, its bandwidth stays reserved", async () => {
  const state = { isAway: false };
  const cluster = clusterOf({ n1: 100 }, (verb) =>
    state.isAway && verb !== "replace" ? "lost" : null,
  );
  const running = startExtender(cluster);
  for (const name of ["a", "b"]) cluster.addPod(name, both("100M"));
  await running.watched();
  state.isAway = true;
  const first = bindTo(running.extender, "a", "n1");
  const again = bindTo(running.extender, "a", "n1");
  await new Promise((resolve) => void setTimeout(resolve, 50));
  expect(await bindTo(running.extender, "b", "n1")).toContain("insufficient");
  state.isAway = false;
  expect(await first).toContain("could not be bound");
  // kube-scheduler asked again meanwhile; that question waited for the first one.
  expect(await again).toBe("");
  expect(nodeOf(cluster, "a")).toBe("n1");
});

test("V6: a process that no longer leads begins no binding", async () => {
  const cluster = clusterOf({ n1: 100 });
  const running = startExtender(cluster);
  cluster.addPod("a", both("100M"));
  await running.stop();
  expect(await bindTo(running.extender, "a", "n1")).toContain("no longer answers");
  expect(nodeOf(cluster, "a")).toBeUndefined();
});

test("V10, V13: the best nodes are named, the same few of those that are as good, and all of them to a pod with preferences", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
  const cluster = clusterOf(Object.fromEntries(names.map((name) => [name, 1000])));
  const running = startExtender(cluster);
  const pod = cluster.addPod("a", both("20M"), "web");
  const ask = (of: Json): readonly string[] =>
    running.extender.filter({ pod: of, nodes: names.toReversed() }).NodeNames;
  expect(ask(pod)).toEqual(names.slice(0, 4));
  expect(ask({ ...pod, spec: { ...child(pod, "spec"), affinity: {} } })).toHaveLength(40);
  await place(running, cluster, { name: "b", node: "n7", owner: "web" });
  expect(ask(pod)).toEqual(["n7"]);
});

test("V15: a Bandwidth that the operator calls wrong, or that has another name than its node, gives nothing away", () => {
  const cluster = clusterOf({ n1: 1000, n2: 1000 });
  const { extender, world } = startExtender(cluster);
  const wrong = { ...cluster.bandwidths.get("n1")!, status: { status: "Error" } };
  world.setBandwidth(wrong);
  const good = cluster.bandwidths.get("n2")!;
  const metadata = { ...good.metadata, name: "other", uid: "uid-other" };
  world.setBandwidth({ ...good, metadata, spec: { ...child(good, "spec"), node: "n1" } });
  const pod = cluster.addPod("a", both("100M"));
  expect(extender.filter({ pod, nodes: ["n1", "n2", "other"] })).toMatchObject({
    NodeNames: ["n2"],
    FailedAndUnresolvableNodes: {
      n1: "node n1 has no Bandwidth object yet, or one whose status says Error",
      other: "node other has no Bandwidth object yet, or one whose status says Error",
    },
  });
});

test("V14: a sibling elsewhere is refused where its siblings would need a NIC that is full", async () => {
  const cluster = clusterOf({ n1: 100, n2: 1000 });
  const running = startExtender(cluster);
  await place(running, cluster, { name: "a", node: "n1", owner: "web" });
  await place(running, cluster, { name: "b", node: "n1", owner: "web" });
  const pod = cluster.addPod("c", both("10M"), "web");
  expect(running.extender.filter({ pod, nodes: ["n1", "n2"] })).toMatchObject({
    NodeNames: ["n1"],
    FailedNodes: {},
    FailedAndUnresolvableNodes: {
      n2: "node n1 has insufficient network bandwidth (required: ul=200Mbps, remaining: 100Mbps)",
    },
  });
});

test("V13: the node of the siblings has the best score, of 10", async () => {
  const cluster = clusterOf({ n1: 1000, n2: 1000 });
  const running = startExtender(cluster);
  await place(running, cluster, { name: "a", node: "n2", owner: "web" });
  const pod = cluster.addPod("b", both("100M"), "web");
  const scores = running.extender.prioritize({ pod, nodes: ["n1", "n2"] });
  expect(scores).toEqual([
    { Host: "n1", Score: 6 },
    { Host: "n2", Score: 10 },
  ]);
});

test("V8: a pod with a value that cannot be kept is placed nowhere, and told why", async () => {
  const cluster = clusterOf({ n1: 1000 });
  const running = startExtender(cluster);
  const pod = cluster.addPod("a", both("20"));
  const { NodeNames, FailedAndUnresolvableNodes } = running.extender.filter({ pod, nodes: ["n1"] });
  expect(NodeNames).toEqual([]);
  expect(FailedAndUnresolvableNodes["n1"]).toContain('write "20M" for 20 Mbit/s');
  expect(await bindTo(running.extender, "a", "n1")).toContain('write "20M"');
});

test("V18: a pod that says nothing is accounted 20/20, and stays so when it runs", async () => {
  const cluster = clusterOf({ n1: 1000 });
  const running = startExtender(cluster);
  expect(await place(running, cluster, { name: "a", node: "n1", annotations: {} })).toBe("");
  await running.watched();
  expect(running.world.ledger.account("n1")?.used.network).toEqual({ ulMbps: 20, dlMbps: 20 });
});

test("V10: a pod wider than the node is not helped by evictions; one that waits for others is", async () => {
  const cluster = clusterOf({ n1: 100 });
  const running = startExtender(cluster);
  await place(running, cluster, { name: "a", node: "n1" });
  const wide = cluster.addPod("wide", both("200M"));
  const late = cluster.addPod("late", both("100M"));
  const ask = (pod: Json): readonly unknown[] => {
    const { FailedNodes, FailedAndUnresolvableNodes } = running.extender.filter({
      pod,
      nodes: ["n1"],
    });
    return [Object.keys(FailedNodes), Object.keys(FailedAndUnresolvableNodes)];
  };
  expect(ask(wide)).toEqual([[], ["n1"]]);
  expect(ask(late)).toEqual([["n1"], []]);
});

test("V6: preemption adds the fewest victims of lower priority that free the bandwidth, or drops the node", async () => {
  const cluster = clusterOf({ n1: 300, n2: 300 });
  const running = startExtender(cluster);
  await place(running, cluster, { name: "small", node: "n1", annotations: both("50M") });
  await place(running, cluster, { name: "large", node: "n1", annotations: both("150M") });
  await place(running, cluster, { name: "given", node: "n1", annotations: both("50M") });
  await place(running, cluster, { name: "peer", node: "n2", annotations: both("300M") });
  await running.watched();
  const peer = cluster.pods.get("peer")!;
  running.world.setPod({ ...peer, spec: { ...child(peer, "spec"), priority: 10 } });
  const pod = { ...cluster.addPod("vip", both("200M")), spec: { priority: 10 } };
  const victims = {
    n1: { Pods: [{ UID: "uid-given" }], NumPDBViolations: 1 },
    n2: { Pods: [], NumPDBViolations: 0 },
  };
  expect(running.extender.preempt({ pod, victims }).NodeNameToMetaVictims).toEqual({
    n1: { Pods: [{ UID: "uid-given" }, { UID: "uid-large" }], NumPDBViolations: 1 },
  });
});

test("V2: a process that starts anew finds what is bound, also where the answer was lost", async () => {
  const lose: { how: ReturnType<Fault> } = { how: null };
  const cluster = clusterOf({ n1: 300 }, (verb) => (verb === "replace" ? null : lose.how));
  const first = startExtender(cluster);
  await place(first, cluster, { name: "a", node: "n1" });
  cluster.addPod("b", both("100M"));
  await first.watched();
  lose.how = "lost after";
  const bound = bindTo(first.extender, "b", "n1");
  await new Promise((resolve) => void setImmediate(resolve));
  await first.stop();
  expect(await bound).toContain("no longer answers");
  lose.how = null;
  const second = startExtender(cluster);
  const used = (running: Running): unknown => running.world.ledger.account("n1")?.used.network;
  expect(used(second)).toEqual({ ulMbps: 200, dlMbps: 200 });
  cluster.endPod("b");
  cluster.tidy("n1");
  await second.watched();
  expect(used(second)).toEqual({ ulMbps: 100, dlMbps: 100 });
});

test("V12, V21: a process that begins finds the pods that wait, and those on nodes whose Bandwidth does not name them", async () => {
  const cluster = clusterOf({ n1: 1000 });
  for (const name of ["untold", "waits", "ended"]) cluster.addPod(name, both("50M"));
  const pod = { namespace: "lab", name: "untold", uid: "uid-untold" };
  expect(await cluster.client.bind(pod, "n1")).toMatchObject({ ok: true });
  cluster.endPod("ended");
  const { world } = startExtender(cluster);
  expect(world.pending().map(({ name }) => name)).toEqual(["waits"]);
  const rates = { ulMbps: 50, dlMbps: 50 };
  const request = { podUid: "uid-untold", podName: "untold", namespace: "lab", rates };
  expect(world.unrecorded()).toEqual([{ node: "n1", request }]);
  expect(world.nodes()).toEqual(["n1"]);
});
