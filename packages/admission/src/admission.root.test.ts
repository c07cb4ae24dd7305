/**
 * Admission in front of a real API server, with the rights and the webhooks of the manifest (U1, U5): only the way by which it is called
 * is another, as nothing routes Services here.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import {
  children,
  createKubeClient,
  type KubeClient,
  type KubeObject,
  readKubeconfig,
} from "@seam/kube";
import { type ControlPlane, startControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

const execute = promisify(execFile);
const kubectlProgram = `${process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools"}/kubectl`;
const manifest = path.resolve(import.meta.dirname, "../../../deploy/seam.yaml");
const EGRESS = "kubernetes.io/egress-bandwidth";
const INGRESS = "kubernetes.io/ingress-bandwidth";

let plane: ControlPlane;
let kube: KubeClient;
let limited = "";
let httpsPort = 0;
let admission: ChildProcess;
let output = "";

const kubectl = async (...argv: readonly string[]): Promise<string> =>
  (await execute(kubectlProgram, [`--kubeconfig=${plane.kubeconfig}`, ...argv])).stdout.trim();

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** The manifest's webhooks, called on this machine. */
async function redirectWebhooks(): Promise<void> {
  for (const kind of ["Mutating", "Validating"]) {
    const ref = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: `${kind}WebhookConfiguration`,
      name: "seam-bandwidth",
    };
    const found = await kube.get(ref);
    if (!found.ok) throw new Error(found.error.message);
    const url = `https://localhost:${httpsPort}/${kind === "Mutating" ? "mutate" : "validate"}`;
    const webhooks = children(found.value, "webhooks").map((webhook) => ({
      ...webhook,
      clientConfig: { url },
    }));
    const written = await kube.replace({ ...found.value, webhooks });
    if (!written.ok) throw new Error(written.error.message);
  }
}

function startAdmission(identity: string): ChildProcess {
  const flags = ["--port=0", `--https-port=${httpsPort}`, `--identity=${identity}`];
  const main = path.join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, [main, ...flags, `--kubeconfig=${limited}`]);
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => void (output += String(chunk)));
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await exited;
}

async function make(project: string, spec: object, labels: object): Promise<void> {
  const apiVersion = "seam.ucsd.edu/v1alpha1";
  for (const object of [
    { apiVersion, kind: "Project", metadata: { name: project }, spec },
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: project, labels: { "seam.ucsd.edu/project": project, ...labels } },
    },
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: project },
    },
  ]) {
    const made = await kube.apply(object, { fieldManager: "test" });
    if (!made.ok) throw new Error(made.error.message);
  }
}

const pod = (namespace: string, name: string, annotations?: object): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, ...(annotations === undefined ? {} : { annotations }) },
  spec: { containers: [{ name: "c", image: "i" }] },
});

const both = (rate: string): object => ({ [EGRESS]: rate, [INGRESS]: rate });

/** `yes`, or why not. */
async function creates(object: KubeObject): Promise<string> {
  const made = await kube.create(object);
  return made.ok ? "yes" : made.error.message;
}

const annotationsOf = async (namespace: string, name: string): Promise<unknown> => {
  const found = await kube.get({ apiVersion: "v1", kind: "Pod", namespace, name });
  return found.ok ? found.value.metadata["annotations"] : found.error.message;
};

async function eventually(check: () => Promise<void>): Promise<void> {
  const limit = performance.now() + 30_000;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > limit) throw error;
      await sleep(100);
    }
  }
}

beforeAll(async () => {
  plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  kube = createKubeClient(config.value);
  httpsPort = await freePort();
  await kubectl("apply", "--server-side", "-f", manifest);
  await redirectWebhooks();
  const token = await kubectl("create", "token", "seam-admission", "-n", "seam-system");
  const signedIn = JSON.parse(readFileSync(plane.kubeconfig, "utf8"));
  signedIn.users[0].user = { token };
  limited = path.join(plane.kubeconfig, "../kubeconfig-admission");
  writeFileSync(limited, JSON.stringify(signedIn));
  const marked = { "seam.ucsd.edu/bandwidth": "limited" };
  const quota = { egressMbps: 100, ingressMbps: 100 };
  await make("tight", { quota, limits: { default: { ingressMbps: 5 } } }, marked);
  await make("free", {}, {});
  admission = startAdmission("first");
  await eventually(async () => {
    const answer = await creates(pod("tight", "probe", both("1M")));
    if (answer !== "yes") throw new Error(answer);
  });
  await kubectl("delete", "pod", "probe", "-n", "tight", "--grace-period=0", "--force");
}, 120_000);

afterAll(async () => {
  await end(admission, "SIGKILL");
  kube.close();
  await plane[Symbol.asyncDispose]();
}, 60_000);

test("U1: a pod gets the project's default rate where it names none", async () => {
  expect(await creates(pod("tight", "defaulted", { [EGRESS]: "10M" }))).toBe("yes");
  expect(await annotationsOf("tight", "defaulted")).toEqual({ [EGRESS]: "10M", [INGRESS]: "5M" });
  await kubectl("delete", "pod", "defaulted", "-n", "tight", "--grace-period=0", "--force");
});

test("U1: of thirty pods that are created at once exactly those that the quota has room for are", async () => {
  const answers = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => creates(pod("tight", `p${index}`, both("10M")))),
  );
  expect(answers.filter((answer) => answer === "yes").length).toBe(10);
  const refusal = answers.find((answer) => answer !== "yes");
  expect(refusal).toContain("0 of the project's 100 are left (spec.quota.egressMbps; used 100)");
  await kubectl("delete", "pods", "--all", "-n", "tight", "--grace-period=0", "--force");
  await eventually(async () => {
    expect(await creates(pod("tight", "again", both("100M")))).toBe("yes");
  });
  await kubectl("delete", "pods", "--all", "-n", "tight", "--grace-period=0", "--force");
});

test("U1: a pod that asks for more while it runs is held to the quota, and a dry run takes nothing", async () => {
  await eventually(async () => {
    expect(await creates(pod("tight", "grows", both("50M")))).toBe("yes");
  });
  const dry = ["-n", "tight", "run", "dry", "--image=i", "--dry-run=server"];
  for (let times = 0; times < 5; times += 1)
    await kubectl(...dry, `--annotations=${EGRESS}=50M`, `--annotations=${INGRESS}=50M`);
  const annotate = async (rate: string): Promise<string> =>
    kubectl("-n", "tight", "annotate", "pod", "grows", "--overwrite", `${EGRESS}=${rate}`).catch(
      ({ stderr }) => String(stderr),
    );
  expect(await annotate("100M")).toContain("annotated");
  expect(await annotate("101M")).toContain("100 of the project's 100 are left");
  expect(await annotate("20M")).toContain("annotated");
  await kubectl("label", "pod", "grows", "-n", "tight", "any=label");
  await kubectl("delete", "pods", "--all", "-n", "tight", "--grace-period=0", "--force");
});

test("U5: a bad value is refused in any project, with the right form, and pods elsewhere are nobody's matter", async () => {
  expect(await creates(pod("free", "bad", both("fast")))).toContain(`${EGRESS}: "fast"`);
  const given = [`--annotations=${EGRESS}=20000`, `--annotations=${INGRESS}=1M`];
  const argv = [`--kubeconfig=${plane.kubeconfig}`, "-n", "free", "run", "odd", "--image=i"];
  const said = await execute(kubectlProgram, [...argv, ...given]);
  expect(said.stderr).toContain(`Warning: ${EGRESS}: "20000"`);
  expect(await creates(pod("default", "bad", both("fast")))).not.toContain("admission webhook");
});

test("while nobody answers, pods of projects without rules and rates are created, and no others are", async () => {
  await end(admission, "SIGKILL");
  expect(await creates(pod("free", "plain"))).toBe("yes");
  expect(await creates(pod("free", "rated", both("1M")))).toContain("failed calling webhook");
  expect(await creates(pod("tight", "plain", both("1M")))).toContain("failed calling webhook");
  admission = startAdmission("second");
  await eventually(async () => {
    expect(await creates(pod("tight", "rated", both("1M")))).toBe("yes");
  });
  await redirectWebhooks();
  await eventually(async () => {
    expect(output).toContain("authority added");
    expect(await creates(pod("tight", "trusted", both("1M")))).toBe("yes");
  });
}, 120_000);
