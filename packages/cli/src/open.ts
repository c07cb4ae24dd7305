/** `seam open`: a way from this machine to the API server of a cluster, and how to sign in there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { err, ok, type Result } from "@seam/base";
import { fromKube, type SeamError } from "@seam/client";
import { child, children, type KubeClient, type KubeObject } from "@seam/kube";
import { fail, print, untilInterrupted, withSeam } from "./session.ts";

type Flags = {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly port: number;
  readonly browser: boolean;
};

const NAMESPACE = "seam-system";
const WHERE = { namespace: NAMESPACE } as const;
const PROGRAM = "app.kubernetes.io/name=seam-api";
const TOKEN = /seam_[\w-]{43}/;

/** The action of `seam open`. */
export async function open(flags: Flags): Promise<void> {
  await withSeam(flags, async ({ kube }) => {
    const api = await findApi(kube);
    if (!api.ok) {
      fail(api.error);
      return;
    }
    const door = createServer((connection) => void carry(kube, api.value, connection));
    const opened = await listening(door, flags.port);
    if (opened !== null) {
      fail(opened);
      return;
    }
    const url = `${api.value.scheme}://127.0.0.1:${portOf(door)}`;
    print(await guidance(kube, api.value, url));
    if (flags.browser) showInBrowser(url);
    await untilInterrupted(async (signal) => {
      await once(signal, "abort");
      door.close();
    });
  });
}

/** Where the API is, in the cluster. */
type Api = {
  readonly pod: string;
  readonly port: number;
  readonly scheme: "http" | "https";
};

/** The pod that serves, by what its container was started with. */
async function findApi(kube: KubeClient): Promise<Result<Api, SeamError>> {
  const pods = await kube.list(
    { apiVersion: "v1", kind: "Pod", ...WHERE },
    { labelSelector: PROGRAM },
  );
  if (!pods.ok) return err(fromKube("find the API server", pods.error));
  const pod = pods.value.items.find(isReady);
  if (pod === undefined) {
    return err(pods.value.items.length === 0 ? NONE : NOT_READY);
  }
  const [container = {}] = children(child(pod, "spec"), "containers");
  const port = children(container, "ports").find((each) => each["name"] === "api");
  const hasCertificate = JSON.stringify(container["args"] ?? []).includes("--tls-cert");
  return ok({
    pod: pod.metadata.name,
    port: Number(port?.["containerPort"]),
    scheme: hasCertificate ? "https" : "http",
  });
}

const NONE: SeamError = {
  code: "NotInstalled",
  message: "there is no API server in this cluster",
  hint: "Put one into it: helm upgrade with api.enabled (docs/guide/install.md), or on the lab: seam lab up --api",
  details: [],
};

const NOT_READY: SeamError = {
  code: "Failed",
  message: "the API server is not ready",
  hint: `Look at: seam get pods -n ${NAMESPACE} -l ${PROGRAM}`,
  details: [],
};

const isReady = (pod: KubeObject): boolean =>
  children(child(pod, "status"), "conditions").some(
    (each) => each["type"] === "Ready" && each["status"] === "True",
  ) && pod.metadata["deletionTimestamp"] === undefined;

/** The pod may be another one than at first. */
async function carry(kube: KubeClient, first: Api, connection: Socket): Promise<void> {
  connection.on("error", () => undefined);
  connection.pause();
  const found = await findApi(kube);
  const { pod, port } = found.ok ? found.value : first;
  const ended = await kube.forward({ ...WHERE, pod, port }, connection);
  if (!ended.ok) process.stderr.write(`seam: ${ended.error.message}\n`);
}

async function listening(door: Server, port: number): Promise<SeamError | null> {
  try {
    door.listen(port, "127.0.0.1");
    await once(door, "listening");
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = "Name another one by --port.";
    return { code: "BadInput", message: `port ${port}: ${why}`, hint, details: [] };
  }
}

function portOf(door: Server): number {
  const address = door.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Where it is, and with what one signs in; the token is in the log as long as the pod of the first start is there. */
async function guidance(kube: KubeClient, { pod, scheme }: Api, url: string): Promise<string> {
  const token = TOKEN.exec(await logOf(kube, pod))?.[0];
  const another = `kubectl -n ${NAMESPACE} exec deployment/seam-api -- seam token`;
  const authority = `kubectl -n ${NAMESPACE} get configmap seam-api-ca -o jsonpath='{.data.ca\\.crt}'`;
  return [
    `Seam is at ${url} as long as this runs; its API: ${url}/openapi.json`,
    ...(scheme === "https" ? [`Its certificate is of Seam's own authority: ${authority}`] : []),
    token === undefined
      ? `Sign in as admin with a token; a new one: ${another}`
      : `Sign in as admin with the token of the first start: ${token}`,
  ].join("\n");
}

async function logOf(kube: KubeClient, pod: string): Promise<string> {
  const parts: Buffer[] = [];
  await kube.logs({ ...WHERE, pod }, {}, (part) => void parts.push(part));
  return Buffer.concat(parts).toString("utf8");
}

function showInBrowser(url: string): void {
  const hasScreen = ["DISPLAY", "WAYLAND_DISPLAY"].some((name) => (process.env[name] ?? "") !== "");
  if (!hasScreen) return;
  const browser = spawn("xdg-open", [url], { detached: true, stdio: "ignore" });
  // The address is printed already.
  browser.on("error", () => undefined);
  browser.unref();
}
