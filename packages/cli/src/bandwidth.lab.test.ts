/**
 * Bandwidth on a real cluster (issue 7): upstream's kube-scheduler with Seam's extender, real kubelets, the operator's objects, and
 * what pods measure. Each test leaves the cluster without pods that have rates.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { labDown } from "@seam/lab";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { runGuide } from "./guide.fixture.ts";
import { testLab } from "./lab.fixture.ts";

const lab = testLab("seam-test-bandwidth");
const { kubectl } = lab;
const nodes = ["n1", "n2", "n3"] as const;
const TRAFFIC = "localhost/seam/traffic:dev";
const SCHEDULER = "vaclab-scheduler";

beforeAll(async () => {
  await labDown(lab.name);
  await lab.seam("lab", "up", "--nodes", "3");
  await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s");
}, 300_000);

afterEach(async () => {
  await kubectl("delete", "deployment,statefulset,pod", "--all", "--grace-period=0", "--force");
  await eventually(async () => {
    const left = (await usedBy(...nodes)).filter((used) => !isDeepStrictEqual(used, NOTHING));
    if (left.length > 0) throw new Error(`still used: ${JSON.stringify(left)}`);
  });
}, 60_000);

afterAll(async () => labDown(lab.name), 60_000);

/** Asks again until it holds, as long as the test has. */
async function eventually(check: () => Promise<void>, withinMs = 20_000): Promise<void> {
  const limit = performance.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > limit) throw error;
      await sleep(100);
    }
  }
}

type Rates = { readonly ulMbps: number; readonly dlMbps: number };
type Both = { readonly local: Rates; readonly network: Rates };
type Bandwidth = {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly node: string;
    readonly capacity: Both;
    readonly requests?: readonly { readonly podName: string; readonly bandwidth: Rates }[];
  };
  readonly status: {
    readonly status: string;
    readonly capacity: Both;
    readonly used: Both;
    readonly remaining: Both;
    readonly reservations?: readonly { readonly podName: string; readonly bandwidth: Both }[];
  };
};

const rates = (ulMbps: number, dlMbps: number): Rates => ({ ulMbps, dlMbps });
const NOTHING: Both = { local: rates(0, 0), network: rates(0, 0) };

const bandwidthOf = async (node: string): Promise<Bandwidth> =>
  JSON.parse(await kubectl("get", "bandwidths.networking.vaclab.org", node, "-o", "json"));

const usedBy = async (...names: readonly string[]): Promise<readonly Both[]> =>
  Promise.all(names.map(async (name) => (await bandwidthOf(name)).status.used));

type Wish = {
  readonly egress?: string;
  readonly ingress?: string;
  readonly node?: string;
  readonly scheduler?: string;
  readonly group?: string;
  readonly command?: readonly string[];
  readonly image?: string;
};

const annotationsOf = ({ egress, ingress, group }: Wish): object => ({
  ...(group === undefined ? {} : { "seam.ucsd.edu/bandwidth-group": group }),
  ...(egress === undefined ? {} : { "kubernetes.io/egress-bandwidth": egress }),
  ...(ingress === undefined ? {} : { "kubernetes.io/ingress-bandwidth": ingress }),
});

const specOf = (wish: Wish): object => {
  const { node, scheduler = SCHEDULER, command = ["sleep", "infinity"], image = TRAFFIC } = wish;
  return {
    schedulerName: scheduler,
    ...(node === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": node } }),
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "c", image, command }],
  };
};

const pod = (name: string, wish: Wish): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, annotations: annotationsOf(wish) },
  spec: specOf(wish),
});

const deployment = (name: string, replicas: number, wish: Wish): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations: annotationsOf(wish) },
      spec: specOf(wish),
    },
  },
});

const ready = async (...pods: readonly string[]): Promise<string> =>
  kubectl("wait", "--for=condition=Ready", "--timeout=60s", ...pods.map((name) => `pod/${name}`));

/** Nodes of the pods of a Deployment. */
const nodesOf = async (app: string): Promise<readonly string[]> =>
  (await kubectl("get", "pods", "-l", `app=${app}`, "-o", "jsonpath={.items[*].spec.nodeName}"))
    .split(" ")
    .toSorted();

const reasonOf = async (name: string): Promise<string> =>
  kubectl(
    "get",
    "pod",
    name,
    "-o",
    'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}',
  );

test("V1, V2, V15: a Bandwidth for each node, with the defaults and the columns of the contract", async () => {
  const definition = ["crd", "bandwidths.networking.vaclab.org"];
  const scope = await kubectl("get", ...definition, "-o", "jsonpath={.spec.scope}");
  expect(scope).toBe("Cluster");
  const [header = ""] = (await kubectl("get", "bandwidths")).split("\n");
  expect(header.split(/\s+/)).toEqual(
    "NAME NODE UL DL UUL UDL LUL LDL ULUL ULDL STATE AGE".split(" "),
  );
  const capacity = { local: rates(20_000, 20_000), network: rates(1000, 1000) };
  for (const node of nodes) {
    expect(await bandwidthOf(node)).toMatchObject({
      spec: { node, capacity },
      status: { status: "Created", capacity, used: NOTHING, remaining: capacity },
    });
  }
});

test("V3, V4, V5, V12: a pod's rates are reserved within a second of its start, and given back at its end", async () => {
  await lab.apply(pod("one", { egress: "100M", ingress: "50M" }));
  await ready("one");
  const node = await kubectl("get", "pod", "one", "-o", "jsonpath={.spec.nodeName}");
  await eventually(async () => {
    const { spec, status } = await bandwidthOf(node);
    expect(spec.requests).toMatchObject([{ podName: "one", bandwidth: rates(100, 50) }]);
    expect(status.reservations).toMatchObject([{ podName: "one" }]);
    expect(status.used).toEqual({ local: rates(100, 50), network: rates(100, 50) });
    expect(status.remaining).toEqual({ local: rates(19_900, 19_950), network: rates(900, 950) });
  }, 1000);
});

test("V6, V10, V21: an exhausted node takes no more pods, says so, and takes one within 2 s of the room for it", async () => {
  const wish = { egress: "100M", ingress: "100M", node: "n2" };
  const names = Array.from({ length: 10 }, (_, index) => `p${index}`);
  await lab.apply(...names.map((name) => pod(name, wish)));
  await ready(...names);
  await lab.apply(pod("late", wish));
  await eventually(async () =>
    expect(await reasonOf("late")).toContain(
      "no node has sufficient bandwidth (required: ul=100Mbps, dl=100Mbps)",
    ),
  );
  await kubectl("delete", "pod", "p3");
  await kubectl("wait", "--for=condition=PodScheduled", "pod/late", "--timeout=2s");
  expect(await kubectl("get", "pod", "late", "-o", "jsonpath={.spec.nodeName}")).toBe("n2");
}, 120_000);

test("V10: of three nodes with 100, 500 and 50 Mbit/s left, a pod of 200 takes the second", async () => {
  const filling = [
    ["n1", "900M"],
    ["n2", "500M"],
    ["n3", "950M"],
  ] as const;
  await lab.apply(
    ...filling.map(([node, rate]) => pod(`fill-${node}`, { egress: rate, ingress: rate, node })),
  );
  await ready(...filling.map(([node]) => `fill-${node}`));
  await lab.apply(pod("asks", { egress: "200M", ingress: "200M" }));
  await ready("asks");
  expect(await kubectl("get", "pod", "asks", "-o", "jsonpath={.spec.nodeName}")).toBe("n2");
});

test("V13: a Deployment is kept together and uses no network, also over a rolling update", async () => {
  await lab.apply(deployment("group", 3, { egress: "100M", ingress: "100M" }));
  await kubectl("rollout", "status", "deployment/group", "--timeout=60s");
  const [home = "", ...others] = await nodesOf("group");
  expect(others).toEqual([home, home]);
  await eventually(async () =>
    expect(await usedBy(home)).toEqual([{ local: rates(300, 300), network: rates(0, 0) }]),
  );
  await kubectl("rollout", "restart", "deployment/group");
  await kubectl("rollout", "status", "deployment/group", "--timeout=60s");
  await eventually(async () => expect(await nodesOf("group")).toEqual([home, home, home]));
}, 120_000);

test("V14: members of a group on one node use no network; one elsewhere makes all of them use it", async () => {
  const member = (name: string, node: string): object =>
    pod(name, { egress: "100M", ingress: "100M", node, group: "trio" });
  await lab.apply(member("a", "n1"), member("b", "n1"));
  await ready("a", "b");
  const onNetwork = (count: number, network: number): Both => ({
    local: rates(100 * count, 100 * count),
    network: rates(100 * network, 100 * network),
  });
  await eventually(async () =>
    expect(await usedBy("n1", "n2")).toEqual([onNetwork(2, 0), NOTHING]),
  );
  await lab.apply(member("c", "n2"));
  await ready("c");
  await eventually(async () =>
    expect(await usedBy("n1", "n2")).toEqual([onNetwork(2, 2), onNetwork(1, 1)]),
  );
});

test("V18, V19: pods of this scheduler without rates count 20 each way and go on doing so; others are not touched", async () => {
  await lab.apply(
    pod("silent", { node: "n1" }),
    pod("stranger", { node: "n2", scheduler: "default-scheduler" }),
    pod("asking", { node: "n3", scheduler: "default-scheduler", egress: "30M", ingress: "30M" }),
  );
  await ready("silent", "stranger", "asking");
  const both = (mbps: number): Both => ({
    local: rates(mbps, mbps),
    network: rates(mbps, mbps),
  });
  await eventually(async () =>
    expect(await usedBy(...nodes)).toEqual([both(20), NOTHING, both(30)]),
  );
  await sleep(3000);
  expect(await usedBy(...nodes)).toEqual([both(20), NOTHING, both(30)]);
});

test.each(["n1", "n2"])(
  "V9, U2: what a pod sends and is sent holds to its rates, which change while it runs; the peer is on %s",
  async (peer) => {
    await lab.apply(
      pod("server", { node: peer, egress: "800M", ingress: "800M", command: ["iperf3", "-s"] }),
      pod("client", { node: "n1", egress: "100M", ingress: "100M" }),
    );
    await ready("server", "client");
    const server = await kubectl("get", "pod", "server", "-o", "jsonpath={.status.podIP}");
    const measured = async (): Promise<readonly number[]> => {
      const argv = ["iperf3", "-c", server, "-t", "3", "-O", "1", "-J", "--bidir"];
      const { end } = JSON.parse(await lab.inPod("client", ...argv));
      const sums = [end.sum_received, end.sum_received_bidir_reverse];
      return sums.map((sum) => sum.bits_per_second / 1e6);
    };
    for (const rate of await measured()) {
      expect(rate).toBeGreaterThan(80);
      expect(rate).toBeLessThanOrEqual(105);
    }
    expect(await lab.seam("top", "bandwidth", "-n", "default")).toMatch(
      /client +n1 +egress +100\.0 .*\n.*client +n1 +ingress +100\.0 /,
    );
    const lower = ["kubernetes.io/egress-bandwidth=20M", "kubernetes.io/ingress-bandwidth=20M"];
    await kubectl("annotate", "pod", "client", "--overwrite", ...lower);
    await sleep(1000);
    for (const rate of await measured()) {
      expect(rate).toBeGreaterThan(15);
      expect(rate).toBeLessThanOrEqual(21);
    }
  },
  120_000,
);

test("V12: forty pods at once never have more than a node has", async () => {
  const wish = { egress: "100M", ingress: "100M" };
  const placed = async (): Promise<readonly string[]> =>
    (await kubectl("get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}")).split(" ");
  const full = nodes.flatMap((node) => Array.from({ length: 10 }, () => node));
  await lab.apply(...Array.from({ length: 40 }, (_, index) => pod(`many-${index}`, wish)));
  await eventually(async () => expect((await placed()).length).toBe(full.length), 60_000);
  await sleep(2000);
  expect((await placed()).toSorted()).toEqual(full);
}, 120_000);

/** Names of the pods on a node; of those without one when it is empty. */
async function podsOn(node: string): Promise<readonly string[]> {
  const which = ["--field-selector", `spec.nodeName=${node}`];
  const names = await kubectl("get", "pods", ...which, "-o", "jsonpath={.items[*].metadata.name}");
  return names
    .split(" ")
    .filter((name) => name !== "")
    .toSorted();
}

test("V6, V12: scheduler and operator, killed while sixty pods are placed, leave no megabit wrong", async () => {
  const wish = { egress: "20M", ingress: "20M", image: "localhost/pause:1", command: [] };
  const all = Array.from({ length: 60 }, (_, index) => pod(`fault-${index}`, wish));
  for (let part = 0; part < 3; part += 1) {
    await lab.apply(...all.slice(part * 20, part * 20 + 20));
    for (const node of nodes)
      await lab.onNode(node, "pkill -9 -f '/seam/(scheduling|controller).js' || true");
  }
  await eventually(async () => expect(await podsOn("")).toEqual([]), 90_000);
  await eventually(async () => {
    for (const node of nodes) {
      const names = await podsOn(node);
      const { spec, status } = await bandwidthOf(node);
      const asked = rates(20 * names.length, 20 * names.length);
      expect(status.used).toEqual({ local: asked, network: asked });
      const requests = spec.requests ?? [];
      expect(requests.map(({ podName }) => podName).toSorted()).toEqual(names);
    }
  }, 30_000);
}, 180_000);

test("V19, U1: in a project a pod with a rate is placed by bandwidth, and held to the quota", async () => {
  const spec = { quota: { egressMbps: 100, ingressMbps: 100 } };
  const apiVersion = "seam.ucsd.edu/v1alpha1";
  await lab.apply({ apiVersion, kind: "Project", metadata: { name: "tight" }, spec });
  await kubectl("wait", "--for=jsonpath={.status.phase}=Ready", "project/tight", "--timeout=30s");
  await kubectl("wait", "--for=create", "serviceaccount/default", "-n", "tight", "--timeout=30s");
  const inProject = (name: string): object => {
    const wish = { egress: "60M", ingress: "60M", scheduler: "default-scheduler" };
    return {
      ...pod(name, wish),
      metadata: { name, namespace: "tight", annotations: annotationsOf(wish) },
    };
  };
  await lab.apply(inProject("first"));
  await kubectl("wait", "--for=condition=Ready", "pod/first", "-n", "tight", "--timeout=60s");
  const scheduler = ["-n", "tight", "get", "pod", "first", "-o", "jsonpath={.spec.schedulerName}"];
  expect(await kubectl(...scheduler)).toBe(SCHEDULER);
  await expect(lab.apply(inProject("second"))).rejects.toThrow(
    "egress: 60 Mbit/s asked, and 40 of the project's 100 are left",
  );
  await kubectl("delete", "project", "tight", "--timeout=60s");
}, 120_000);

/** The most that passed in a second, and the rate, of each pod's direction that the example tells of. */
const peaksIn = (output: string): readonly (readonly [string, number])[] =>
  [...output.matchAll(/^(\S+ \S+) had at most (\S+) of (\S+) Mbit\/s$/gm)].map(
    ([, direction = "", most, rate]) => [direction, Number(most) / Number(rate)],
  );

test("the commands of bandwidth.md, rates.md and examples/bandwidth work as written (V6, V9, V13, U3)", async () => {
  const [placed, held, shown] = await Promise.all([
    runGuide("bandwidth.md", lab.name),
    runGuide("rates.md", lab.name),
    runGuide("../../examples/bandwidth/README.md", lab.name),
  ]);
  expect(placed).toContain("10000");
  expect(held).toMatch(/^default +limited +n2 +egress +20\.0 /m);
  expect(held).toMatch(/shaping/);
  expect(shown).toContain("no node has sufficient bandwidth (required: ul=400Mbps, dl=400Mbps)");
  const peaks = peaksIn(shown);
  const directions = ["fast-0 egress", "receiver-0 ingress", "slow-0 egress"];
  expect(peaks.map(([direction]) => direction).toSorted()).toEqual(directions);
  for (const peak of peaks) {
    expect(peak).toEqual([
      peak[0],
      expect.toSatisfy((share: number) => share > 0.8 && share < 1.05),
    ]);
  }
}, 280_000);
