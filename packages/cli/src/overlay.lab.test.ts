/** The overlay of a running cluster is changed by editing one object: traffic goes on, and no pod is restarted (issue 4). */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Plan } from "@seam/client";
import { labDown } from "@seam/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

import { runGuide } from "./guide.fixture.ts";
import { CUT_US, networkConfig, PATIENCE_MS, testLab } from "./lab.fixture.ts";

const lab = testLab("seam-test-overlay");
const { kubectl, apply, seam, onNode } = lab;
const nodes = ["n1", "n2"] as const;
const COUNTED = "inet seam-test-forwarded";

const configure = async (spec: object): Promise<void> => apply(networkConfig(spec));

const podOn = (node: string, pod: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: pod },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    containers: [
      { name: "c", image: "localhost/seam/traffic:dev", command: ["rr", "serve", "5202"] },
    ],
  },
});

/** Name, identity and restarts of all pods; what a restart of any would change. */
const identities = async (): Promise<string> =>
  kubectl(
    "get",
    "pods",
    "-A",
    "-o",
    "jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.status.containerStatuses[*].restartCount}{'\\n'}{end}",
  );

const devices = async (): Promise<readonly string[]> =>
  Promise.all(nodes.map(async (node) => onNode(node, "ip -br link | grep -o ^vxlan-seam")));

const numberAt = (value: unknown, key: string): number =>
  typeof value === "object" && value !== null ? Number(Reflect.get(value, key)) : Number.NaN;

/** Round trips from the pod on n1 to that on n2 for `seconds`, over each family, while `disturb` happens. */
async function undisturbed(seconds: number, disturb: () => Promise<unknown>): Promise<void> {
  const measured = (await lab.podAddresses("on-n2")).map(async (address) => {
    const ask = ["rr", "ask", address, "5202", "--seconds", String(seconds)];
    const report: unknown = JSON.parse(await lab.inPod("on-n1", ...ask));
    return report;
  });
  await sleep(1000);
  await disturb();
  for (const report of await Promise.all(measured)) {
    expect(numberAt(report, "transactions")).toBeGreaterThan(1000);
    expect(numberAt(report, "max_us")).toBeLessThan(CUT_US);
  }
}

/** The first packets on n1's uplink that belong to pods or to VXLAN, while the pods talk. */
async function onTheWire(): Promise<string> {
  const dump = onNode("n1", "timeout 5 tcpdump -lnni eth0 -c 20 'udp port 4789 or port 5202'");
  const [address = ""] = await lab.podAddresses("on-n2");
  await sleep(500);
  await kubectl("exec", "on-n1", "--", "rr", "ask", address, "5202", "--seconds", "1");
  return dump;
}

beforeAll(async () => {
  await labDown(lab.name);
  await seam("lab", "up", "--nodes", "2");
  await apply(...nodes.map((node) => podOn(node, `on-${node}`)));
  await kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
}, 300_000);

afterAll(async () => labDown(lab.name), 60_000);

test("a wrong NetworkConfig is refused with the field and what was expected", async () => {
  await expect(configure({ overlay: "srv6" })).rejects.toThrow(/spec\.overlay.*"direct", "vxlan"/);
  await expect(configure({ masqueradeExceptions: ["10.1.2.3/8"] })).rejects.toThrow(
    "expected an address prefix without host bits",
  );
  const other = {
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "NetworkConfig",
    metadata: { name: "x" },
    spec: {},
  };
  await expect(apply(other)).rejects.toThrow("expected default");
});

test("plan says what each node would do, which is what it then does", async () => {
  const folder = mkdtempSync("/tmp/seam-test-plan-");
  const file = path.join(folder, "network.json");
  const planned = async (spec: object): Promise<Plan> => {
    writeFileSync(file, JSON.stringify(networkConfig(spec)));
    return JSON.parse(await seam("plan", "-f", file, "-o", "json"));
  };
  expect((await planned({ overlay: "direct" })).nodes).toEqual([]);
  const plan = await planned({ overlay: "vxlan", encapsulate: "always" });
  expect(plan.nodes.map(({ node }) => node)).toEqual(nodes);
  expect(await devices()).toEqual(["", ""]);
  await configure({ overlay: "vxlan", encapsulate: "always" });
  const agents = [
    "-n",
    "seam-system",
    "get",
    "pods",
    "-l",
    "app.kubernetes.io/name=seam-agent",
    "-o",
  ];
  const agent = await kubectl(
    ...agents,
    "jsonpath={.items[?(@.spec.nodeName=='n1')].metadata.name}",
  );
  const done = async (): Promise<unknown> => {
    const log = await kubectl("-n", "seam-system", "logs", agent, "--tail=50");
    const lines = log.split("\n").filter((line) => line.includes('"add-tunnel"'));
    return lines.map((line) => JSON.parse(line).steps).at(-1);
  };
  await expect
    .poll(done, { timeout: PATIENCE_MS })
    .toEqual(plan.nodes[0]?.steps.map(({ kind }) => kind));
  await configure({ overlay: "direct" });
  await expect.poll(devices, { timeout: PATIENCE_MS }).toEqual(["", ""]);
  rmSync(folder, { recursive: true });
}, 200_000);

test("traffic goes on while the overlay becomes VXLAN, and is then in VXLAN", async () => {
  expect(await devices()).toEqual(["", ""]);
  const before = await identities();
  await undisturbed(6, async () => {
    await configure({ overlay: "vxlan", encapsulate: "always" });
    await expect.poll(devices, { timeout: PATIENCE_MS }).toEqual(nodes.map(() => "vxlan-seam"));
  });
  const wire = await onTheWire();
  expect(wire).toMatch(/10\.200\.0\.11\.\d+ > 10\.200\.0\.12\.4789: VXLAN/);
  expect(wire).not.toMatch(/^\S+ IP 10\.244\.\d+\.\d+\.\d+ > \S+ Flags/m);
  expect(await identities()).toBe(before);
}, 200_000);

test("a pod made now has room for VXLAN; a node and pods of the other reach each other", async () => {
  await apply(podOn("n2", "later"));
  await kubectl("wait", "--for=condition=Ready", "pod", "later", "--timeout=120s");
  const mtu = async (pod: string): Promise<number> =>
    Number(await kubectl("exec", pod, "--", "cat", "/sys/class/net/eth0/mtu"));
  expect((await mtu("on-n2")) - (await mtu("later"))).toBe(50);
  for (const address of await lab.podAddresses("later"))
    expect(await onNode("n1", `ping -c1 -W2 ${address}`)).toContain("1 received");
  for (const address of ["10.200.0.12", "fd00:200::12"])
    expect(await kubectl("exec", "on-n1", "--", "ping", "-c1", "-W2", address)).toContain(
      "1 received",
    );
  await kubectl("delete", "pod", "later");
}, 200_000);

test("on one link, off-link sends nothing through the device", async () => {
  await configure({ overlay: "vxlan", encapsulate: "off-link" });
  const entries = async (): Promise<string> => onNode("n1", "bridge fdb show dev vxlan-seam");
  await expect.poll(entries, { timeout: PATIENCE_MS }).toBe("");
  expect(await onTheWire()).not.toContain("VXLAN");
  await configure({ overlay: "vxlan", encapsulate: "always" });
  await expect.poll(entries, { timeout: PATIENCE_MS }).toContain("dst 10.200.0.12");
}, 200_000);

test("traffic goes on while the overlay becomes direct again, and the devices are gone", async () => {
  const before = await identities();
  await undisturbed(6, async () => {
    await configure({ overlay: "direct" });
    await expect.poll(devices, { timeout: PATIENCE_MS }).toEqual(["", ""]);
  });
  expect(await onTheWire()).not.toContain("VXLAN");
  expect(await identities()).toBe(before);
}, 200_000);

/** Packets between pods of n1 that its network stack forwarded while `work` went on. */
async function forwarded(work: () => Promise<unknown>): Promise<number> {
  const rule = `iifname "seam*" oifname "seam*" counter`;
  const chain = `chain forward { type filter hook forward priority 0; ${rule}; };`;
  await onNode("n1", `nft 'table ${COUNTED} { ${chain} }'`);
  await work();
  const listed = await onNode("n1", `nft list table ${COUNTED}; nft delete table ${COUNTED}`);
  return Number(/packets (\d+)/.exec(listed)?.[1]);
}

test("flows between pods of a node skip its stack, outlive the agent, and take the stack when that is wanted", async () => {
  await apply(podOn("n1", "beside"));
  await kubectl("wait", "--for=condition=Ready", "pod", "beside", "--timeout=120s");
  /** How many of the node's pod interfaces are on it. */
  const links = async (): Promise<string> => {
    const metrics = await onNode("n1", "curl -s localhost:9811/metrics; true");
    const valueOf = (name: string): string =>
      new RegExp(`^${name} (\\d+)$`, "m").exec(metrics)?.[1] ?? "unknown";
    const [joined, whole] = [valueOf("seam_fast_path_links"), valueOf("seam_pod_interfaces")];
    return joined === whole && joined !== "unknown" ? "all" : joined;
  };
  const exchange = async (seconds: number): Promise<number> => {
    const [address = ""] = await lab.podAddresses("beside");
    const ask = ["rr", "ask", address, "5202", "--seconds", String(seconds)];
    const report: unknown = JSON.parse(await lab.inPod("on-n1", ...ask));
    expect(numberAt(report, "max_us")).toBeLessThan(CUT_US);
    return numberAt(report, "transactions");
  };
  /** Packets that the stack saw for each round trip, which takes three or four. */
  const share = async (seconds: number, disturb = async (): Promise<unknown> => null) => {
    let transactions = 0;
    const packets = await forwarded(async () => {
      [transactions] = await Promise.all([exchange(seconds), disturb()]);
    });
    expect(transactions).toBeGreaterThan(1000);
    return packets / transactions;
  };
  await expect.poll(links, { timeout: PATIENCE_MS }).toBe("all");
  expect(await share(2)).toBeLessThan(0.1);
  const killed = await share(6, async () => {
    await sleep(1500);
    await onNode("n1", "pkill -9 -f '[s]eam/agent.js'");
  });
  expect(killed).toBeGreaterThan(0.1);
  await expect.poll(links, { timeout: PATIENCE_MS }).toBe("all");
  expect(await share(2)).toBeLessThan(0.1);
  await configure({ fastPath: "disabled" });
  await expect.poll(links, { timeout: PATIENCE_MS }).toBe("0");
  expect(await share(2)).toBeGreaterThan(1.5);
  await configure({ fastPath: "enabled" });
  await kubectl("delete", "pod", "beside");
}, 200_000);

test("what changed and what failed is told on the object that it concerns", async () => {
  expect(await seam("wait", "networkconfig", "default")).toContain("is Ready");
  expect(await seam("describe", "networkconfig", "default")).toMatch(/Accepted +True +Valid/);
  const node = await seam("describe", "node", "n1");
  expect(node).toMatch(/Normal +PluginInstalled +node\/n1/);
  expect(node).toContain("this node's overlay is now direct; it was vxlan");
  expect(await kubectl("describe", "node", "n1")).toMatch(/OverlayChanged .* seam-agent/);
  const uid = await kubectl("get", "pod", "on-n1", "-o", "jsonpath={.metadata.uid}");
  // As the runtime would ask for an address that is another node's.
  const config = JSON.stringify({
    cniVersion: "1.1.0",
    name: "seam",
    type: "seam-cni",
    runtimeConfig: { ips: ["10.200.0.12"] },
  });
  const variables = `CNI_COMMAND=ADD CNI_CONTAINERID=refused CNI_IFNAME=eth9 CNI_NETNS=/run/netns/none CNI_ARGS='K8S_POD_NAMESPACE=default;K8S_POD_NAME=on-n1;K8S_POD_UID=${uid}'`;
  const answer = await onNode("n1", `echo '${config}' | ${variables} /opt/cni/bin/seam-cni; true`);
  expect(answer).toContain("the requested address 10.200.0.12 is not in");
  await expect
    .poll(async () => seam("describe", "pod", "on-n1"), { timeout: PATIENCE_MS })
    .toMatch(/Warning +AddressRefused +pod\/on-n1 +CNI ADD failed/);
  expect(await kubectl("describe", "pod", "on-n1")).toMatch(/Warning +AddressRefused/);
}, 200_000);

test("the commands of overlay.md work as written, and leave the default", async () => {
  await kubectl("delete", "networkconfig", "default");
  expect(await runGuide("overlay.md", lab.name)).toContain("vxlan id 83");
  expect(await kubectl("get", "networkconfigs", "-o", "name")).toBe("");
  await expect.poll(devices, { timeout: PATIENCE_MS }).toEqual(["", ""]);
}, 280_000);
