/** From a pod's annotations to its link, by the agent's process on a real API server (issue 7 §4: V7 to V9, U2). */
import { hostDeviceName, observeRates, OWN_NETNS } from "@seam/kernel";
import { afterAll, beforeAll, expect, test } from "vitest";

import { AGENT_PORT, type AgentProcess, prepareAgent } from "./agent-process.fixture.ts";
import { run } from "./node.fixture.ts";

const netns = {
  node: "seam-test-ra-node",
  pod: "seam-test-ra-pod",
};
const EGRESS = "kubernetes.io/egress-bandwidth";
const INGRESS = "kubernetes.io/ingress-bandwidth";
const OVN_EGRESS = "ovn.kubernetes.io/egress_rate";
let agent: AgentProcess;

const rates = (container = "id-of-one", pod = netns.pod) => {
  const observed = observeRates({
    node: { netns: OWN_NETNS, device: hostDeviceName(container, "eth0") },
    pod: { netns: `/run/netns/${pod}`, device: "eth0" },
  });
  if (!observed.ok) throw new Error(observed.error.message);
  return observed.value;
};

const annotate = async (annotations: { readonly [key: string]: string | null }): Promise<void> => {
  const patched = await agent.client.patch(
    { apiVersion: "v1", kind: "Pod", namespace: "lab-a", name: "one" },
    { kind: "merge", value: { metadata: { annotations } } },
  );
  if (!patched.ok) throw new Error(patched.error.message);
};

beforeAll(async () => {
  agent = await prepareAgent(Object.values(netns));
  await agent.makeNode("a", "10.200.7.1", ["10.244.7.0/24", "fd00:7::/64"]);
  await agent.makePod("one", { annotations: { [EGRESS]: "100M", [INGRESS]: "50M" } });
  agent.signIn();
  await agent.start({ answers: "readyz" });
});
afterAll(async () => agent[Symbol.asyncDispose]());

test("V9: a pod that is added has its rates", async () => {
  expect(await agent.cni("ADD", { pod: "one", netns: netns.pod })).toHaveProperty("ips");
  await expect.poll(() => rates(), { timeout: 30_000 }).toEqual({ ul: 100e6, dl: 50e6 });
});

test("a changed annotation is in force within a second, of whichever family", async () => {
  await annotate({ [EGRESS]: null, [OVN_EGRESS]: "20" });
  await expect.poll(() => rates(), { timeout: 30_000 }).toEqual({ ul: 20e6, dl: 50e6 });
});

test("U2: a ceiling is what the pod is held to, and a wrong one counts for nothing", async () => {
  await annotate({ "seam.ucsd.edu/egress-ceiling": "60M", "seam.ucsd.edu/ingress-ceiling": "1M" });
  await expect.poll(() => rates(), { timeout: 30_000 }).toEqual({ ul: 60e6, dl: 50e6 });
  await annotate({ "seam.ucsd.edu/egress-ceiling": null, "seam.ucsd.edu/ingress-ceiling": null });
  await expect.poll(() => rates(), { timeout: 30_000 }).toEqual({ ul: 20e6, dl: 50e6 });
});

test("a pod has one interface of Seam's, so its rates are the pod's; a second is refused and changes nothing", async () => {
  const call = { pod: "one", netns: netns.pod, ifName: "net1" };
  expect(await agent.cni("ADD", call)).toMatchObject({ code: 101 });
  expect(rates()).toEqual({ ul: 20e6, dl: 50e6 });
});

test("U3: the agent's metrics tell the rates in force, and what went through them", async () => {
  const metrics = await (await fetch(`http://127.0.0.1:${AGENT_PORT}/metrics`)).text();
  const of = (direction: string): string =>
    `{namespace="lab-a",pod="one",direction="${direction}"}`;
  expect(metrics).toContain(`seam_pod_rate_limit_bytes_per_second${of("egress")} 2500000`);
  expect(metrics).toContain(`seam_pod_rate_limit_bytes_per_second${of("ingress")} 6250000`);
  run(
    "ip",
    "netns",
    "exec",
    netns.pod,
    "ping",
    "-c",
    "10",
    "-i",
    "0.01",
    "-s",
    "958",
    "169.254.1.1",
  );
  const after = await (await fetch(`http://127.0.0.1:${AGENT_PORT}/metrics`)).text();
  const counted = (direction: string): number =>
    Number(after.split(`seam_pod_shaped_bytes_total${of(direction)} `)[1]?.split("\n")[0]);
  expect(counted("egress")).toBeGreaterThanOrEqual(10_000);
  expect(counted("ingress")).toBeGreaterThanOrEqual(10_000);
});

test("S7: the agent's metrics tell what a pod sent and received, as the pod counts it", async () => {
  const device = run("ip", "netns", "exec", netns.pod, "cat", "/proc/net/dev");
  const [received = [], sent = []] = [0, 8].map((first) =>
    (/eth0:(.*)/.exec(device)?.[1] ?? "")
      .trim()
      .split(/ +/)
      .slice(first, first + 4)
      .map(Number),
  );
  const metrics = await (await fetch(`http://127.0.0.1:${AGENT_PORT}/metrics`)).text();
  const told = (way: string) =>
    ["bytes", "packets", "drops"].map((what) =>
      Number(
        new RegExp(`^seam_pod_${way}_${what}_total{namespace="lab-a",pod="one"} (.*)$`, "m").exec(
          metrics,
        )?.[1],
      ),
    );
  // Columns of proc_net_dev: bytes, packets, errors, drops.
  expect(told("rx")).toEqual([received[0], received[1], received[3]]);
  expect(told("tx")).toEqual([sent[0], sent[1], sent[3]]);
  expect(sent[0]).toBeGreaterThan(10_000);
});

test("rates outlive the agent, and what changed meanwhile comes with the next one", async () => {
  await agent.stop("SIGKILL");
  expect(rates()).toEqual({ ul: 20e6, dl: 50e6 });
  await annotate({ [INGRESS]: "10M" });
  await agent.start({ answers: "readyz" });
  await expect.poll(() => rates(), { timeout: 30_000 }).toEqual({ ul: 20e6, dl: 10e6 });
});

test("V8: with vaclab's units a whole number is Mbit/s in every annotation", async () => {
  await annotate({ [EGRESS]: "2000", [OVN_EGRESS]: null, [INGRESS]: "3000" });
  await expect.poll(() => rates(), { timeout: 30_000 }).toEqual({ ul: 2000, dl: 3000 });
  await agent.stop("SIGTERM");
  const environment = { SEAM_RATE_UNITS: "vaclab" };
  await agent.start({ answers: "readyz", environment });
  await expect.poll(() => rates(), { timeout: 30_000 }).toEqual({ ul: 2e9, dl: 3e9 });
});

test("without annotations there is no rate", async () => {
  await annotate({ [EGRESS]: null, [INGRESS]: null });
  await expect.poll(() => rates(), { timeout: 30_000 }).toEqual({ ul: null, dl: null });
  expect(agent.log()).not.toContain("a step failed");
});
