/** Events on a real API server: what `kubectl describe` finds, how repetitions are counted, what an outage costs. */
import { millis } from "@seam/base";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type KubeClient, createKubeClient } from "./client.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.fixture.ts";
import { createEventRecorder, type EventLoss, type EventRecorder } from "./event-recorder.ts";
import { countOf, type EventSubject, type News } from "./event.ts";
import { readKubeconfig } from "./kubeconfig.ts";
import { children, child, type KubeObject, textAt } from "./object.ts";

let plane: ControlPlane;
let client: KubeClient;
const losses: EventLoss[] = [];

const quick = { pause: millis(50), burst: 100, refill: millis(10) };
const recorder = (limits = {}): EventRecorder =>
  createEventRecorder({
    client,
    reporter: { controller: "seam-test", instance: "here" },
    onLost: (loss) => losses.push(loss),
    limits: { ...quick, ...limits },
  });
const node = (name: string): EventSubject => ({
  apiVersion: "v1",
  kind: "Node",
  namespace: null,
  name,
  uid: name,
});
const news = (reason: string, message = "what to do"): News => ({
  severity: "Warning",
  reason,
  action: "Test",
  message,
});
const told = async (name: string, namespace = "default"): Promise<readonly KubeObject[]> => {
  const ref = { apiVersion: "events.k8s.io/v1", kind: "Event", namespace };
  const page = await client.list(ref);
  if (!page.ok) throw new Error(page.error.message);
  return page.value.items.filter((event) => textAt(child(event, "regarding"), "uid") === name);
};
const counts = async (name: string): Promise<readonly string[]> =>
  (await told(name)).map((event) => `${String(event["note"])} ${countOf(event)}`).toSorted();

beforeAll(async () => {
  plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
});

afterAll(async () => {
  client.close();
  await plane[Symbol.asyncDispose]();
});

test("news is an event that both APIs of Kubernetes show", async () => {
  const message = `é${"x".repeat(1100)}`;
  {
    await using events = recorder();
    events.report(node("n1"), news("Shown", message));
  }
  const [event] = await told("n1");
  expect(event).toMatchObject({
    type: "Warning",
    reason: "Shown",
    action: "Test",
    reportingController: "seam-test",
    regarding: { kind: "Node", name: "n1" },
  });
  expect(event?.["note"]).toMatch(/^éx{1000,1020}…$/);
  const core = await client.list(
    { apiVersion: "v1", kind: "Event" },
    { fieldSelector: "involvedObject.uid=n1" },
  );
  expect(core).toMatchObject({ ok: true, value: { items: [{ reason: "Shown" }] } });
});

test("repetitions are counted in one event, also by the next process", async () => {
  for (const upTo of [40, 41]) {
    await using events = recorder();
    for (let count = upTo === 40 ? 0 : 40; count < upTo; count += 1)
      events.report(node("n2"), news("Again"));
  }
  expect(await counts("n2")).toEqual(["what to do 41"]);
});

test("a loop that fails for hours writes one event and rarely raises its count", async () => {
  let writes = 0;
  const events = createEventRecorder({
    client,
    reporter: { controller: "seam-test", instance: "here" },
    onWritten: () => void (writes += 1),
    limits: { ...quick, pause: millis(400) },
  });
  for (let round = 0; round < 100; round += 1) {
    events.report(node("n3"), news("Loop"));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(writes).toBeGreaterThanOrEqual(2);
  expect(writes).toBeLessThanOrEqual(5);
  await events[Symbol.asyncDispose]();
  expect(await counts("n3")).toEqual(["what to do 100"]);
});

test("messages that differ each time become no more than five events", async () => {
  {
    await using events = recorder();
    for (let round = 0; round < 30; round += 1)
      events.report(node("n4"), news("Differs", `message ${round}`));
  }
  expect(await counts("n4")).toEqual([
    ...[0, 1, 2, 3].map((round) => `message ${round} 1`),
    "message 4 26",
  ]);
});

test("writes are limited in number: a burst, then one by one", async () => {
  let writes = 0;
  const events = createEventRecorder({
    client,
    reporter: { controller: "seam-test", instance: "here" },
    onWritten: () => void (writes += 1),
    limits: { burst: 3, refill: millis(60_000) },
  });
  for (let each = 0; each < 10; each += 1) events.report(node(`n5-${each}`), news("Burst"));
  await expect.poll(() => writes).toBe(3);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(writes).toBe(3);
  await events[Symbol.asyncDispose]();
  expect(writes).toBe(10);
});

test("news of an outage is told afterwards; of too much the newest is", async () => {
  await plane.stopApiServer();
  losses.length = 0;
  await using events = recorder({ entries: 4 });
  const before = performance.now();
  for (let each = 0; each < 10; each += 1) events.report(node("n6"), news(`R${each}`, `m${each}`));
  // A call that waited for an answer would wait until the API server is back.
  expect(performance.now() - before).toBeLessThan(5000);
  expect(losses).toEqual(Array.from({ length: 6 }, () => "overflow"));
  await plane.startApiServer();
  await expect
    .poll(async () => counts("n6"), { timeout: 30_000 })
    .toEqual(["m6 1", "m7 1", "m8 1", "m9 1"]);
}, 60_000);

test("what the API server refuses is given up, and the rest goes on", async () => {
  losses.length = 0;
  {
    await using events = recorder();
    events.report({ ...node("n7"), namespace: "no-such-namespace" }, news("Refused"));
    events.report(node("n7"), news("Taken"));
  }
  expect(losses).toEqual(["refused"]);
  expect((await told("n7")).map((event) => event["reason"])).toEqual(["Taken"]);
});

test("an event that the server has forgotten is made anew", async () => {
  await using events = recorder();
  events.report(node("n8"), news("Forgotten"));
  await expect.poll(async () => counts("n8")).toEqual(["what to do 1"]);
  const [event] = await told("n8");
  await client.delete({
    apiVersion: "v1",
    kind: "Event",
    namespace: "default",
    name: event?.metadata.name ?? "",
  });
  events.report(node("n8"), news("Forgotten"));
  await expect.poll(async () => counts("n8")).toEqual(["what to do 1"]);
  expect(children({ items: await told("n8") }, "items")).toHaveLength(1);
});
