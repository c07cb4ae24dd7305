/**
 * A real etcd and kube-apiserver on loopback, and on demand the controllers of Kubernetes, for tests of this package and of
 * those above it (`@seam/kube/testing`); the binaries are in the folder that `SEAM_BIN` names.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export { calicoDefinition } from "./calico.fixture.ts";
export { type Kubelet, makeNode, startKubelet } from "./kubelet.fixture.ts";
export { CLUSTER_POLICY_DEFINITION, clusterPolicyDefinition } from "./cluster-policy.fixture.ts";

const BIN = process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools";

/** A running control plane. */
export type ControlPlane = AsyncDisposable & {
  readonly kubeconfig: string;
  readonly stopApiServer: () => Promise<void>;
  readonly startApiServer: () => Promise<void>;
  /** Starts kube-controller-manager with the controllers of the given names, and the scheduler. */
  readonly startControllers: (names: readonly string[]) => Promise<void>;
};

/** Starts etcd and the API server and waits until it is ready. */
export async function startControlPlane(): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), "seam-kube-"));
  const ports = { client: await freePort(), peer: await freePort(), api: await freePort() };
  writeCredentials(folder, ports.api);
  const etcd = start(folder, "server", [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=http://127.0.0.1:${ports.client}`,
    `--advertise-client-urls=http://127.0.0.1:${ports.client}`,
    `--listen-peer-urls=http://127.0.0.1:${ports.peer}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${ports.peer}`,
    `--initial-cluster=default=http://127.0.0.1:${ports.peer}`,
    "--unsafe-no-fsync",
  ]);
  let api: ChildProcess | null = null;
  const startApiServer = async (): Promise<void> => {
    api = start(folder, "kube-apiserver", apiServerFlags(folder, ports));
    await waitReady(folder, ports.api);
  };
  const stopApiServer = async (): Promise<void> => {
    if (api !== null) await end(api);
    api = null;
  };
  const controllers: ChildProcess[] = [];
  const startControllers = async (names: readonly string[]): Promise<void> => {
    const manager = [...controllerFlags(folder, await freePort()), `--controllers=${names.join()}`];
    controllers.push(start(folder, "kube-controller-manager", manager));
    controllers.push(start(folder, "kube-scheduler", controllerFlags(folder, await freePort())));
  };
  const endAll = async (): Promise<void> => {
    await Promise.all(controllers.map(end));
    await stopApiServer();
    await end(etcd);
  };
  try {
    await startApiServer();
  } catch (error) {
    await endAll();
    throw error;
  }
  return {
    kubeconfig: join(folder, "kubeconfig"),
    startApiServer,
    stopApiServer,
    startControllers,
    [Symbol.asyncDispose]: async () => {
      await endAll();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const apiServerFlags = (folder: string, ports: { client: number; api: number }): string[] => [
  `--etcd-servers=http://127.0.0.1:${ports.client}`,
  `--secure-port=${ports.api}`,
  "--bind-address=127.0.0.1",
  "--advertise-address=127.0.0.1",
  "--endpoint-reconciler-type=none",
  `--tls-cert-file=${folder}/tls.crt`,
  `--tls-private-key-file=${folder}/tls.key`,
  `--token-auth-file=${folder}/tokens.csv`,
  "--authorization-mode=RBAC",
  "--allow-privileged=true",
  "--service-account-issuer=https://kubernetes.default.svc",
  `--service-account-key-file=${folder}/tls.key`,
  `--service-account-signing-key-file=${folder}/tls.key`,
  "--service-cluster-ip-range=10.96.0.0/16",
  "--disable-admission-plugins=ServiceAccount",
  "--shutdown-delay-duration=0s",
];

const controllerFlags = (folder: string, port: number): string[] => [
  `--kubeconfig=${folder}/kubeconfig`,
  "--leader-elect=false",
  "--bind-address=127.0.0.1",
  `--secure-port=${port}`,
  `--tls-cert-file=${folder}/tls.crt`,
  `--tls-private-key-file=${folder}/tls.key`,
  "--authentication-skip-lookup=true",
];

function writeCredentials(folder: string, port: number): void {
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=seam-test",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-keyout",
      `${folder}/tls.key`,
      "-out",
      `${folder}/tls.crt`,
    ],
    { stdio: "ignore" },
  );
  writeFileSync(`${folder}/tokens.csv`, 'test-token,admin,1,"system:masters"\n');
  const config = {
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    clusters: [
      {
        name: "test",
        cluster: { server: `https://127.0.0.1:${port}`, "certificate-authority": "tls.crt" },
      },
    ],
    users: [{ name: "admin", user: { token: "test-token" } }],
  };
  writeFileSync(`${folder}/kubeconfig`, JSON.stringify(config));
}

function start(folder: string, program: string, flags: readonly string[]): ChildProcess {
  const log = openSync(join(folder, `${program}.log`), "a");
  return spawn(join(BIN, program), flags, { stdio: ["ignore", log, log] });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}

async function waitReady(folder: string, port: number): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      const args = [
        "-sf",
        "--cacert",
        `${folder}/tls.crt`,
        "-H",
        "Authorization: Bearer test-token",
        `https://127.0.0.1:${port}/readyz`,
      ];
      execFileSync("curl", args, { stdio: "ignore" });
      return;
    } catch {
      await sleep(200);
    }
  }
  throw new Error(`kube-apiserver did not become ready; see ${folder}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === "object" && address !== null ? address.port : 0),
      );
    });
  });
}
