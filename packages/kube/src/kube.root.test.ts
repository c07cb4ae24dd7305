/** The client, the reflector and leader election against a real kube-apiserver and etcd. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { millis } from "@seam/base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type ControlPlane, startControlPlane } from "./control-plane.fixture.ts";
import {
  createKubeClient,
  followLease,
  isKubeObject,
  type KubeClient,
  type KubeObject,
  readKubeconfig,
  startReflector,
  takePart,
  type Change,
} from "./index.ts";
import { child, children } from "./object.ts";

let plane: ControlPlane;
let client: KubeClient;

async function until<T>(probe: () => Promise<T | null> | T | null): Promise<T> {
  for (let tries = 0; tries < 300; tries += 1) {
    const value = await probe();
    if (value !== null) return value;
    await sleep(100);
  }
  throw new Error("not within 30 s");
}

const configMap = (name: string, text: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default" },
  data: { text },
});
const maps = { apiVersion: "v1", kind: "ConfigMap", namespace: "default" };
const mine = { fieldManager: "seam" };
const experiment = (fields: object): KubeObject => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: { name: "two-tier", namespace: "default" },
  spec: { workloads: [{ name: "server", image: "i", ...fields }] },
});

beforeAll(async () => {
  plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
  await until(async () =>
    (await client.get({ apiVersion: "v1", kind: "Namespace", name: "default" })).ok ? true : null,
  );
});

afterAll(async () => {
  client.close();
  await plane[Symbol.asyncDispose]();
});

describe("CustomResourceDefinitions of @seam/api", () => {
  const folder = new URL("../../../deploy/helm/seam/files/crds/", import.meta.url);
  const crds = readdirSync(folder).map((file): unknown =>
    parse(readFileSync(new URL(file, folder), "utf8")),
  );

  test.each(crds.filter(isKubeObject).map((crd) => [crd.metadata.name, crd] as const))(
    "%s is accepted and Established",
    async (_, crd) => {
      expect(await client.apply(crd, mine)).toMatchObject({ ok: true });
      await until(async () => {
        const now = await client.get({
          apiVersion: crd.apiVersion,
          kind: crd.kind,
          name: crd.metadata.name,
        });
        const conditions = now.ok ? children(child(now.value, "status"), "conditions") : [];
        return conditions.some(
          (item) => item["type"] === "Established" && item["status"] === "True",
        )
          ? true
          : null;
      });
    },
  );

  test.each([
    ["name", { name: "Server_1" }, "spec.workloads[0].name"],
    ["replicas", { replicas: -1 }, "spec.workloads[0].replicas"],
    ["cpu", { resources: { cpu: "lots" } }, "spec.workloads[0].resources.cpu"],
    ["placement word", { placement: "random" }, "spec.workloads[0].placement"],
    ["placement object", { placement: { host: "a" } }, "spec.workloads[0].placement"],
    ["after", { after: ["nobody"] }, "workloads[].after"],
    ["port", { ports: [{ name: "p", port: 70_000 }] }, "spec.workloads[0].ports[0].port"],
  ])("an Experiment with a wrong %s is rejected", async (_, fields, field) => {
    const made = await until(async () => {
      const answer = await client.create(experiment(fields));
      return answer.ok || answer.error.code !== 404 ? answer : null;
    });
    expect(made).toMatchObject({ ok: false, error: { code: 422, reason: "Invalid" } });
    expect(made.ok ? "" : made.error.message).toContain(field);
  });

  test("a good Experiment gets defaults, and its status is applied apart", async () => {
    const made = await client.apply(
      experiment({ placement: { node: "n2" }, ports: [{ name: "p", port: 80 }] }),
      mine,
    );
    expect(made).toMatchObject({
      ok: true,
      value: {
        spec: { workloads: [{ replicas: 1, kind: "Container", ports: [{ protocol: "TCP" }] }] },
      },
    });
    const { apiVersion, kind, metadata } = experiment({});
    const status = await client.applyStatus(
      { apiVersion, kind, metadata, status: { phase: "Ready" } },
      mine,
    );
    expect(status).toMatchObject({ ok: true, value: { status: { phase: "Ready" } } });
  });
});

describe("KubeClient", () => {
  test("another manager's field is a conflict unless forced", async () => {
    expect((await client.apply(configMap("ssa", "a"), { fieldManager: "one" })).ok).toBe(true);
    expect(await client.apply(configMap("ssa", "b"), { fieldManager: "two" })).toMatchObject({
      ok: false,
      error: { code: 409, reason: "Conflict" },
    });
    expect(
      await client.apply(configMap("ssa", "b"), { fieldManager: "two", force: true }),
    ).toMatchObject({ ok: true, value: { data: { text: "b" } } });
  });

  test("patch, delete, not found and an unknown kind", async () => {
    const ref = { ...maps, name: "short" };
    expect((await client.create(configMap("short", "a"))).ok).toBe(true);
    expect(
      await client.patch(ref, { kind: "merge", value: { data: { text: "c" } } }),
    ).toMatchObject({ ok: true, value: { data: { text: "c" } } });
    expect((await client.delete(ref)).ok).toBe(true);
    expect(await client.get(ref)).toMatchObject({
      ok: false,
      error: { kind: "api", code: 404, reason: "NotFound" },
    });
    expect(await client.get({ apiVersion: "v1", kind: "Nothing", name: "a" })).toMatchObject({
      ok: false,
      error: { reason: "UnknownKind" },
    });
  });
});

test("a watch survives restarts of the API server with the final state and no change told twice", async () => {
  const changes: Change<string>[] = [];
  await using copy = startReflector({
    client,
    ref: maps,
    pageLimit: 2,
    longestWait: millis(1000),
    project: (object) =>
      JSON.stringify([
        object.metadata.resourceVersion,
        object["data"],
        "managedFields" in object.metadata,
      ]),
    onChange: (change) => changes.push(change),
  });
  for (const name of ["a", "b", "c", "d", "e"])
    await client.create(configMap(`watch-${name}`, "1"));
  await copy.synced;
  await plane.stopApiServer();
  await plane.startApiServer();
  const late = await until(async () => {
    const answer = await client.apply(configMap("watch-a", "2"), { ...mine, force: true });
    return answer.ok ? answer.value : null;
  });
  await until(async () => ((await client.delete({ ...maps, name: "watch-b" })).ok ? true : null));
  await until(async () => ((await client.create(configMap("watch-f", "1"))).ok ? true : null));
  await until(() => (copy.get("default/watch-f") === undefined ? null : true));
  const real = await client.list(maps);
  const names = real.ok ? real.value.items.map((item) => `default/${item.metadata.name}`) : [];
  expect(
    copy
      .entries()
      .map(([key]) => key)
      .sort(),
  ).toEqual(names.sort());
  expect(copy.get("default/watch-a")).toBe(
    JSON.stringify([late.metadata.resourceVersion, { text: "2" }, false]),
  );
  const told = changes
    .filter((change) => change.key.includes("watch-"))
    .map((change) => `${change.kind} ${change.key} ${change.value}`);
  expect(new Set(told).size).toBe(told.length);
  expect(changes.filter((change) => change.kind === "deleted").map((change) => change.key)).toEqual(
    ["default/watch-b"],
  );
});

test("one leader at a time; the next takes over when the first leaves", async () => {
  const story: string[] = [];
  const stops = [new AbortController(), new AbortController()];
  const parts = stops.map((stop, index) =>
    takePart({
      client,
      namespace: "default",
      name: "seam-test",
      identity: `p${index}`,
      duration: millis(2000),
      signal: stop.signal,
      lead: async (signal) => {
        story.push(`p${index} leads`);
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        story.push(`p${index} ends`);
      },
    }),
  );
  const first = await until(() => (story[0] === undefined ? null : Number(story[0][1])));
  await sleep(1500);
  expect(story).toHaveLength(1);
  stops[first]?.abort();
  await until(() => (story.length >= 3 ? true : null));
  for (const stop of stops) stop.abort();
  await Promise.all(parts);
  expect(story).toEqual([
    `p${first} leads`,
    `p${first} ends`,
    `p${1 - first} leads`,
    `p${1 - first} ends`,
  ]);
});

test("a lease that another program renews is acted beside while it holds, and no longer", async () => {
  const [story, held]: [string[], (string | null)[]] = [[], []];
  const stop = new AbortController();
  const renew = async (holderIdentity: string, leaseDurationSeconds = 3): Promise<void> => {
    const metadata = { namespace: "default", name: "followed" };
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata };
    // A clock that is years off makes no difference.
    const renewTime = `1999-01-01T00:00:00.${String(Math.floor(performance.now())).padStart(6, "0")}Z`;
    const spec = { holderIdentity, leaseDurationSeconds, renewTime };
    expect(await client.apply({ ...lease, spec }, mine)).toMatchObject({ ok: true });
  };
  const following = followLease({
    client,
    namespace: "default",
    name: "followed",
    isOurs: (holder) => holder.startsWith("ours"),
    settle: millis(300),
    signal: stop.signal,
    lead: async ({ signal, isOver }) => {
      story.push("leads");
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      story.push(isOver() ? "ends" : "ends too early");
    },
    onLook: (look) => held.push(look.ok ? look.value : "unknown"),
  });
  const told = async (count: number): Promise<true> =>
    until(() => (story.length >= count ? true : null));
  await until(() => (held.includes(null) ? true : null));
  await renew("theirs");
  await until(() => (held.includes("theirs") ? true : null));
  expect(story).toEqual([]);
  await renew("ours-1");
  for (let times = 0; times < 8; times += 1) {
    await sleep(500);
    await renew("ours-1");
  }
  expect(story).toEqual(["leads"]);
  const silent = performance.now();
  await told(2);
  // Others may take it three seconds after it was renewed.
  expect(performance.now() - silent).toBeLessThan(3000);
  await renew("ours-1");
  await told(3);
  await renew("ours-2");
  await told(5);
  await renew("", 1);
  await told(6);
  stop.abort();
  await following;
  expect(story.join()).toBe("leads,ends,leads,ends,leads,ends");
});
