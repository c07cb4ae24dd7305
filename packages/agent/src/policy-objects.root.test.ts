/** Calico's objects and service accounts on their way from a real API server to who works policies out (I15). */
import { calicoDefinitions } from "@seam/api";
import type { Log } from "@seam/daemon";
import { createPolicyIntent } from "@seam/intent";
import { createKubeClient, isKubeObject, type KubeClient, loadConfig } from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { watchPolicyObjects } from "./policy-objects.ts";

let plane: ControlPlane;
let client: KubeClient;
const told = new Map<string, unknown>();
const faults = new Map<string, readonly string[]>();
const note = (): undefined => undefined;
const log: Log = { info: note, warn: note, error: note };

async function apply(object: unknown): Promise<void> {
  if (!isKubeObject(object)) throw new Error("no object");
  const applied = await client.apply(object, { fieldManager: "test" });
  if (!applied.ok) throw new Error(applied.error.message);
}

const watch = (): ReturnType<typeof watchPolicyObjects> => {
  const intent = createPolicyIntent();
  return watchPolicyObjects({
    client,
    log,
    counts: { watchBroke: note },
    intent: {
      ...intent,
      setCalico: (kind, key, object) => {
        told.set(`${kind} ${key}`, object);
        return intent.setCalico(kind, key, object);
      },
      setServiceAccount: (key, labels) => void told.set(`ServiceAccount ${key}`, labels),
    },
    onChange: note,
    onFaults: (policy, found) => void faults.set(policy, found),
  });
};

beforeAll(async () => {
  plane = await startControlPlane();
  const config = loadConfig({ path: plane.kubeconfig });
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
});

afterAll(async () => {
  client.close();
  await plane[Symbol.asyncDispose]();
});

const object = (kind: string, namespace: string | null, spec: object): object => ({
  apiVersion: "projectcalico.org/v3",
  kind,
  metadata: { name: "x", ...(namespace === null ? {} : { namespace }) },
  spec,
});

test("all kinds are told of from when they are served, and how far", async () => {
  await using objects = watch();
  await objects.synced;
  expect([...told.keys()].filter((each) => !each.startsWith("ServiceAccount"))).toEqual([]);
  for (const definition of calicoDefinitions()) await apply(definition);
  const all = [
    object("Tier", null, { order: 1 }),
    object("NetworkPolicy", "default", { selector: "all()" }),
    object("GlobalNetworkPolicy", null, { doNotTrack: true }),
    object("NetworkSet", "default", { nets: ["192.0.2.0/24"] }),
    object("GlobalNetworkSet", null, { nets: ["192.0.2.0/24"] }),
    object("HostEndpoint", null, { node: "a", interfaceName: "eth0" }),
  ];
  for (const each of all) await vi.waitFor(async () => apply(each), { timeout: 20_000 });
  const account = { name: "builder", namespace: "default", labels: { role: "ci" } };
  await apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: account });
  await vi.waitFor(
    () => {
      expect(told.get("Tier x")).toMatchObject({ spec: { order: 1 } });
      expect(told.get("NetworkPolicy default/x")).toMatchObject({ spec: { selector: "all()" } });
      expect(told.get("NetworkSet default/x")).toMatchObject({ spec: { nets: ["192.0.2.0/24"] } });
      expect(told.get("GlobalNetworkSet x")).toMatchObject({ metadata: { name: "x" } });
      expect(told.get("HostEndpoint x")).toMatchObject({ spec: { interfaceName: "eth0" } });
      expect(told.get("ServiceAccount default/builder")).toEqual({ role: "ci" });
      expect(faults.get("GlobalNetworkPolicy.projectcalico.org/x")?.join()).toMatch(/doNotTrack/);
    },
    { timeout: 20_000 },
  );
  expect([...objects.versions().keys()]).toEqual(
    expect.arrayContaining(["Tier", "NetworkPolicy", "HostEndpoint"].map(ofCalico)),
  );
  const gone = { apiVersion: "projectcalico.org/v3", kind: "Tier", name: "x" };
  expect(await client.delete(gone)).toMatchObject({ ok: true });
  await vi.waitFor(() => expect(told.get("Tier x")).toBeNull(), { timeout: 30_000 });
});

const ofCalico = (kind: string): string => `${kind}.projectcalico.org`;
