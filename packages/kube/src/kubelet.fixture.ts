/** A node without a machine whose kubelet answers what the API server asks for logs and metrics. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeClient } from "./client.ts";

/** What the kubelet was asked, and its answers. */
export type Kubelet = AsyncDisposable & {
  readonly address: string;
  readonly port: number;
  readonly asked: string[];
};

/** Answers a request for a path such as `/containerLogs/lab-a/server-0/main?follow=true`. */
export type Answering = (path: string, response: ServerResponse) => void;

/** Starts a kubelet on an address that the API server may proxy to, which loopback is not. */
export async function startKubelet(answer: Answering): Promise<Kubelet> {
  const folder = mkdtempSync(join(tmpdir(), "seam-test-kubelet-"));
  const [key, cert] = [join(folder, "key"), join(folder, "cert")];
  const flags = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=kubelet", "-keyout", key];
  execFileSync("openssl", ["req", "-x509", ...flags, "-out", cert], { stdio: "ignore" });
  const asked: string[] = [];
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(cert) },
    ({ url = "" }, response) => {
      asked.push(url);
      answer(url, response);
    },
  );
  server.listen(0, "0.0.0.0");
  await once(server, "listening");
  return {
    address: ownAddress(),
    port: portOf(server),
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = all.find(({ family, internal }) => family === "IPv4" && !internal);
  if (own === undefined) throw new Error("this machine has no IPv4 address but loopback");
  return own.address;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Makes a Node object whose kubelet it is. */
export async function makeNode(client: KubeClient, name: string, kubelet: Kubelet): Promise<void> {
  const node = { apiVersion: "v1", kind: "Node", metadata: { name } };
  const made = await client.create(node);
  if (!made.ok) throw new Error(made.error.message);
  const allocatable = { cpu: "4", memory: "1Gi", pods: "110" };
  const status = {
    capacity: allocatable,
    allocatable,
    addresses: [{ type: "InternalIP", address: kubelet.address }],
    daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
  };
  await client.applyStatus({ ...node, status }, { fieldManager: "kubelet", force: true });
}
