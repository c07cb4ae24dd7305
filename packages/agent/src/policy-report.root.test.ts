/**
 * What the agent's process reports of its node's policies to a real API server: the versions that its kernel has, seldom enough,
 * through refusals, and as long as its node is there.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { readEnforced, REPORT_KIND } from "@seam/api";
import { mbps } from "@seam/base";
import { hasReached, type KubeObject, type Reflector, startReflector } from "@seam/kube";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type AgentProcess, prepareAgent } from "./agent-process.fixture.ts";
import { createPolicyReport } from "./policy-report.ts";

const NETNS = "seam-test-rep-node";
const KIND = "NetworkPolicy.networking.k8s.io";
const NAME = "seam-policies-a";
let agent: AgentProcess;
let leases: Reflector<KubeObject>;
let writes = 0;

const report = (): KubeObject | undefined => leases.get(`seam-system/${NAME}`);
function reported(): string {
  const annotations: unknown = report()?.metadata["annotations"];
  const text = JSON.parse(JSON.stringify(annotations ?? {}))["seam.ucsd.edu/enforced"] ?? "{}";
  return readEnforced(text).get(KIND) ?? "";
}
const expectReported = async (version: string): Promise<void> =>
  expect.poll(() => hasReached(reported(), version), { timeout: 30_000, interval: 5 }).toBe(true);

async function writePolicy(name: string, labels: object = {}): Promise<string> {
  const written = await agent.client.apply(
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name, namespace: "lab-a", labels },
      spec: { podSelector: { matchLabels: { app: name } } },
    },
    { fieldManager: "test" },
  );
  if (!written.ok) throw new Error(written.error.message);
  return written.value.metadata.resourceVersion ?? "";
}
/** Whether the agent has the right to write its report. */
function mayReport(): boolean {
  try {
    const who = "--as=system:serviceaccount:seam-system:seam-agent";
    return agent.k("auth", "can-i", "patch", "leases", "-n", "seam-system", who).trim() === "yes";
  } catch {
    return false;
  }
}
const start = async (): Promise<void> =>
  agent.start({ answers: "readyz", environment: { SEAM_CNI_CACHE: agent.at("cache") } });

beforeAll(async () => {
  agent = await prepareAgent([NETNS]);
  await agent.makeNode("a", "10.200.7.1", ["10.244.7.0/24"]);
  agent.signIn();
  leases = startReflector<KubeObject>({
    client: agent.client,
    ref: { ...REPORT_KIND, namespace: "seam-system" },
    selector: { labelSelector: "app.kubernetes.io/name=seam-agent,seam.ucsd.edu/node=a" },
    project: (object) => object,
    onChange: () => {
      writes += 1;
    },
  });
  await start();
});

afterAll(async () => {
  await leases[Symbol.asyncDispose]();
  await agent[Symbol.asyncDispose]();
});

test("the first report tells of the first list, and whose it is (S5)", async () => {
  await expectReported("1");
  const uid = agent.k("get", "node", "a", "-o", "jsonpath={.metadata.uid}");
  expect(report()).toMatchObject({
    metadata: {
      name: NAME,
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "a", uid }],
    },
    spec: {
      holderIdentity: "a",
      renewTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    },
  });
});

test("it follows what is written, changed and deleted, and rests when nothing is", async () => {
  const first = await writePolicy("web");
  await expectReported(first);
  await expectReported(await writePolicy("web", { tier: "front" }));
  const before = reported();
  agent.k("delete", "networkpolicy", "web", "-n", "lab-a");
  await expect
    .poll(() => hasReached(reported(), before) && reported() !== before, { timeout: 30_000 })
    .toBe(true);
  await sleep(500);
  const seen = writes;
  await agent.makePod("other", { labels: { app: "web" } });
  await sleep(1500);
  expect(writes).toBe(seen);
});

test("many changes make few reports, and the last one counts", async () => {
  await sleep(1000);
  const [seen, started] = [writes, performance.now()];
  const versions: string[] = [];
  for (let index = 0; index < 60; index += 1) {
    versions.push(await writePolicy(`p${index}`));
    await sleep(10);
  }
  await expectReported(versions.at(-1) ?? "");
  const seconds = (performance.now() - started) / 1000;
  expect(writes - seen).toBeGreaterThan(0);
  expect(writes - seen).toBeLessThanOrEqual(3 + Math.ceil(seconds * 4));
});

test("two changes shortly after each other are told without a pause", async () => {
  // One that waited for its turn in a second would take 190 ms each time; a busy machine gets some more tries.
  const times: number[] = [Infinity];
  for (let round = 0; round < 30 && Math.min(...times) >= 150; round += 1) {
    await sleep(1000);
    await writePolicy("one-side", { round: String(round) });
    await sleep(50);
    const version = await writePolicy("other-side", { round: String(round) });
    const started = performance.now();
    await expectReported(version);
    times.push(performance.now() - started);
  }
  expect(Math.min(...times)).toBeLessThan(150);
});

test("a report says nothing of what came while its agent was away, until that is in the kernel", async () => {
  await agent.stop("SIGKILL");
  const version = await writePolicy("while-away");
  await sleep(500);
  expect(hasReached(reported(), version)).toBe(false);
  await start();
  await expectReported(version);
});

test("what the API server refuses is told again until it is taken", async () => {
  const role = agent.k("get", "role", "seam-agent", "-n", "seam-system", "-o", "json");
  agent.k("delete", "role", "seam-agent", "-n", "seam-system");
  // The API server's own copy of the roles follows a moment later.
  await expect.poll(mayReport, { timeout: 30_000 }).toBe(false);
  const version = await writePolicy("refused");
  await expect
    .poll(agent.log, { timeout: 30_000 })
    .toContain("telling which policies are in force failed; trying again");
  expect(hasReached(reported(), version)).toBe(false);
  const { apiVersion, kind, rules } = JSON.parse(role);
  agent.apply({
    apiVersion,
    kind,
    rules,
    metadata: { name: "seam-agent", namespace: "seam-system" },
  });
  await expectReported(version);
});

test("the garbage collector takes it with its node, and a new node of the name has a new one", async () => {
  await agent.startControllers(["garbage-collector-controller"]);
  agent.k("delete", "node", "a");
  await expect.poll(report, { timeout: 60_000, interval: 100 }).toBeUndefined();
  await agent.makeNode("a", "10.200.7.1", ["10.244.7.0/24"]);
  await expectReported("1");
  const uid = agent.k("get", "node", "a", "-o", "jsonpath={.metadata.uid}");
  await sleep(2000);
  expect(report()).toMatchObject({ metadata: { ownerReferences: [{ uid }] } });
});

test("the speed of the uplink is told beside the policies, and stays when it is not known for a while (V3)", async () => {
  const name = "seam-policies-fast";
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: "fast" } };
  const made = await agent.client.create(node);
  const uid = made.ok ? String(made.value.metadata["uid"]) : "";
  const log = { warn: (...told: unknown[]): void => expect.unreachable(JSON.stringify(told)) };
  const place = { client: agent.client, node: "fast", namespace: "seam-system", log };
  using fast = createPolicyReport(place);
  fast.setOwner(uid);
  fast.setLinkSpeed(mbps(25_000));
  fast.setLinkSpeed(null);
  fast.tell(new Map([[KIND, "7"]]));
  const told = async (): Promise<unknown> => {
    const found = await agent.client.get({ ...REPORT_KIND, namespace: "seam-system", name });
    return found.ok ? found.value.metadata["annotations"] : found.error.message;
  };
  await expect
    .poll(told, { timeout: 30_000 })
    .toEqual({ "seam.ucsd.edu/enforced": `{"${KIND}":"7"}`, "seam.ucsd.edu/link-mbps": "25000" });
});
