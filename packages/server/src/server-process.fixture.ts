/** The server's process in front of a real API server, people of different rights, and grpcurl as their client. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { createKubeClient, isKubeObject, type KubeClient, readKubeconfig } from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";

const execute = promisify(execFile);
const kubectl = `${process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools"}/kubectl`;
const grpcurlProgram = `${process.env["SEAM_GRPCURL_BIN"] ?? "SEAM_GRPCURL_BIN names the folder of grpcurl"}/grpcurl`;
const main = path.join(import.meta.dirname, "main.ts");

/** A server with TLS, and what is around it; disposing of it leaves nothing. */
export type ServerProcess = AsyncDisposable & {
  readonly plane: ControlPlane;
  readonly admin: KubeClient;
  /** Where gRPC is, as clients name it. */
  readonly address: string;
  /** Port of health and metrics. */
  readonly port: number;
  /** The certificate that clients trust, in PEM form. */
  readonly authority: string;
  /** A token of a service account of the namespace `lab-a`. */
  readonly tokenOf: (account: string) => string;
  /** What grpcurl prints, or what it says when it fails. */
  readonly grpcurl: (call: GrpcurlCall) => Promise<string>;
  /** Each line that the server has logged. */
  readonly log: () => readonly string[];
  /** Ends the server and answers its exit code. */
  readonly stop: (signal: NodeJS.Signals) => Promise<number | null>;
};

/** A call as people make it. */
type GrpcurlCall = {
  readonly what: readonly string[];
  readonly token?: string;
  readonly message?: object;
  readonly options?: readonly string[];
};

/** Starts all of it. */
export async function startServerProcess(): Promise<ServerProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-server-"));
  const files = { cert: path.join(folder, "tls.crt"), key: path.join(folder, "tls.key") };
  makeCertificate(files);
  const plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  const admin = createKubeClient(config.value);
  await givePeopleRights(admin);
  const { address, port, lines, stop } = await startServer(plane, files);
  return {
    plane,
    admin,
    address,
    port,
    authority: readFileSync(files.cert, "utf8"),
    tokenOf: (account) =>
      execFileSync(
        kubectl,
        ["--kubeconfig", plane.kubeconfig, "-n", "lab-a", "create", "token", account],
        { encoding: "utf8" },
      ).trim(),
    grpcurl: async (call) => grpcurl(["-cacert", files.cert, ...argvOf(call, address)]),
    log: () => lines,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop("SIGKILL");
      admin.close();
      await plane[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

type Started = { readonly address: string; readonly port: number };

/** Starts the process, and waits until it says where it listens. */
async function startServer(
  plane: ControlPlane,
  files: { readonly cert: string; readonly key: string },
): Promise<Started & Pick<ServerProcess, "stop"> & { readonly lines: readonly string[] }> {
  const tls = ["--tls-cert", files.cert, "--tls-key", files.key];
  const ports = ["--port", "0", "--grpc-port", "0", "--kubeconfig", plane.kubeconfig];
  const child = spawn(process.execPath, [main, ...tls, ...ports], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const started = Promise.withResolvers<Started>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    const { msg, address, port } = JSON.parse(line);
    if (msg === "started") started.resolve({ address, port });
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  void exited.then((code) => started.reject(new Error(`the server ended with ${code}`)));
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return exited;
  };
  return { ...(await started.promise), lines, stop };
}

function argvOf({ what, token, message, options = [] }: GrpcurlCall, address: string): string[] {
  return [
    ...options,
    ...(token === undefined ? [] : ["-H", `authorization: Bearer ${token}`]),
    ...(message === undefined ? [] : ["-d", JSON.stringify(message)]),
    address,
    ...what,
  ];
}

async function grpcurl(argv: readonly string[]): Promise<string> {
  try {
    return (await execute(grpcurlProgram, argv)).stdout;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? error.stderr : error;
    return String(said).replaceAll(/\n\s+/g, " ");
  }
}

function makeCertificate(files: { readonly cert: string; readonly key: string }): void {
  const subject = ["-subj", "/CN=seam-server", "-addext", "subjectAltName=DNS:localhost"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const into = ["-keyout", files.key, "-out", files.cert];
  execFileSync("openssl", ["req", "-x509", ...key, ...subject, ...into], { stdio: "ignore" });
}

/** `owner` may all that Kubernetes' role `edit` may with policies, `guest` may look. */
async function givePeopleRights(admin: KubeClient): Promise<void> {
  const group = "rbac.authorization.k8s.io";
  const verbs = {
    owner: ["get", "list", "watch", "create", "update", "delete"],
    guest: ["get", "list", "watch"],
  };
  const objects = [
    ...["lab-a", "lab-b"].map((name) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    })),
    ...Object.entries(verbs).flatMap(([name, allowed]) => [
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "lab-a" } },
      {
        apiVersion: `${group}/v1`,
        kind: "Role",
        metadata: { name, namespace: "lab-a" },
        rules: [
          { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: allowed },
        ],
      },
      {
        apiVersion: `${group}/v1`,
        kind: "RoleBinding",
        metadata: { name, namespace: "lab-a" },
        roleRef: { apiGroup: group, kind: "Role", name },
        subjects: [{ kind: "ServiceAccount", name, namespace: "lab-a" }],
      },
    ]),
  ];
  for (const object of objects.filter(isKubeObject)) {
    const made = await admin.create(object);
    if (!made.ok) throw new Error(made.error.message);
  }
}
