/** The cluster's Events in the store (S13). */
import { setTimeout as sleep } from "node:timers/promises";
import { err } from "@seam/base";
import type { KubeObject } from "@seam/kube";
import type { Store } from "@seam/store";
import { expect, test } from "vitest";
import { must, startApiServer } from "./api-server.fixture.ts";
import { collectEvents } from "./http/event-collector.ts";

test("S13: events of the cluster are kept, each time they are counted and once, whatever restarts or is away", async () => {
  await using server = await startApiServer();
  const { kube, store } = server;
  const event = (count: number): KubeObject => ({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: "kept", namespace: "lab-a" },
    type: "Warning",
    reason: "FailedScheduling",
    action: "Scheduling",
    note: "0/3 nodes are available",
    reportingController: "test",
    reportingInstance: "test-0",
    eventTime: "2026-01-01T10:00:00.000000Z",
    regarding: { kind: "Pod", namespace: "lab-a", name: "server-0", uid: "u" },
    ...(count === 1 ? {} : { series: { count, lastObservedTime: "2026-01-01T11:00:00.000000Z" } }),
  });
  const write = async (count: number): Promise<void> =>
    void must(await kube.apply(event(count), { fieldManager: "test", force: true }));
  const kept = async (): Promise<readonly unknown[]> => {
    const about = { stream: "event", subject: "Pod/lab-a/server-0" } as const;
    const page = { limit: 100, sort: "time", direction: "ascending" } as const;
    const { rows } = must(await store.journal.search(about, page));
    return rows.map(({ id: _id, ...row }) => row);
  };
  const about = {
    stream: "event",
    level: "warning",
    project: "lab-a",
    source: "test",
    subject: "Pod/lab-a/server-0",
    reason: "FailedScheduling",
    message: "0/3 nodes are available",
  };
  const first = { ...about, at: new Date("2026-01-01T10:00:00Z"), fields: { count: 1, uid: "u" } };
  const later = { ...about, at: new Date("2026-01-01T11:00:00Z") };
  let isAway = true;
  const journal: Store["journal"] = {
    ...store.journal,
    append: async (entries) =>
      isAway ? err({ code: "unavailable", message: "away" }) : store.journal.append(entries),
  };
  const log = { warn: () => undefined };
  const collect = (): { readonly end: () => Promise<void> } => {
    const stop = new AbortController();
    const running = collectEvents({ kube, journal, log, signal: stop.signal });
    return { end: async () => (stop.abort(), running) };
  };
  const soon = { timeout: 30_000 };
  await write(1);
  const one = collect();
  await sleep(1500);
  isAway = false;
  await expect.poll(kept, soon).toEqual([first]);
  await one.end();
  await write(7);
  const two = collect();
  const both = [first, { ...later, fields: { count: 7, uid: "u" } }];
  await expect.poll(kept, soon).toEqual(both);
  await write(8);
  const all = [...both, { ...later, fields: { count: 8, uid: "u" } }];
  await expect.poll(kept, soon).toEqual(all);
  await two.end();
});
