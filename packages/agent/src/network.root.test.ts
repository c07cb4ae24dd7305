/** The network settings that an agent goes by, from a real API server that comes, goes, and does not know the kind at first. */
import { customResourceDefinitions } from "@seam/api";
import type { Log } from "@seam/daemon";
import { createKubeClient, isKubeObject, type KubeClient, loadConfig } from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

import { networkFactsOf, type NetworkSource, watchNetwork } from "./network.ts";
import { openStore } from "./store.ts";

const store = openStore(":memory:");
const mine = { fieldManager: "test" };
let plane: ControlPlane;
let client: KubeClient;
let told: string[] = [];
let changes = 0;
let breaks = 0;
const reported: string[] = [];

const note = (_: object, message: string): void => void told.push(message);
const log: Log = { info: note, warn: note, error: note };

const start = (): NetworkSource =>
  watchNetwork({
    client,
    log,
    store,
    reports: { node: ({ reason, message }) => void reported.push(`${reason}: ${message}`) },
    counts: { watchBroke: () => void (breaks += 1) },
    onChange: () => void (changes += 1),
  });

const config = (spec: object, name = "default") => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "NetworkConfig",
  metadata: { name },
  spec,
});

beforeAll(async () => {
  plane = await startControlPlane();
  const loaded = loadConfig({ path: plane.kubeconfig });
  if (!loaded.ok) throw new Error(loaded.error);
  client = createKubeClient(loaded.value);
});

afterAll(async () => {
  client.close();
  await plane[Symbol.asyncDispose]();
});

test("without the kind all is direct and nothing fails; its object is followed as soon as there is one", async () => {
  await using network = start();
  await network.settled;
  expect(network.current()).toMatchObject({
    overlay: "direct",
    encapsulate: "off-link",
    mtu: null,
  });
  expect(told).toEqual([]);
  for (const crd of customResourceDefinitions().filter(isKubeObject))
    expect(await client.apply(crd, mine)).toMatchObject({ ok: true });
  await expect
    .poll(async () => (await client.apply(config({ overlay: "vxlan", mtu: 1400 }), mine)).ok, {
      timeout: 30_000,
    })
    .toBe(true);
  await expect
    .poll(() => network.current(), { timeout: 30_000 })
    .toMatchObject({ overlay: "vxlan", mtu: 1400 });
  const before = changes;
  expect(await client.apply(config({ overlay: "direct" }), mine)).toMatchObject({ ok: true });
  await expect.poll(() => network.current()).toMatchObject({ overlay: "direct", mtu: null });
  expect(changes).toBeGreaterThan(before);
  expect(await client.apply(config({ overlay: "vxlan" }), mine)).toMatchObject({ ok: true });
  await expect.poll(() => network.current()).toMatchObject({ overlay: "vxlan" });
  expect(reported).toEqual([
    "OverlayChanged: this node's overlay is now vxlan; it was direct",
    "OverlayChanged: this node's overlay is now direct; it was vxlan",
    "OverlayChanged: this node's overlay is now vxlan; it was direct",
  ]);
}, 60_000);

test("while the API server is away the last settings stay, also for a new agent", async () => {
  await plane.stopApiServer();
  // Both from now on: the watch of the test before may have been made anew when the kind was defined.
  told = [];
  breaks = 0;
  {
    await using network = start();
    await network.settled;
    expect(network.current()).toMatchObject({ overlay: "vxlan" });
    expect(told).toEqual(["watching NetworkConfig failed; trying again"]);
    expect(breaks).toBe(1);
  }
  await plane.startApiServer();
  await using network = start();
  await network.settled;
  const { apiVersion, kind, metadata } = config({});
  expect(await client.delete({ apiVersion, kind, name: metadata.name })).toMatchObject({
    ok: true,
  });
  await expect.poll(() => network.current()).toMatchObject({ overlay: "direct" });
}, 60_000);

test("what a server without our rules might hold is refused with the field", () => {
  expect(networkFactsOf({ overlay: "srv6" })).toMatchObject({
    error: expect.stringContaining("spec.overlay: expected one of direct, vxlan"),
  });
  expect(networkFactsOf(undefined).ok).toBe(false);
  expect(networkFactsOf({ fastPath: "disabled" })).toMatchObject({ value: { fastPath: false } });
  expect(networkFactsOf({ fastPath: "enabled" })).toEqual(networkFactsOf({}));
});
