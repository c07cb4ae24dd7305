/**
 * Bandwidth on a real cluster (issue 7, each of V1 to V21): upstream's kube-scheduler with Seam's extender, real kubelets, the operator's
 * objects, and what pods measure. Each test leaves the cluster without pods that have rates.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { goTools, labDown, labImage, labReady, labUp } from "@seam/lab";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import {
  annotationsOf,
  bandwidthOf,
  type Both,
  deployment,
  eventually,
  lab,
  measured,
  nodes,
  nodesOf,
  NOTHING,
  pod,
  rates,
  ready,
  reasonOf,
  SCHEDULER,
  usedBy,
} from "./bandwidth.fixture.ts";
import { faults } from "./bandwidth-faults.fixture.ts";
import { fileOf } from "./chart.fixture.ts";
import { peaksIn, runGuide } from "./guide.fixture.ts";

const { kubectl } = lab;
const BANDWIDTH = { apiVersion: "networking.vaclab.org/v1", kind: "Bandwidth" };

beforeAll(async () => {
  await labDown(lab.name);
  const binFolder = await goTools();
  for await (const _ of labUp({ name: lab.name, nodes: 3, network: "seam", binFolder }));
  const { reference } = await labImage("seam", binFolder);
  const installer = readFileSync(fileOf("deploy/seam.yaml"), "utf8");
  await lab.applyText(installer.replaceAll("SEAM_IMAGE", reference));
  for await (const _ of labReady(lab.name));
  await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=90s");
}, 300_000);

afterEach(async () => {
  await kubectl("delete", "deployment,statefulset,pod", "--all", "--grace-period=0", "--force");
  await eventually(async () => {
    const left = (await usedBy(...nodes)).filter((used) => !isDeepStrictEqual(used, NOTHING));
    if (left.length > 0) throw new Error(`still used: ${JSON.stringify(left)}`);
  });
}, 200_000);

afterAll(async () => labDown(lab.name), 60_000);

test("V17: the one-file installer makes an empty cluster one with Bandwidth, an operator and a scheduler", async () => {
  const established = ["--for=condition=Established", "crd/bandwidths.networking.vaclab.org"];
  await kubectl("wait", ...established, "--timeout=90s");
  const parts = ["seam-controller", "vaclab-scheduler", "seam-admission"];
  for (const part of parts)
    await kubectl("rollout", "status", "-n", "seam-system", `deployment/${part}`, "--timeout=90s");
  await kubectl("rollout", "status", "-n", "seam-system", "daemonset/seam-agent", "--timeout=90s");
  await eventually(async () =>
    expect(await kubectl("get", "bandwidths", "-o", "name")).toMatch(/n3$/),
  );
}, 200_000);

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

test("V3, V4, V5, V12: a pod's rates are reserved when it starts, and given back at its end", async () => {
  await lab.apply(pod("one", { egress: "100M", ingress: "50M" }));
  await ready("one");
  const node = await kubectl("get", "pod", "one", "-o", "jsonpath={.spec.nodeName}");
  await eventually(async () => {
    const { spec, status } = await bandwidthOf(node);
    expect(spec.requests).toMatchObject([{ podName: "one", bandwidth: rates(100, 50) }]);
    expect(status.reservations).toMatchObject([{ podName: "one" }]);
    expect(status.used).toEqual({ local: rates(100, 50), network: rates(100, 50) });
    expect(status.remaining).toEqual({ local: rates(19_900, 19_950), network: rates(900, 950) });
  });
});

test("V6, V10, V21: an exhausted node takes no more pods, says so, and takes one when there is room for it", async () => {
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
  await kubectl("wait", "--for=condition=PodScheduled", "pod/late", "--timeout=90s");
  expect(await kubectl("get", "pod", "late", "-o", "jsonpath={.spec.nodeName}")).toBe("n2");
}, 200_000);

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
  await kubectl("rollout", "status", "deployment/group", "--timeout=120s");
  const [home = "", ...others] = await nodesOf("group");
  expect(others).toEqual([home, home]);
  await eventually(async () =>
    expect(await usedBy(home)).toEqual([{ local: rates(300, 300), network: rates(0, 0) }]),
  );
  await kubectl("rollout", "restart", "deployment/group");
  await kubectl("rollout", "status", "deployment/group", "--timeout=120s");
  await eventually(async () => expect(await nodesOf("group")).toEqual([home, home, home]));
}, 200_000);

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
    for (const direction of ["sends", "receives"] as const) {
      const rate = await measured("client", "server", direction);
      expect(rate).toBeGreaterThan(80);
      expect(rate).toBeLessThanOrEqual(105);
    }
    expect(await lab.seam("top", "bandwidth", "-n", "default")).toMatch(
      /client +n1 +egress +100\.0 .*\n.*client +n1 +ingress +100\.0 /,
    );
    const lower = ["kubernetes.io/egress-bandwidth=20M", "kubernetes.io/ingress-bandwidth=20M"];
    await kubectl("annotate", "pod", "client", "--overwrite", ...lower);
    await sleep(1000);
    for (const direction of ["sends", "receives"] as const) {
      const rate = await measured("client", "server", direction);
      expect(rate).toBeGreaterThan(15);
      expect(rate).toBeLessThanOrEqual(21);
    }
  },
  200_000,
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
}, 200_000);

test("V19, U1: in a project a pod with a rate is placed by bandwidth, and held to the quota", async () => {
  const spec = { quota: { egressMbps: 100, ingressMbps: 100 } };
  const apiVersion = "seam.ucsd.edu/v1alpha1";
  await lab.apply({ apiVersion, kind: "Project", metadata: { name: "tight" }, spec });
  await kubectl("wait", "--for=jsonpath={.status.phase}=Ready", "project/tight", "--timeout=90s");
  await kubectl("wait", "--for=create", "serviceaccount/default", "-n", "tight", "--timeout=90s");
  const inProject = (name: string): object => {
    const wish = { egress: "60M", ingress: "60M", scheduler: "default-scheduler" };
    return {
      ...pod(name, wish),
      metadata: { name, namespace: "tight", annotations: annotationsOf(wish) },
    };
  };
  await lab.apply(inProject("first"));
  await kubectl("wait", "--for=condition=Ready", "pod/first", "-n", "tight", "--timeout=120s");
  const scheduler = ["-n", "tight", "get", "pod", "first", "-o", "jsonpath={.spec.schedulerName}"];
  expect(await kubectl(...scheduler)).toBe(SCHEDULER);
  await expect(lab.apply(inProject("second"))).rejects.toThrow(
    "egress: 60 Mbit/s asked, and 40 of the project's 100 are left",
  );
  await kubectl("delete", "project", "tight", "--timeout=120s");
}, 200_000);

test("V7, V9: rates of kube-ovn's annotations are accounted and hold; egress alone, as a key that is there twice reads, is told", async () => {
  const ovn = { "ovn.kubernetes.io/egress_rate": "20", "ovn.kubernetes.io/ingress_rate": "10" };
  await lab.apply(
    pod("server", { node: "n2", egress: "500M", ingress: "500M", command: ["iperf3", "-s"] }),
    pod("ovn", { node: "n1", annotations: ovn }),
    pod("half", { node: "n3", egress: "100M" }),
  );
  await ready("server", "ovn", "half");
  await eventually(async () =>
    expect(await usedBy("n1")).toEqual([{ local: rates(20, 10), network: rates(20, 10) }]),
  );
  const sent = await measured("ovn", "server", "sends");
  expect(sent).toBeGreaterThan(15);
  expect(sent).toBeLessThanOrEqual(21);
  const received = await measured("ovn", "server", "receives");
  expect(received).toBeGreaterThan(7.5);
  expect(received).toBeLessThanOrEqual(10.5);
  expect(await notesOn("half")).toContain("ingress");
});

/** What events say about a pod, but for those of its start. */
const notesOn = async (name: string): Promise<string> =>
  kubectl(
    "get",
    "events",
    "--field-selector",
    `involvedObject.name=${name}`,
    "-o",
    'jsonpath={range .items[?(@.reason!="Pulled")]}{.message}{"\\n"}{end}',
  );

test("V8: each value is accounted in whole Mbit/s, rounded up, and enforced as it is; one that cannot be kept is refused with the right form", async () => {
  const table = [
    ["a", "100M", 100, "100.0"],
    ["b", "1G", 1000, "1000.0"],
    ["c", "500k", 1, "0.5"],
    ["d", "1.5M", 2, "1.5"],
    ["e", "1Gi", 1074, "1073.7"],
  ] as const;
  const scheduler = "default-scheduler";
  await lab.apply(
    ...table.map(([name, egress]) => pod(name, { egress, ingress: egress, scheduler })),
    pod("bare", { egress: "20", ingress: "20" }),
  );
  await ready(...table.map(([name]) => name));
  await eventually(async () => {
    const objects = await Promise.all(nodes.map(bandwidthOf));
    const reserved = objects.flatMap(({ status }) => status.reservations ?? []);
    const of = (name: string): unknown =>
      reserved.find(({ podName }) => podName === name)?.bandwidth;
    for (const [name, , counted] of table)
      expect(of(name)).toMatchObject({ network: rates(counted, counted) });
  });
  const top = await lab.seam("top", "bandwidth", "-n", "default");
  for (const [name, , , exact] of table)
    expect(top).toMatch(new RegExp(`^${name} +n\\d +egress +${exact} `, "m"));
  expect(await reasonOf("bare")).toContain('write "20M" for 20 Mbit/s');
});

test("V11: a pod goes where most is left on the network, one of a group to its siblings", async () => {
  const filling = { n1: "600M", n2: "300M", n3: "500M" };
  await lab.apply(
    ...Object.entries(filling).map(([node, rate]) =>
      pod(`fill-${node}`, { node, egress: rate, ingress: rate }),
    ),
    pod("first", { node: "n1", egress: "50M", ingress: "50M", group: "kin" }),
  );
  await ready("fill-n1", "fill-n2", "fill-n3", "first");
  await lab.apply(
    pod("single", { egress: "100M", ingress: "100M" }),
    pod("second", { egress: "50M", ingress: "50M", group: "kin" }),
  );
  await ready("single", "second");
  const where = ["get", "pod", "single", "second", "-o", "jsonpath={.items[*].spec.nodeName}"];
  expect(await kubectl(...where)).toBe("n2 n1");
});

test("V2, V16: a Bandwidth comes and goes with its node, and every step is an event, a failure a Warning", async () => {
  const reasons = async (name: string): Promise<string> =>
    kubectl(
      "get",
      "events",
      "--field-selector",
      `involvedObject.kind=Bandwidth,involvedObject.name=${name}`,
      "-o",
      "jsonpath={range .items[*]}{.type} {.reason},{end}",
    );
  const soon = async (name: string, step: string): Promise<void> =>
    eventually(async () => expect(await reasons(name)).toContain(`vaclab_node_bandwidth_${step},`));
  await lab.apply(
    { apiVersion: "v1", kind: "Node", metadata: { name: "ghost" } },
    { ...BANDWIDTH, metadata: { name: "wrong" }, spec: { node: "another" } },
  );
  for (const step of ["creating", "created"]) await soon("ghost", step);
  expect(await bandwidthOf("ghost")).toMatchObject({ status: { status: "Created" } });
  await eventually(async () =>
    expect(await reasons("wrong")).toContain("Warning vaclab_node_bandwidth_failed"),
  );
  await kubectl("delete", "node/ghost", "bandwidth/wrong");
  await kubectl("wait", "--for=delete", "bandwidth/ghost", "--timeout=90s");
  for (const step of ["deleting", "deleted"]) await soon("ghost", step);
});

test("V20: the roles let read, write and delete as they say, and metrics are scraped", async () => {
  const verbs = ["get", "update", "deletecollection"] as const;
  const may = { viewer: "yes,no,no", editor: "yes,yes,no", admin: "yes,yes,yes" };
  for (const [who, answers] of Object.entries(may)) {
    const role = [`--clusterrole=bandwidth-${who}-role`, `--user=${who}`];
    await kubectl("create", "clusterrolebinding", `test-${who}`, ...role);
    const asked = verbs.map(async (verb) =>
      kubectl("auth", "can-i", verb, "bandwidths.networking.vaclab.org", "--as", who).catch(
        () => "no",
      ),
    );
    expect((await Promise.all(asked)).join()).toBe(answers);
  }
  const scrape = async (part: string, port: number): Promise<string> => {
    const which = ["-n", "seam-system", "-l", `app.kubernetes.io/name=${part}`];
    const found = await kubectl("get", "pod", ...which, "-o", "jsonpath={.items[0].metadata.name}");
    const path = `/api/v1/namespaces/seam-system/pods/${found}:${port}/proxy/metrics`;
    return kubectl("get", "--raw", path);
  };
  expect(await scrape("seam-controller", 9810)).toMatch(
    /^seam_bandwidth_remaining_mbps\{.*n1.*\} /m,
  );
  expect(await scrape("vaclab-scheduler", 9831)).toMatch(/^seam_scheduling_leading 1$/m);
});

test.each(faults)(
  "%s: no megabit is wrong",
  async (_, wrongAfter) => {
    expect((await wrongAfter()).join("\n")).toBe("");
  },
  240_000,
);

test("the commands of bandwidth.md, rates.md and examples/bandwidth work as written (V6, V9, V13, U3)", async () => {
  const [placed, held, shown] = await Promise.all([
    runGuide("bandwidth.md", lab.name),
    runGuide("rates.md", lab.name),
    runGuide("../../examples/bandwidth/README.md", lab.name),
  ]);
  expect(placed).toContain("10000");
  expect(held).toMatch(/^default +limited +n1 +egress +80\.0 /m);
  expect(held).toMatch(/shaping/);
  expect(shown).toContain("no node has sufficient bandwidth (required: ul=400Mbps, dl=400Mbps)");
  const peaks = peaksIn(shown);
  const directions = ["fast-0 egress", "receiver-0 ingress", "slow-0 egress"];
  expect(peaks.map(([direction]) => direction).toSorted()).toEqual(directions);
  expect(peaks.filter(([, share]) => share <= 0.8 || share >= 1.05)).toEqual([]);
}, 280_000);
