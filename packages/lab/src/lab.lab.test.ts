/** A real three-node cluster: up, pods that reach each other over both families, survival of killed parts, down without a trace. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cgroupProcesses } from "./cgroups.ts";
import { mustRun, run } from "./command.ts";
import { labDown, labExec, labImage, labStatus, labUp } from "./index.ts";
import { killProcess, waitUntil } from "./processes.ts";

const name = "selftest";
const binFolder = process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools";
let probeImage = "";
const podsFile = "/tmp/seam-selftest-pods.yaml";

async function up(): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of labUp({
    name,
    binFolder,
    nodes: 3,
    network: "reference",
    images: [probeImage],
  }))
    lines.push(line);
  return lines;
}

async function kubectl(...argv: readonly string[]): Promise<string> {
  return mustRun([
    `${binFolder}/kubectl`,
    `--kubeconfig=/var/lib/seam-lab/${name}/kubeconfig`,
    ...argv,
  ]);
}

function podYaml(node: string): string {
  return `---
apiVersion: v1
kind: Pod
metadata: {name: probe-${node}, labels: {app: probe}}
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 1
  containers: [{name: probe, image: "localhost/probe:1", args: [serve, "8080"]}]
`;
}

async function podAddresses(node: string): Promise<readonly string[]> {
  const path = "jsonpath={.status.podIPs[*].ip}";
  return (await kubectl("get", "pod", `probe-${node}`, "-o", path)).split(" ");
}

beforeAll(async () => {
  await labDown(name);
  probeImage = (await labImage("probe", binFolder)).archive;
  await up();
}, 180_000);

afterAll(async () => labDown(name), 60_000);

test("three nodes are Ready with pod ranges of both families", async () => {
  const { nodes } = await labStatus(name);
  expect(nodes.map((node) => [node.name, node.ready, node.podCidrs.length])).toEqual([
    ["n1", true, 2],
    ["n2", true, 2],
    ["n3", true, 2],
  ]);
});

test("a running lab is reused", async () => {
  const before = await labStatus(name);
  expect((await up()).filter((line) => line.endsWith(" started"))).toEqual([]);
  expect((await labStatus(name)).processes).toEqual(before.processes);
}, 200_000);

test("pods on different nodes reach each other over IPv4 and IPv6", async () => {
  await waitUntil(
    "the default service account",
    30,
    async () =>
      (
        await run([
          `${binFolder}/kubectl`,
          `--kubeconfig=/var/lib/seam-lab/${name}/kubeconfig`,
          "get",
          "sa",
          "default",
        ])
      ).code === 0,
  );
  writeFileSync(podsFile, ["n1", "n2", "n3"].map(podYaml).join(""));
  await kubectl("apply", "-f", podsFile);
  await kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
  const targets = await podAddresses("n3");
  expect(targets).toHaveLength(2);
  for (const address of targets) {
    expect(await kubectl("exec", "probe-n1", "--", "/probe", "ask", address, "8080")).toBe(
      "probe-n3\n",
    );
  }
}, 200_000);

test("a killed kubelet is started again", async () => {
  const pid = async (): Promise<string> =>
    (await labExec(name, "n2", ["pidof", "kubelet"])).stdout.trim();
  const before = await pid();
  expect(before).not.toBe("");
  await labExec(name, "n2", ["kill", "-9", before]);
  await waitUntil("a new kubelet", 20, async () => ![before, ""].includes(await pid()));
}, 30_000);

test("a lab with a killed node and forwarder goes down without a trace", async () => {
  const { processes } = await labStatus(name);
  for (const { pid } of processes.filter((each) => ["n2", "forwarder"].includes(each.name)))
    if (pid !== undefined) killProcess(pid);
  await labDown(name);
  await labDown(name);
  expect(cgroupProcesses(name)).toEqual([]);
  expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(`seam-${name}`);
  expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(`seam-lab/${name}`);
  expect(
    readdirSync("/sys/fs/cgroup").filter((each) =>
      existsSync(`/sys/fs/cgroup/${each}/seam-${name}`),
    ),
  ).toEqual([]);
  expect(existsSync(`/var/lib/seam-lab/${name}`) || existsSync(`/run/seam-lab/${name}`)).toBe(
    false,
  );
  expect((await mustRun(["ip", "netns"])).includes(`seam-${name}`)).toBe(false);
}, 200_000);
