/** What of a pod's object decides about policies. */
import { parseAddress } from "@seam/base";
import { isKubeObject } from "@seam/kube";
import { expect, test } from "vitest";

import { policyPodOf } from "./policy-objects.ts";

const pod = (change: {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
}): ReturnType<typeof policyPodOf> => {
  const object: unknown = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "lab-a", uid: "u1", ...change.metadata },
    spec: { containers: [], ...change.spec },
    status: { phase: "Running", podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }], ...change.status },
  };
  if (!isKubeObject(object)) throw new Error("no object");
  return policyPodOf(object);
};

const addresses = ["10.0.0.1", "fd00::1"].flatMap((text) => {
  const parsed = parseAddress(text);
  return parsed.ok ? [parsed.value] : [];
});

test("a pod has its labels and addresses, until it ended (I14)", () => {
  expect(pod({ metadata: { labels: { app: "web" } } })).toEqual({
    namespace: "lab-a",
    uid: "u1",
    labels: { app: "web" },
    serviceAccount: "default",
    addresses,
    hostNetwork: false,
    ports: [],
  });
  for (const phase of ["Succeeded", "Failed"])
    expect(pod({ status: { phase } })).toMatchObject({ uid: "u1", addresses: [] });
  expect(pod({ spec: { hostNetwork: true } })).toMatchObject({ hostNetwork: true });
  const named = pod({ spec: { serviceAccountName: "builder" } });
  expect(named).toMatchObject({ serviceAccount: "builder" });
});

test("a static pod is known by the uid that kubelet has for it", () => {
  const annotations = { "kubernetes.io/config.mirror": "of-the-file" };
  expect(pod({ metadata: { annotations } })).toMatchObject({ uid: "of-the-file" });
});

test("named ports are those of containers and sidecars, not of what runs before them", () => {
  const container = (name: string, containerPort: number, protocol?: string): object => ({
    name,
    ports: [{ name, containerPort, ...(protocol === undefined ? {} : { protocol }) }],
  });
  const spec = {
    containers: [container("web", 80), { name: "x", ports: [{ containerPort: 81 }] }],
    initContainers: [
      { ...container("proxy", 90, "UDP"), restartPolicy: "Always" },
      container("setup", 91),
    ],
  };
  expect(pod({ spec }).ports).toEqual([
    { name: "web", port: 80, protocol: "TCP" },
    { name: "proxy", port: 90, protocol: "UDP" },
  ]);
});
