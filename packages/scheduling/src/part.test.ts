/** V19: which process answers, which is ready, and that nothing is written after a term. */
import { err, ok } from "@seam/base";
import { apiError, createKubeClient, type KubeObject, serverConfig } from "@seam/kube";
import { afterEach, expect, test } from "vitest";

import { createCluster, type Running, startExtender } from "./cluster.fixture.ts";
import { fenceWrites } from "./fence.ts";
import type { Options } from "./options.ts";
import { createPart, isHolderOf } from "./part.ts";

const HOLDER = "scheduler-0_7f2c1f0e-93b5-4e57-8f0a-6f3f1a2b3c4d";
const lease: Pick<Options, "lease" | "namespace" | "host"> = {
  lease: "vaclab-scheduler",
  namespace: "lab",
  host: "scheduler-0",
};

const running: Running[] = [];
const extenderOf = (): Running => {
  const started = startExtender(createCluster());
  running.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(running.splice(0).map(async (each) => each.stop()));
});

test.each([
  [HOLDER, true],
  ["scheduler-01_7f2c1f0e", false],
  ["scheduler_0_7f2c1f0e", false],
  ["scheduler-0_b_7f2c1f0e", false],
  ["scheduler-0", false],
  ["", false],
])("a lease held by %j is the host's: %j", (holder, is) => {
  expect(isHolderOf(holder, "scheduler-0")).toBe(is);
});

test("a process stands by, ready, until its kube-scheduler leads and all objects are read, and no longer than that", () => {
  const part = createPart(lease);
  expect(part.missing()).toEqual([
    "who leads is not known: lease lab/vaclab-scheduler is not read yet",
  ]);
  part.onLook(ok(null));
  expect(part.missing()).toEqual([
    "nobody leads: no kube-scheduler holds lease lab/vaclab-scheduler",
  ]);
  part.onLook(ok("another_7f2c1f0e"));
  expect(part.missing()).toEqual([]);
  expect(part.extender()).toEqual(err(expect.stringContaining("stands by")));
  part.onLook(ok(HOLDER));
  expect(part.missing()).toEqual([expect.stringContaining("begins to lead")]);
  const state = { isOver: false };
  const { extender, waiting } = extenderOf();
  part.begin({ extender, waiting, isOver: () => state.isOver });
  expect(part.missing()).toEqual([]);
  expect(part.extender()).toEqual(ok(extender));
  state.isOver = true;
  expect(part.extender()).toMatchObject({ ok: false });
  part.onLook(err(apiError(403, { code: 403, reason: "Forbidden", message: "no" })));
  expect(part.missing()).toEqual([
    "who leads is not known: lease lab/vaclab-scheduler cannot be read: no",
  ]);
});

test("beside a kube-scheduler that elects nobody a process always answers", () => {
  const part = createPart({ ...lease, lease: null });
  expect(part.missing()).toEqual([expect.stringContaining("begins to lead")]);
  part.begin({ ...extenderOf(), isOver: () => false });
  expect(part.missing()).toEqual([]);
});

test("V12: after a term no write is sent, not even to a server that is not there", async () => {
  const config = serverConfig({ url: "https://127.0.0.1:9", token: "none" });
  if (!config.ok) throw new Error(config.error);
  const client = fenceWrites(createKubeClient(config.value), () => true);
  const pod: KubeObject = { apiVersion: "v1", kind: "Pod", metadata: { name: "a" } };
  const over = { ok: false, error: { reason: "TermOver" } };
  expect(await client.replace(pod)).toMatchObject(over);
  const ref = { apiVersion: "v1", kind: "Pod", name: "a" };
  expect(await client.patch(ref, { kind: "merge", value: {} })).toMatchObject(over);
  expect(await client.bind({ namespace: "lab", name: "a", uid: "a" }, "n1")).toMatchObject(over);
  client.close();
});
