/** What pods and requests take of their nodes (V4, V5, V7, V12, V14, V18), by the controller's process on a real API server. */
import { setTimeout as sleep } from "node:timers/promises";
import { BANDWIDTH_KIND } from "@seam/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  bind,
  type BandwidthCluster,
  type BandwidthView,
  deletePod,
  figures,
  makeNode,
  makePod,
  makeReplicaSet,
  merge,
  setPodStatus,
  SOON,
  startBandwidthCluster,
  tellLinkSpeed,
  viewBandwidth,
} from "./bandwidth.fixture.ts";

const RATES = {
  "kubernetes.io/egress-bandwidth": "100M",
  "kubernetes.io/ingress-bandwidth": "50M",
};
const FULL = "local 20000/20000 network 1000/1000";
let cluster: BandwidthCluster;
let view: BandwidthView;

beforeAll(async () => {
  cluster = await startBandwidthCluster();
  view = viewBandwidth(cluster.client);
  for (const name of ["n1", "n2", "n3"]) await makeNode(cluster, name);
  cluster.startController();
});

afterAll(async () => {
  await view[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/** What the controller exposes of a node's network card. */
async function gauges(node: string): Promise<readonly string[]> {
  const answer = await fetch(`http://127.0.0.1:${cluster.port()}/metrics`);
  const sample = new RegExp(
    `^seam_bandwidth_(\\w+)_mbps\\{node="${node}",resource="network",direction="(\\w+)"\\} (\\d+)$`,
    "gm",
  );
  return [...(await answer.text()).matchAll(sample)]
    .map(([, ...parts]) => parts.join(" "))
    .toSorted();
}

/** V5 asks for a second, which a quiet machine takes: here it is printed. */
const told = (what: string, since: number): boolean =>
  process.stdout.write(`accounts: ${what} after ${Math.round(performance.now() - since)} ms\n`);

describe("accounting", () => {
  test("begins with nodes of which all is left (V2)", async () => {
    for (const name of ["n1", "n2", "n3"]) await view.expectState(name, "Created");
    expect(figures((await view.status("n1")).remaining)).toBe(FULL);
  });

  test("a pod with rates is there soon, and what it had is left when it is gone (V4, V5)", async () => {
    const uid = await makePod(cluster.client, "web-0", { node: "n1", annotations: RATES });
    const begin = performance.now();
    await view.expectUsed("n1", "local 100/50 network 100/50");
    told("reserved", begin);
    const { reservations, remaining, capacity } = await view.status("n1");
    const rates = { ulMbps: 100, dlMbps: 50 };
    expect(reservations).toEqual([
      {
        podName: "web-0",
        namespace: "default",
        podUid: uid,
        ip: "",
        deploymentType: "Pod",
        deploymentName: "web-0",
        deploymentUid: uid,
        bandwidth: { local: rates, network: rates },
      },
    ]);
    expect(figures(remaining)).toBe("local 19900/19950 network 900/950");
    expect(figures(capacity)).toBe(FULL);
    expect(await gauges("n1")).toEqual([
      "remaining dl 950",
      "remaining ul 900",
      "used dl 50",
      "used ul 100",
    ]);
    await deletePod(cluster.client, "web-0");
    const end = performance.now();
    await view.expectUsed("n1", "local 0/0 network 0/0");
    told("given back", end);
    expect(await view.status("n1")).toMatchObject({ reservations: [] });
  });

  test("a pod that was placed by any other than the scheduler, and asks by kube-ovn's words, counts too (V4, V7)", async () => {
    const annotations = {
      "ovn.kubernetes.io/egress_rate": "20",
      "ovn.kubernetes.io/ingress_rate": "5",
    };
    await makePod(cluster.client, "daemon", { node: "n1", annotations, scheduler: "other" });
    await expect.poll(async () => view.used("n1"), SOON).toBe("local 20/5 network 20/5");
    await deletePod(cluster.client, "daemon");
  });

  test("a pod that has ended uses nothing, though its object is there (V5)", async () => {
    await makePod(cluster.client, "job", { node: "n1", annotations: RATES });
    await view.expectUsed("n1", "local 100/50 network 100/50");
    await setPodStatus(cluster, "job", { phase: "Succeeded" });
    await expect.poll(async () => view.used("n1"), SOON).toBe("local 0/0 network 0/0");
    await deletePod(cluster.client, "job");
  });

  test("only pods of the bandwidth-aware scheduler count without annotations, and they stay counted when they run (V18)", async () => {
    await makePod(cluster.client, "plain", { node: "n1" });
    await makePod(cluster.client, "silent", { node: "n1", scheduler: "vaclab-scheduler" });
    await view.expectUsed("n1", "local 20/20 network 20/20");
    await setPodStatus(cluster, "silent", {
      phase: "Running",
      podIP: "10.244.0.9",
      podIPs: [{ ip: "10.244.0.9" }],
    });
    await expect
      .poll(async () => (await view.status("n1")).reservations?.[0]?.ip, SOON)
      .toBe("10.244.0.9");
    expect(await view.used("n1")).toBe("local 20/20 network 20/20");
    await deletePod(cluster.client, "plain");
    await deletePod(cluster.client, "silent");
    await view.expectUsed("n1", "local 0/0 network 0/0");
  });

  test("a workload counts as network traffic when it is on two nodes, on both, and no longer when it is on one (V13, V14)", async () => {
    const deployment = {
      kind: "Deployment",
      name: "web",
      uid: "11111111-2222-3333-4444-555555555555",
    };
    const owner = await makeReplicaSet(cluster, "web-1", deployment);
    const newer = await makeReplicaSet(cluster, "web-2", deployment);
    const pod = async (name: string, node: string, set = owner): Promise<string> =>
      makePod(cluster.client, name, { node, annotations: RATES, owner: set });
    await pod("web-1-a", "n1");
    await view.expectUsed("n1", "local 100/50 network 100/50");
    // Another revision of the same Deployment, as in a rolling update.
    await pod("web-2-b", "n1", newer);
    await view.expectUsed("n1", "local 200/100 network 0/0");
    const { reservations = [] } = await view.status("n1");
    expect(
      reservations.map(({ deploymentType, deploymentName, deploymentUid }) => [
        deploymentType,
        deploymentName,
        deploymentUid,
      ]),
    ).toEqual([deployment, deployment].map(({ kind, name, uid }) => [kind, name, uid]));
    await pod("web-2-c", "n2", newer);
    await view.expectUsed("n1", "local 200/100 network 200/100");
    await view.expectUsed("n2", "local 100/50 network 100/50");
    await deletePod(cluster.client, "web-2-c");
    await view.expectUsed("n1", "local 200/100 network 0/0");
    await view.expectUsed("n2", "local 0/0 network 0/0");
    await deletePod(cluster.client, "web-1-a");
    await deletePod(cluster.client, "web-2-b");
    await view.expectUsed("n1", "local 0/0 network 0/0");
  });

  test("more than there is, by pods that no scheduler has asked for, is told and leaves nothing, never less (V5)", async () => {
    const annotations = { "kubernetes.io/egress-bandwidth": "1500M" };
    await makePod(cluster.client, "greedy", { node: "n1", annotations });
    await view.expectUsed("n1", "local 1500/0 network 1500/0");
    const said = await view.status("n1");
    expect(figures(said.remaining)).toBe("local 18500/20000 network 0/1000");
    expect(said).toMatchObject({
      status: "Created",
      errorReason:
        "pods have 1500 of 1000 Mbit/s network uplink; no other gets any of it here until some of them are gone",
    });
    await expect
      .poll(() => view.told("Bandwidth/n1").join("\n"), SOON)
      .toContain("Warning vaclab_node_bandwidth_failed: pods have 1500 of 1000");
    await deletePod(cluster.client, "greedy");
    await expect.poll(async () => (await view.status("n1")).errorReason, SOON).toBe("");
  });

  test("a wrong annotation is told on its pod, once, with the value and the right form (V7, V8)", async () => {
    const annotations = { "kubernetes.io/egress-bandwidth": "20" };
    await makePod(cluster.client, "doubtful", { node: "n1", annotations });
    await expect
      .poll(() => view.told("Pod/doubtful").join("\n"), SOON)
      .toMatch(
        /^Warning Bandwidth\w+: kubernetes.io\/egress-bandwidth: "20" is read as 20 bit\/s.*"20M"/,
      );
    const seen = view.told("Pod/doubtful").length;
    await cluster.k("label", "pod", "doubtful", "again=1");
    await cluster.k("label", "pod", "doubtful", "again=2", "--overwrite");
    await sleep(1000);
    expect(view.told("Pod/doubtful")).toHaveLength(seen);
    await deletePod(cluster.client, "doubtful");
  });
});

describe("requests of schedulers", () => {
  const request = (podName: string, podUid: string): object => ({
    podName,
    namespace: "default",
    podUid,
    linkLocal: false,
    bandwidth: { ulMbps: 30, dlMbps: 40 },
  });
  const requests = async (node: string): Promise<readonly string[]> =>
    ((await view.get(node)).spec.requests ?? []).map(({ podUid }) => podUid);

  test("count from when they are written, before the pod is bound (V12)", async () => {
    const uid = await makePod(cluster.client, "early", {
      annotations: {
        "kubernetes.io/egress-bandwidth": "30M",
        "kubernetes.io/ingress-bandwidth": "40M",
      },
      scheduler: "vaclab-scheduler",
    });
    await merge(
      cluster,
      { kind: "Bandwidth", name: "n1" },
      { spec: { requests: [request("early", uid)] } },
    );
    const begin = performance.now();
    await view.expectUsed("n1", "local 30/40 network 30/40");
    told("reserved", begin);
    await bind(cluster, "early", "n1");
    await sleep(300);
    expect(await view.used("n1")).toBe("local 30/40 network 30/40");
    expect(await requests("n1")).toEqual([uid]);
    await deletePod(cluster.client, "early");
    await view.expectUsed("n1", "local 0/0 network 0/0");
    await expect.poll(async () => requests("n1"), SOON).toEqual([]);
  });

  test("of a pod that went elsewhere are removed (V12)", async () => {
    const uid = await makePod(cluster.client, "moved", { scheduler: "vaclab-scheduler" });
    await merge(
      cluster,
      { kind: "Bandwidth", name: "n1" },
      { spec: { requests: [request("moved", uid)] } },
    );
    await view.expectUsed("n1", "local 20/20 network 20/20");
    await bind(cluster, "moved", "n2");
    await view.expectUsed("n1", "local 0/0 network 0/0");
    await view.expectUsed("n2", "local 20/20 network 20/20");
    await expect.poll(async () => requests("n1"), SOON).toEqual([]);
    await deletePod(cluster.client, "moved");
  });

  test("of a pod that never was are removed after three seconds (V12)", async () => {
    await merge(
      cluster,
      { kind: "Bandwidth", name: "n1" },
      { spec: { requests: [request("never", "u-1")] } },
    );
    await view.expectUsed("n1", "local 30/40 network 30/40");
    await sleep(1500);
    expect(await requests("n1")).toEqual(["u-1"]);
    await expect.poll(async () => requests("n1"), SOON).toEqual([]);
    await view.expectUsed("n1", "local 0/0 network 0/0");
  });

  test("are there again, as is the capacity, in the object that follows one that was deleted by hand (V2)", async () => {
    await tellLinkSpeed(cluster, "n2", 5000);
    const uid = await makePod(cluster.client, "stays", { node: "n2", annotations: RATES });
    await view.expectUsed("n2", "local 100/50 network 100/50");
    const before = (await view.get("n2")).metadata["uid"];
    await cluster.client.delete({ ...BANDWIDTH_KIND, name: "n2" });
    await expect.poll(async () => (await view.get("n2")).metadata["uid"], SOON).not.toBe(before);
    await view.expectState("n2", "Created");
    const { spec, status: said } = await view.get("n2");
    expect(figures(spec.capacity)).toBe("local 20000/20000 network 5000/5000");
    expect(spec.requests).toEqual([
      {
        podName: "stays",
        namespace: "default",
        podUid: uid,
        linkLocal: false,
        bandwidth: { ulMbps: 100, dlMbps: 50 },
      },
    ]);
    expect(figures(said?.used)).toBe("local 100/50 network 100/50");
    await deletePod(cluster.client, "stays");
  });
});

describe("faults", () => {
  test("what changes while the controller is dead is right when it is back, with nothing left over (V5)", async () => {
    await makePod(cluster.client, "before", { node: "n1", annotations: RATES });
    await view.expectUsed("n1", "local 100/50 network 100/50");
    await cluster.stopController("SIGKILL");
    await deletePod(cluster.client, "before");
    await makePod(cluster.client, "after", { node: "n2", annotations: RATES });
    await cluster.client.delete({ apiVersion: "v1", kind: "Node", name: "n3" });
    cluster.startController();
    await expect
      .poll(async () => view.used("n1"), { timeout: 60_000 })
      .toBe("local 0/0 network 0/0");
    await view.expectUsed("n2", "local 100/50 network 100/50");
    await expect.poll(() => view.object("n3"), SOON).toBeUndefined();
    expect(await gauges("n3")).toEqual([]);
    await deletePod(cluster.client, "after");
    await view.expectUsed("n2", "local 0/0 network 0/0");
  });

  test("others who write the same object at the same time lose nothing, and nothing is counted wrong (V12)", async () => {
    const writer = async (index: number): Promise<void> => {
      for (let round = 0; round < 20; round += 1)
        await merge(
          cluster,
          { kind: "Bandwidth", name: "n1" },
          { metadata: { labels: { [`w${index}`]: String(round) } } },
        );
    };
    const pods = Array.from({ length: 20 }, (_, index) => `contended-${index}`);
    const making = pods.map(async (name) =>
      makePod(cluster.client, name, {
        node: "n1",
        annotations: { "kubernetes.io/egress-bandwidth": "3M" },
      }),
    );
    await Promise.all([writer(1), writer(2), ...making]);
    await view.expectUsed("n1", "local 60/0 network 60/0");
    expect((await view.get("n1")).metadata["labels"]).toEqual({ w1: "19", w2: "19" });
    await Promise.all(pods.map(async (name) => deletePod(cluster.client, name)));
    await view.expectUsed("n1", "local 0/0 network 0/0");
  });

  test("no right was missing, and no pass threw", () => {
    expect(cluster.output()).not.toContain('"code":403');
    expect(cluster.output()).not.toContain("a pass threw");
  });
});
