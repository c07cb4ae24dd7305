/** Where the figures of `seam top` come from: metrics-server when it is there, else the kubelets; a server of this test plays the API. */
import { bytes } from "@seam/base";
import { readUsage } from "@seam/client";
import { createKubeClient, type KubeClient } from "@seam/kube";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Kubelet, startKubelet } from "./kubelet.fixture.ts";

const METRICS = "/apis/metrics.k8s.io/v1beta1";
/** What the server answers at a path; all else is refused with 403. */
let answers: { readonly [path: string]: unknown } = {};
let server: Kubelet;
let client: KubeClient;

beforeAll(async () => {
  server = await startKubelet((path, response) => {
    const answer = answers[path.split("?")[0] ?? ""];
    if (answer === undefined) response.writeHead(403).end('{"message": "you may not"}');
    else response.end(JSON.stringify(answer));
  });
  client = createKubeClient({
    server: new URL(`https://${server.address}:${server.port}`),
    tls: { rejectUnauthorized: false },
    token: { kind: "none" },
    namespace: "default",
  });
});

afterAll(async () => {
  client.close();
  await server[Symbol.asyncDispose]();
});

test("metrics-server says what a node uses, and what the containers of a pod use together", async () => {
  const containers = [
    { usage: { cpu: "1500u", memory: "1Mi" } },
    { usage: { cpu: "250m", memory: "1024Ki" } },
  ];
  answers = {
    [`${METRICS}/nodes`]: {
      items: [{ metadata: { name: "n1" }, usage: { cpu: "1", memory: "1Gi" } }],
    },
    [`${METRICS}/namespaces/a/pods`]: {
      items: [{ metadata: { name: "p", namespace: "a" }, containers }],
    },
  };
  expect(await readUsage(client, { kind: "nodes" })).toEqual({
    ok: true,
    value: { items: [{ name: "n1", millicores: 1000, memory: bytes(2 ** 30) }], silent: [] },
  });
  expect(await readUsage(client, { kind: "pods", namespace: "a" })).toMatchObject({
    value: { items: [{ name: "p", namespace: "a", millicores: 251.5, memory: 2 ** 21 }] },
  });
});

const kind = { kind: "Node", name: "nodes", namespaced: false };
const core = {
  "/api/v1": { resources: [kind] },
  "/api/v1/nodes": { metadata: {}, items: ["n1", "n2"].map((name) => ({ metadata: { name } })) },
};
const summary = "/api/v1/nodes/n1/proxy/stats/summary";

test("without it the kubelets are asked; one that does not answer is told", async () => {
  answers = { ...core, [summary]: { node: { cpu: { usageNanoCores: 5e6 } } } };
  expect(await readUsage(client, { kind: "nodes" })).toMatchObject({
    ok: true,
    value: {
      items: [{ name: "n1", millicores: 5, memory: 0 }],
      silent: [{ message: "cannot ask node n2 what it uses: you may not" }],
    },
  });
});

test("who may ask neither is told what to install", async () => {
  answers = core;
  expect(await readUsage(client, { kind: "pods" })).toMatchObject({
    ok: false,
    error: { code: "Denied", hint: expect.stringContaining("Install metrics-server") },
  });
});
