/** What the controller's process says about NetworkConfigs and ClusterNetworkPolicies, and what it measures, on a real API server. */
import type { ChildProcess } from "node:child_process";
import { exposedMetrics, metricsInGuide } from "@seam/daemon/testing";
import { createKubeClient, isKubeObject, readKubeconfig, type KubeClient } from "@seam/kube";
import {
  CLUSTER_POLICY_DEFINITION,
  clusterPolicyDefinition,
  type ControlPlane,
  startControlPlane,
} from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileOf, signInAsController, startController, stop } from "./controller.fixture.ts";
import { eventually, kubectl } from "./nodes.fixture.ts";

const NAME = "networkconfigs.seam.ucsd.edu";
const overlay = (value: string): string => JSON.stringify({ spec: { overlay: value } });
let plane: ControlPlane;
let client: KubeClient;
let controller: ChildProcess;
let output = "";

const k = async (...argv: string[]): Promise<string> => kubectl(plane.kubeconfig, ...argv);
const condition = async (): Promise<unknown> => {
  const object = JSON.parse(await k("get", "netconf", "default", "-o", "json"));
  return object.status?.conditions;
};
/** The port that the kernel chose. */
const port = (): number => Number(/"port":(\d+)/.exec(output)?.[1]);

beforeAll(async () => {
  plane = await startControlPlane();
  await k("apply", "-f", fileOf("deploy/helm/seam/files/crds"));
  await k("wait", "--for=condition=Established", "crd", "--all", "--timeout=90s");
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
  const kubeconfig = await signInAsController(plane.kubeconfig);
  controller = startController(["--port=0", `--kubeconfig=${kubeconfig}`], (text) => {
    output += text;
  });
});

afterAll(async () => {
  await stop(controller, "SIGKILL");
  client.close();
  await plane[Symbol.asyncDispose]();
});

test("a valid one is accepted; kubectl shows and awaits it", async () => {
  await client.apply(
    {
      apiVersion: "seam.ucsd.edu/v1alpha1",
      kind: "NetworkConfig",
      metadata: { name: "default" },
      spec: { overlay: "direct" },
    },
    { fieldManager: "test" },
  );
  await k("wait", "--for=condition=Accepted", "netconf/default", "--timeout=20s");
  expect(await condition()).toEqual([
    {
      type: "Accepted",
      status: "True",
      reason: "Valid",
      message: "every node goes by these settings as soon as it sees them",
      lastTransitionTime: expect.stringMatching(/^\d{4}-.*Z$/),
      observedGeneration: 1,
    },
  ]);
  expect(await k("get", "netconf")).toMatch(/ACCEPTED +AGE\ndefault +\w+ +True/);
});

test("one that is older than the rules is refused with the field, and accepted when it is corrected", async () => {
  const whole = JSON.parse(await k("get", "crd", NAME, "-o", "json"));
  const [version] = whole.spec.versions;
  const loose = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const versions = [{ ...version, schema: { openAPIV3Schema: loose } }];
  await k("patch", "crd", NAME, "--type=merge", "-p", JSON.stringify({ spec: { versions } }));
  await eventually(async () =>
    k("patch", "netconf", "default", "--type=merge", "-p", overlay("srv6")),
  );
  await eventually(async () =>
    expect(await condition()).toMatchObject([
      {
        type: "Accepted",
        status: "False",
        reason: "Invalid",
        message: expect.stringMatching(
          /^spec\.overlay: expected one of direct, vxlan.*found "srv6"; until it is corrected/,
        ),
        observedGeneration: 2,
      },
    ]),
  );
  await eventually(async () =>
    expect(await k("describe", "netconf", "default")).toMatch(/Warning +Invalid/),
  );
  await k("patch", "netconf", "default", "--type=merge", "-p", overlay("vxlan"));
  await k("wait", "--for=condition=Accepted", "netconf/default", "--timeout=20s");
});

test("a ClusterNetworkPolicy says whether nodes understand it, from when its kind is served (I15)", async () => {
  const rule = (to: object): object => ({ action: "Deny", to: [to] });
  const policy = (name: string, to: object): object => ({
    apiVersion: "policy.networking.k8s.io/v1beta1",
    kind: "ClusterNetworkPolicy",
    metadata: { name },
    spec: { tier: "Admin", priority: 1, subject: { namespaces: {} }, egress: [rule(to)] },
  });
  await apply(clusterPolicyDefinition("v1beta1"));
  await k("wait", "--for=condition=Established", "crd", CLUSTER_POLICY_DEFINITION);
  const names = { domainNames: ["*.example.org"] };
  for (const object of [policy("plain", { namespaces: {} }), policy("names", names)])
    await eventually(async () => apply(object));
  await k("wait", "--for=condition=Accepted", "clusternetworkpolicy/plain", "--timeout=20s");
  await k("wait", "--for=condition=Accepted=False", "clusternetworkpolicy/names", "--timeout=20s");
  const path = "jsonpath={.status.conditions[0].message}";
  expect(await k("get", "clusternetworkpolicy", "names", "-o", path)).toMatch(
    /^spec\.egress\[0\]\.to\[0\]\.domainNames: expected one of .*denies everybody/,
  );
  await k("delete", "crd", CLUSTER_POLICY_DEFINITION);
});

async function apply(object: object): Promise<void> {
  if (!isKubeObject(object)) throw new Error("no object");
  const applied = await client.apply(object, { fieldManager: "test" });
  if (!applied.ok) throw new Error(applied.error.message);
}

test("what the controller exposes is what the guide says", async () => {
  const guide = metricsInGuide("controller");
  const exposed = await exposedMetrics(port());
  expect(exposed.metrics).toEqual(guide.metrics);
  expect(exposed.labels["seam_controller_passes_total"]).toEqual(["kind", "result"]);
  for (const [name, labels] of Object.entries(exposed.labels))
    expect(guide.labels[name]).toEqual(expect.arrayContaining([...labels]));
});

test("its log has levels as words, times in RFC 3339 and constant messages; no right was missing", () => {
  const lines: unknown[] = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    name: "seam-controller",
    msg: "started",
  });
  expect(output).not.toContain('"code":403');
});
