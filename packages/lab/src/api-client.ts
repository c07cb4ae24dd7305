/** The few requests the lab itself makes to its API server, as the admin, over the loopback forwarder. */
import { readFileSync } from "node:fs";
import { request } from "node:https";

/** Where and as whom to ask. */
export type ApiAccess = { readonly port: number; readonly pki: string };

/** What the API server answered; status 0 means it did not. */
export type ApiAnswer = { readonly status: number; readonly body: string };

/** A request other than GET. */
export type ApiChange =
  | { readonly method: "POST"; readonly body: unknown }
  | { readonly method: "DELETE" };

/** One request; never throws for a refused connection, since the API server may just be starting. */
export async function askApi(
  access: ApiAccess,
  path: string,
  change?: ApiChange,
): Promise<ApiAnswer> {
  const { promise, resolve } = Promise.withResolvers<ApiAnswer>();
  const ask = request({
    host: "127.0.0.1",
    port: access.port,
    path,
    method: change?.method ?? "GET",
    headers: { "content-type": "application/json" },
    ca: readFileSync(`${access.pki}/ca.crt`),
    cert: readFileSync(`${access.pki}/admin.crt`),
    key: readFileSync(`${access.pki}/admin.key`),
    agent: false,
    timeout: 5000,
  });
  const silent = (): void => resolve({ status: 0, body: "" });
  ask.on("timeout", () => ask.destroy());
  ask.on("error", silent);
  ask.on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", silent);
    response.on("end", () =>
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
    );
  });
  ask.end(change?.method === "POST" ? JSON.stringify(change.body) : undefined);
  return promise;
}

/** What the lab reads of a Node object. */
export type NodeReport = {
  readonly name: string;
  readonly ready: boolean;
  readonly podCidrs: readonly string[];
};

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Reads a NodeList. */
export function parseNodes(body: string): readonly NodeReport[] {
  const parsed: unknown = JSON.parse(body);
  return list(field(parsed, "items")).map((item) => ({
    name: String(field(field(item, "metadata"), "name")),
    ready: list(field(field(item, "status"), "conditions")).some(
      (condition) => field(condition, "type") === "Ready" && field(condition, "status") === "True",
    ),
    podCidrs: list(field(field(item, "spec"), "podCIDRs")).map(String),
  }));
}

/** Addresses that a node's kubelet registered; none while the API server does not answer. */
export async function addressesOf(access: ApiAccess, node: string): Promise<readonly string[]> {
  const { status, body } = await askApi(access, `/api/v1/nodes/${node}`);
  const parsed: unknown = status === 200 ? JSON.parse(body) : undefined;
  return list(field(field(parsed, "status"), "addresses"))
    .filter((each) => field(each, "type") === "InternalIP")
    .map((each) => String(field(each, "address")));
}

/** Whether a node's kubelet has heard of the pods that are bound to it; one that just started has not. */
export async function knowsItsPods(access: ApiAccess, node: string): Promise<boolean> {
  const count = async (path: string): Promise<number | undefined> => {
    const { status, body } = await askApi(access, path);
    return status === 200 ? list(field(JSON.parse(body), "items")).length : undefined;
  };
  const bound = await count(`/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`);
  const known = await count(`/api/v1/nodes/${node}/proxy/pods`);
  return bound !== undefined && known !== undefined && (bound === 0 || known > 0);
}

/** The cluster's nodes; none while the API server does not answer. */
export async function listNodes(access: ApiAccess): Promise<readonly NodeReport[]> {
  const answer = await askApi(access, "/api/v1/nodes");
  return answer.status === 200 ? parseNodes(answer.body) : [];
}
