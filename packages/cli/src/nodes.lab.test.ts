/**
 * Nodes come and go (issue 4): they join, are cordoned, change their addresses, are rebuilt under the same name and leave, while
 * the routes of all other nodes follow the change in the API, directly and through VXLAN; how soon is printed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { createKubeClient, type KubeClient, readKubeconfig, startReflector } from "@seam/kube";
import { labDown, labStatus } from "@seam/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

import { runGuide } from "./guide.fixture.ts";
import { leftOf, networkConfig, PATIENCE_MS, testLab } from "./lab.fixture.ts";
import {
  addressesAround,
  endNode,
  podsReachEachOther,
  startedAnew,
  startPod,
  switchOff,
} from "./node-pods.fixture.ts";
import { from, policyAbout, type Pressed, pressedDuring } from "./pressed.fixture.ts";

const lab = testLab("seam-test-nodes");
const others = ["n1", "n2"] as const;

type Moment = { readonly at: number; readonly line: string };

/** Everything that happened, in the order in which it was heard of: `api …`, `n1 …` and `n2 …`. */
const moments: Moment[] = [];
const monitors: ChildProcess[] = [];
let client: KubeClient;

const heard = (line: string): void => void moments.push({ at: performance.now(), line });

/** Hears of each change of routes and of the tunnel's forwarding entries in a node's kernel. */
function listen(node: string): void {
  const netns = `--net=/run/netns/seam-${lab.name}-${node}`;
  for (const argv of [
    ["ip", "-o", "monitor", "route"],
    ["bridge", "monitor", "fdb"],
  ]) {
    const monitor = spawn("nsenter", [netns, "--", ...argv], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    createInterface({ input: monitor.stdout }).on("line", (line) => heard(`${node} ${line}`));
    monitors.push(monitor);
  }
}

type Facts = { readonly addresses: readonly string[]; readonly podCidrs: readonly string[] };

/** Hears of each change of a Node's addresses and pod prefixes. */
function listenToApi(): void {
  const config = readKubeconfig(lab.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
  startReflector<string>({
    client,
    ref: { apiVersion: "v1", kind: "Node" },
    project: (node) => JSON.stringify(node),
    onChange: ({ kind, key, value }) => {
      const { addresses, podCidrs } = factsIn(value);
      const told = kind === "deleted" ? "gone" : `${addresses.join()} ${podCidrs.join()}`;
      heard(`api ${key} ${told}`);
    },
  });
}

function factsIn(text: string): Facts {
  const node: {
    readonly spec: { readonly podCIDRs?: readonly string[] };
    readonly status: { readonly addresses?: readonly { type: string; address: string }[] };
  } = JSON.parse(text);
  const internal = (node.status.addresses ?? []).filter(({ type }) => type === "InternalIP");
  return {
    addresses: internal.map(({ address }) => address),
    podCidrs: node.spec.podCIDRs ?? [],
  };
}

const factsOf = async (node: string): Promise<Facts> =>
  factsIn(await lab.kubectl("get", "node", node, "-o", "json"));

/** Waits for a line since `since`, and when it came. */
async function moment(since: number, wanted: (line: string) => boolean): Promise<number> {
  const find = (): Moment | undefined =>
    moments.find(({ at, line }) => at >= since && wanted(line.replaceAll("\\", " ")));
  await expect.poll(find, { timeout: PATIENCE_MS, interval: 20 }).toBeDefined();
  return find()!.at;
}

/** Waits for what the API says, then for the same in the kernels of both others; the longest time between. */
async function delayOf(
  what: string,
  since: number,
  { api, kernel }: { readonly api: string; readonly kernel: readonly string[] },
): Promise<number> {
  const told = await moment(since, (line) => line === `api ${api}`);
  const delays: number[] = [];
  for (const node of others)
    for (const wanted of kernel) {
      const done = await moment(since, (line) => line.startsWith(`${node} ${wanted}`));
      delays.push(done - told);
    }
  const longest = Math.max(...delays);
  process.stdout.write(`nodes: ${what}: routes followed within ${longest.toFixed(0)} ms\n`);
  return longest;
}

const familyOf = (text: string): string => (text.includes(":") ? "ipv6" : "ipv4");

const directRoutes = ({ addresses, podCidrs }: Facts): readonly string[] =>
  podCidrs.map((cidr) => {
    const via = addresses.find((address) => familyOf(address) === familyOf(cidr));
    return `${cidr} via ${via} dev eth0`;
  });

const apiLine = (node: string, { addresses, podCidrs }: Facts): string =>
  `${node} ${addresses.join()} ${podCidrs.join()}`;

/** All that a node's kernel has towards the pods of other nodes. */
const waysOn = async (node: string): Promise<readonly string[]> =>
  (
    await lab.onNode(
      node,
      `ip route show proto 83; ip -6 route show proto 83; bridge fdb show dev vxlan-seam 2>/dev/null;
       ip neigh show nud permanent | grep vxlan-seam`,
    )
  )
    .split("\n")
    .filter((line) => !/dev seam\w/.test(line))
    .map((line) => line.trim())
    .toSorted();

/** Exactly the direct routes to the nodes that there are, and nothing else. */
async function onlyDirect(nodes: readonly string[]): Promise<void> {
  for (const node of others) {
    const rest = nodes.filter((each) => each !== node);
    const wanted = (await Promise.all(rest.map(factsOf))).flatMap(directRoutes);
    const found = (await waysOn(node)).map((line) => line.replace(/(dev eth0).*/, "$1"));
    expect(found).toEqual(wanted.toSorted());
  }
}

/** Exactly one way through the tunnel for each family to each other node. */
async function onlyTunnelled(nodes: readonly string[]): Promise<void> {
  for (const node of others) {
    const rest = await Promise.all(nodes.filter((each) => each !== node).map(factsOf));
    const ways = await waysOn(node);
    expect(ways).toHaveLength(rest.length * 5);
    for (const { addresses, podCidrs } of rest) {
      for (const cidr of podCidrs) expect(ways.join("\n")).toContain(`${cidr} via `);
      expect(ways.filter((way) => way.includes(` dst ${addresses[0]} `))).toHaveLength(1);
    }
  }
}

beforeAll(async () => {
  await labDown(lab.name);
  await lab.seam("lab", "up", "--nodes", "2");
  await startPod(lab, "n1");
  listenToApi();
  for (const node of others) listen(node);
  await sleep(500);
}, 180_000);

afterAll(async () => {
  for (const monitor of monitors) monitor.kill();
  client.close();
  await labDown(lab.name);
}, 200_000);

test("a node joins: the others have routes to its pods", async () => {
  const since = performance.now();
  await lab.seam("lab", "up", "--nodes", "3");
  const facts = await factsOf("n3");
  expect(
    await delayOf("joins", since, { api: apiLine("n3", facts), kernel: directRoutes(facts) }),
  ).toBeLessThan(PATIENCE_MS);
  await onlyDirect(["n1", "n2", "n3"]);
  await startPod(lab, "n3");
  await podsReachEachOther(lab);
}, 200_000);

test("a node is cordoned and uncordoned: no route is touched", async () => {
  const since = performance.now();
  await lab.kubectl("cordon", "n3");
  await sleep(500);
  await lab.kubectl("uncordon", "n3");
  await sleep(500);
  const touched = moments.filter(({ at, line }) => at >= since && line.includes("proto 83"));
  expect(touched).toEqual([]);
});

test("devices: pods get what their project may have, on the node that has them, and no more", async () => {
  const gpu = "example.org/gpu";
  const patch = JSON.stringify({ status: { capacity: { [gpu]: "2" } } });
  await lab.kubectl("patch", "node", "n2", "--subresource=status", "-p", patch);
  const folder = mkdtempSync("/tmp/seam-test-devices-");
  const apply = async (kind: string, metadata: object, spec: object): Promise<string> => {
    const file = path.join(folder, "object.json");
    writeFileSync(
      file,
      JSON.stringify({ apiVersion: "seam.ucsd.edu/v1alpha1", kind, metadata, spec }),
    );
    return lab.seam("apply", "-f", file);
  };
  const wanting = async (experimentName: string, count: number): Promise<string> =>
    apply(
      "Experiment",
      { name: experimentName, namespace: "devices" },
      {
        workloads: [
          {
            name: experimentName,
            image: "localhost/pause:1",
            resources: { gpu: { [gpu]: count } },
          },
        ],
      },
    );
  const conditionOf = async (experimentName: string): Promise<string> =>
    lab.kubectl(
      "-n",
      "devices",
      "get",
      "experiment",
      experimentName,
      "-o",
      'jsonpath={.status.conditions[?(@.type=="WorkloadsReady")].message}',
    );
  const project = async (count: number): Promise<string> =>
    apply("Project", { name: "devices" }, { quota: { gpu: { [gpu]: count } } });
  expect(await project(1)).toContain("resourcequota devices/seam");
  await wanting("one", 1);
  await lab.seam("wait", "experiment", "one", "-n", "devices");
  expect(
    await lab.kubectl("-n", "devices", "get", "pod", "one-0", "-o", "jsonpath={.spec.nodeName}"),
  ).toBe("n2");
  await wanting("two", 1);
  await expect
    .poll(async () => conditionOf("two"), { timeout: 30_000 })
    .toContain(`exceeded quota: seam, requested: requests.${gpu}=1, used: requests.${gpu}=1`);
  expect(await project(4)).toContain(`.spec.hard['requests.${gpu}']: 1 -> 4`);
  await lab.seam("wait", "experiment", "two", "-n", "devices");
  await wanting("three", 1);
  await expect
    .poll(async () => conditionOf("three"), { timeout: 30_000 })
    .toContain("Unschedulable");
  expect(await lab.seam("get", "project", "devices", "-o", "json")).toMatch(
    /"limit": "4",\s+"resource": "requests.example.org\/gpu",\s+"used": "3"/,
  );
  await lab.seam("delete", "project", "devices", "--with-experiments");
  const none = '[{"op": "remove", "path": "/status/capacity/example.org~1gpu"}]';
  await lab.kubectl("patch", "node", "n2", "--subresource=status", "--type=json", "-p", none);
  rmSync(folder, { recursive: true });
}, 200_000);

test("a node changes its addresses: routes of the others follow, and its own", async () => {
  const since = performance.now();
  const { podCidrs } = await factsOf("n3");
  expect(await lab.seam("lab", "readdress", "n3")).toContain("10.200.0.20 and fd00:200::20");
  const facts = { addresses: ["10.200.0.20", "fd00:200::20"], podCidrs };
  expect(
    await delayOf("changes its addresses, direct", since, {
      api: apiLine("n3", facts),
      kernel: directRoutes(facts),
    }),
  ).toBeLessThan(PATIENCE_MS);
  await onlyDirect(["n1", "n2", "n3"]);
  await podsReachEachOther(lab);
}, 200_000);

test("a node is rebuilt under its name with other addresses: ways through VXLAN follow", async () => {
  await lab.apply(networkConfig({ overlay: "vxlan", encapsulate: "always" }));
  await expect.poll(async () => (await waysOn("n1")).length, { timeout: PATIENCE_MS }).toBe(10);
  const removed = performance.now();
  const before = await factsOf("n3");
  await lab.seam("lab", "remove-node", "n3");
  expect(
    await delayOf("leaves, VXLAN", removed, {
      api: "n3 gone",
      kernel: before.podCidrs.map((cidr) => `Deleted ${cidr} `),
    }),
  ).toBeLessThan(PATIENCE_MS);
  await onlyTunnelled(["n1", "n2"]);
  const added = performance.now();
  await lab.seam("lab", "up", "--nodes", "3");
  const facts = await factsOf("n3");
  expect(facts.addresses).toEqual(["10.200.0.13", "fd00:200::13"]);
  expect(facts.podCidrs).not.toEqual(before.podCidrs);
  expect(
    await delayOf("is rebuilt, VXLAN", added, {
      api: apiLine("n3", facts),
      kernel: facts.podCidrs.map((cidr) => `${cidr} via `),
    }),
  ).toBeLessThan(PATIENCE_MS);
  await onlyTunnelled(["n1", "n2", "n3"]);
  await startPod(lab, "n3");
  await podsReachEachOther(lab);
}, 200_000);

test("a node changes its addresses: forwarding entries of the others follow, and its own tunnel", async () => {
  const since = performance.now();
  const { podCidrs } = await factsOf("n3");
  await lab.seam("lab", "readdress", "n3");
  const facts = { addresses: ["10.200.0.20", "fd00:200::20"], podCidrs };
  const mac = await lab.onNode("n3", "cat /sys/class/net/vxlan-seam/address");
  expect(
    await delayOf("changes its addresses, VXLAN", since, {
      api: apiLine("n3", facts),
      kernel: [`${mac} dev vxlan-seam dst 10.200.0.20 `],
    }),
  ).toBeLessThan(PATIENCE_MS);
  await onlyTunnelled(["n1", "n2", "n3"]);
  const own = async (): Promise<string> => lab.onNode("n3", "ip -d link show vxlan-seam");
  await expect.poll(own, { timeout: PATIENCE_MS }).toContain("local 10.200.0.20 ");
  await podsReachEachOther(lab);
}, 200_000);

/** Presses against all addresses that the closed pod on n3 has, had and may get next, from a pod that its policy does not let in. */
async function pressedOnN3(work: () => Promise<void>): Promise<Pressed> {
  const against = { stranger: addressesAround(await lab.podAddresses("on-n3")) };
  const pressed = await pressedDuring(lab, { against, listeners: [] }, work);
  const has = await lab.podAddresses("on-n3");
  expect(has.filter((each) => !against.stranger.includes(each))).toEqual([]);
  process.stdout.write(`nodes: ${pressed.answered} of ${pressed.sent} denied answered\n`);
  expect(pressed.sent).toBeGreaterThan(100);
  return pressed;
}

test("a node that is switched off and on keeps its policies from the first packet, while the others keep their ways (S5)", async () => {
  await startPod(lab, "n1", "stranger");
  await lab.apply(policyAbout("on-n3", { ingress: [from("on-n1")] }));
  await podsReachEachOther(lab);
  const since = performance.now();
  const pressed = await pressedOnN3(async () => {
    await startedAnew(lab, "on-n3", async () => {
      await switchOff(lab, "n3");
      expect(await lab.seam("lab", "up")).toContain("node n3 started");
    });
    await podsReachEachOther(lab);
  });
  expect(pressed.answered).toBe(0);
  expect(moments.filter(({ at, line }) => at >= since && line.includes("proto 83"))).toEqual([]);
}, 200_000);

test("a node that lost everything but its name comes back while the others keep their ways, and its policies with it", async () => {
  const since = performance.now();
  const before = await waysOn("n1");
  const pressed = await pressedOnN3(async () => {
    await endNode(lab, "n3");
    rmSync(`/var/lib/seam-lab/${lab.name}/n3`, { recursive: true });
    expect(await lab.seam("lab", "up")).toContain("node n3 started");
    await startPod(lab, "n3");
    await podsReachEachOther(lab);
  });
  expect(pressed.answered).toBe(0);
  expect(moments.filter(({ at, line }) => at >= since && line.includes("proto 83"))).toEqual([]);
  expect(await waysOn("n1")).toEqual(before);
  const open = await pressedOnN3(async () => {
    await lab.kubectl("delete", "networkpolicy", "on-n3");
    await sleep(1000);
  });
  expect(open.answered).toBeGreaterThan(0);
}, 200_000);

test("a node leaves: the routes to its pods go, and nothing is left of it", async () => {
  await lab.kubectl("delete", "networkconfig", "default");
  await expect.poll(async () => waysOn("n1"), { timeout: PATIENCE_MS }).toHaveLength(4);
  const since = performance.now();
  const { podCidrs } = await factsOf("n3");
  await lab.seam("lab", "remove-node", "n3");
  expect(
    await delayOf("leaves, direct", since, {
      api: "n3 gone",
      kernel: podCidrs.map((cidr) => `Deleted ${cidr} `),
    }),
  ).toBeLessThan(PATIENCE_MS);
  await onlyDirect(["n1", "n2"]);
  expect(leftOf(lab.name).filter((each) => each.includes("n3"))).toEqual([]);
  expect((await labStatus(lab.name)).nodes.map(({ name }) => name)).toEqual([...others]);
  await expect(lab.seam("lab", "remove-node", "n1")).rejects.toThrow("runs the control plane");
  await expect(lab.seam("lab", "remove-node", "n3")).rejects.toThrow(
    `lab ${lab.name} has no node "n3"; it has n1, n2`,
  );
}, 200_000);

test("the commands of nodes.md work as written", async () => {
  const printed = await runGuide("nodes.md", lab.name);
  expect(printed).toContain("node n3 has 10.200.0.20 and fd00:200::20 now");
  expect(printed).toContain("node n3 is as it should be");
  expect((await labStatus(lab.name)).nodes.map(({ name }) => name)).toEqual([...others]);
}, 280_000);
