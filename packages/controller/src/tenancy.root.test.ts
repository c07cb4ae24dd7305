/**
 * Projects' members, quotas and limits (S3, S4) on a real API server with its own quota and role controllers: what people with
 * credentials of their own can do, and what the API server refuses them.
 */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createKubeClient, readKubeconfig, type KubeClient, type KubeObject } from "@seam/kube";
import { startControlPlane, type ControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signInAs, signInAsController, startController, stop } from "./controller.fixture.ts";
import { eventually, kubectl } from "./nodes.fixture.ts";

let plane: ControlPlane;
let client: KubeClient;
let controller: ChildProcess;
let output = "";
const people = new Map<string, string>();

const k = async (...argv: string[]): Promise<string> => kubectl(plane.kubeconfig, ...argv);
type Amounts = { readonly [resource: string]: string };
/** The fields of projects, quotas, limits and pods that are looked at. */
type Found = {
  readonly spec: {
    readonly hard: Amounts;
    readonly limits: readonly { readonly max: Amounts }[];
    readonly containers: readonly { readonly resources: object }[];
  };
  readonly status: {
    readonly phase: string;
    readonly conditions: readonly { readonly type: string }[];
    readonly quota: readonly { readonly resource: string; used: string; limit: string }[];
    readonly hard: Amounts;
    readonly used: Amounts;
  };
};
const json = async (...argv: string[]): Promise<Found> =>
  JSON.parse(await k("get", "-o", "json", ...argv));

/** What a person gets for a command: its output, or the words of the refusal. */
async function by(person: string, ...argv: string[]): Promise<string> {
  return kubectl(people.get(person) ?? "", ...argv).catch(({ stderr }) => String(stderr));
}

/** Whether a person may do something, by the API server's own answer. */
const may = async (person: string, ...what: string[]): Promise<boolean> =>
  (await by(person, "auth", "can-i", ...what)).trim() === "yes";

const member = (person: string, role: string): object => ({
  user: `system:serviceaccount:people:${person}`,
  role,
});

async function patch(project: string, spec: object): Promise<void> {
  const text = JSON.stringify({ spec });
  await k("patch", "project", project, "--type=merge", "-p", text);
}

async function make(name: string, spec: object): Promise<void> {
  const project = {
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Project",
    metadata: { name },
    spec,
  };
  const made = await client.apply(project, { fieldManager: "test" });
  if (!made.ok) throw new Error(made.error.message);
  await k("wait", "--for=jsonpath={.status.phase}=Ready", "project", name, "--timeout=90s");
}

const pod = (resources: object): string =>
  JSON.stringify({ spec: { containers: [{ name: "c", image: "i", resources }] } });

/** Makes a pod as a person. */
const run = async (person: string, name: string, resources: object): Promise<string> =>
  by(person, "run", name, "--image=i", "-n", "lab-a", `--overrides=${pod(resources)}`);

const condition = async (project: string, type: string): Promise<unknown> =>
  (await json("project", project)).status.conditions.find((each) => each.type === type);

beforeAll(async () => {
  plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value);
  const limited = await signInAsController(plane.kubeconfig);
  // After the kinds, because the garbage collector looks for new ones only every 30 s.
  await plane.startControllers([
    "clusterrole-aggregation-controller",
    "resourcequota-controller",
    "statefulset-controller",
    "namespace-controller",
    "garbage-collector-controller",
  ]);
  await k("create", "namespace", "people");
  for (const person of ["ann", "bob", "eve"]) {
    await k("create", "serviceaccount", person, "-n", "people");
    people.set(person, await signInAs(plane.kubeconfig, "people", person));
  }
  controller = startController(["--port=0", `--kubeconfig=${limited}`], (text) => {
    output += text;
  });
});

afterAll(async () => {
  await stop(controller, "SIGKILL");
  client.close();
  await plane[Symbol.asyncDispose]();
});

test("members of a project can do what their role says, there and nowhere else", async () => {
  await make("lab-a", { members: [member("ann", "editor"), member("bob", "viewer")] });
  await make("lab-b", { members: [member("bob", "admin")] });
  await eventually(async () => {
    expect(await may("ann", "create", "experiments", "-n", "lab-a")).toBe(true);
    expect(await may("bob", "create", "rolebindings", "-n", "lab-b")).toBe(true);
    expect(await may("bob", "list", "experiments", "-n", "lab-a")).toBe(true);
  });
  expect(await may("bob", "create", "experiments", "-n", "lab-a")).toBe(false);
  expect(await may("ann", "create", "rolebindings", "-n", "lab-a")).toBe(false);
  expect(await may("ann", "update", "resourcequotas", "-n", "lab-a")).toBe(false);
  expect(await by("ann", "get", "pods", "-n", "lab-b")).toContain("Forbidden");
  expect(await by("ann", "get", "experiments", "-n", "lab-b")).toContain("Forbidden");
  expect(await by("eve", "get", "experiments", "-n", "lab-a")).toContain("Forbidden");
  expect(await by("ann", "get", "project", "lab-a", "-o", "name")).toContain("/lab-a");
  expect(await by("ann", "get", "project", "lab-b")).toContain("Forbidden");
  expect(await by("ann", "patch", "project", "lab-a", "--type=merge", "-p", "{}")).toContain(
    "Forbidden",
  );
  const inSystem = ["leases", "-n", "seam-system"];
  expect(await may("ann", "list", ...inSystem)).toBe(true);
  expect(await may("ann", "patch", ...inSystem)).toBe(false);
  expect(await may("eve", "list", ...inSystem)).toBe(false);
  expect(await condition("lab-a", "MembersBound")).toMatchObject({
    status: "True",
    message: "members by role: 1 viewer, 1 editor",
  });
});

test("a member who is taken out, or moved, loses what the old role gave", async () => {
  await patch("lab-a", { members: [member("ann", "viewer")] });
  await eventually(async () => {
    expect(await may("ann", "create", "experiments", "-n", "lab-a")).toBe(false);
    expect(await may("bob", "list", "experiments", "-n", "lab-a")).toBe(false);
  });
  expect(await may("ann", "list", "experiments", "-n", "lab-a")).toBe(true);
  expect(await by("bob", "get", "project", "lab-a")).toContain("Forbidden");
  await patch("lab-a", { members: [member("ann", "editor")] });
  await eventually(async () =>
    expect(await may("ann", "create", "experiments", "-n", "lab-a")).toBe(true),
  );
});

test("what is more than the quota is refused in words, and the status counts as Kubernetes does", async () => {
  const quota = { cpu: "0.5", memory: "1Gi", pods: 10, gpu: { "nvidia.com/gpu": 1 } };
  await patch("lab-a", { quota, limits: { default: { cpu: "100m", memory: "64Mi" } } });
  await eventually(async () => {
    expect((await json("resourcequota", "seam", "-n", "lab-a")).status.used).toBeDefined();
    await k("get", "limitrange", "seam", "-n", "lab-a");
  });
  const gpu = { limits: { "nvidia.com/gpu": "1" } };
  expect(await run("ann", "one", gpu)).toContain("pod/one created");
  expect(await run("ann", "two", gpu)).toContain(
    "exceeded quota: seam, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=1, limited: requests.nvidia.com/gpu=1",
  );
  expect(await run("ann", "big", { requests: { cpu: "450m" }, limits: { cpu: "450m" } })).toContain(
    "exceeded quota: seam, requested: requests.cpu=450m, used: requests.cpu=100m, limited: requests.cpu=500m",
  );
  await eventually(async () => {
    const { status } = await json("project", "lab-a");
    const counted = (await json("resourcequota", "seam", "-n", "lab-a")).status;
    expect(counted.used).toMatchObject({ "requests.cpu": "100m", "requests.nvidia.com/gpu": "1" });
    const told = status.quota.map(
      ({ resource, used, limit }) => [resource, [used, limit]] as const,
    );
    expect(Object.fromEntries(told)).toEqual(
      Object.fromEntries(
        Object.keys(counted.hard).map((name) => [name, [counted.used[name], counted.hard[name]]]),
      ),
    );
  });
});

const rated = async (name: string, rate: string, ...more: readonly string[]): Promise<string> => {
  const key = (way: string): string => `--annotations=kubernetes.io/${way}-bandwidth=${rate}`;
  const keys = [key("egress"), key("ingress")];
  return k("run", name, "--image=i", "-n", "lab-r", ...keys, ...more);
};

test("U1: what pods reserve of a quota of bandwidth is in the status soon after each change", async () => {
  await make("lab-r", { quota: { egressMbps: 100, ingressMbps: 50, pods: 10 } });
  const told = async (): Promise<string> =>
    (await json("project", "lab-r")).status.quota
      .map(({ resource, used, limit }) => `${resource} ${used}/${limit}`)
      .toSorted()
      .join(", ");
  const used = async (mbps: number, pods: number): Promise<void> =>
    expect
      .poll(told, { timeout: 30_000, interval: 50 })
      .toBe(`egressMbps ${mbps}/100, ingressMbps ${mbps}/50, pods ${pods}/10`);
  await used(0, 0);
  await rated("a", "20M");
  await rated("b", "1500k");
  await used(22, 2);
  await rated("host", "9M", '--overrides={"spec":{"hostNetwork":true}}');
  await used(22, 3);
  const annotations = ["egress", "ingress"].map((way) => `kubernetes.io/${way}-bandwidth=30M`);
  await k("annotate", "pod", "a", "-n", "lab-r", "--overwrite", ...annotations);
  await used(32, 3);
  await k("delete", "pod", "--all", "-n", "lab-r", "--grace-period=0", "--force");
  await used(0, 0);
});

test("U24: limits of bandwidth are said to be held only while the API server asks admission", async () => {
  const said = async (): Promise<string> => {
    const found = await condition("lab-r", "BandwidthLimitsEnforced");
    const { status, reason } = JSON.parse(JSON.stringify(found));
    return `${status} ${reason}`;
  };
  const soon = { timeout: 30_000, interval: 50 };
  await expect.poll(said, soon).toBe("False AdmissionOff");
  const configuration = (caBundle: string): KubeObject => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "seam-bandwidth" },
    webhooks: [
      {
        name: "rules.bandwidth.seam.ucsd.edu",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        clientConfig: {
          url: "https://localhost:1/validate",
          ...(caBundle === "" ? {} : { caBundle }),
        },
        objectSelector: { matchLabels: { nobody: "has-this" } },
        rules: [
          { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] },
        ],
      },
    ],
  });
  const put = async (caBundle: string): Promise<void> => {
    const made = await client.apply(configuration(caBundle), { fieldManager: "test" });
    if (!made.ok) throw new Error(made.error.message);
  };
  await put("");
  await expect.poll(said, soon).toBe("False AdmissionStarting");
  const authority = readFileSync(join(plane.kubeconfig, "../tls.crt"));
  await put(authority.toString("base64"));
  await expect.poll(said, soon).toBe("True Enforced");
  await k("delete", "validatingwebhookconfiguration", "seam-bandwidth");
  await expect.poll(said, soon).toBe("False AdmissionOff");
  await k("delete", "project", "lab-r");
});

test("an experiment whose pods are refused says so, with the quota's words, until there is room", async () => {
  const text = (jsonpath: string): Promise<string> =>
    k("get", "experiment", "much", "-n", "lab-a", "-o", `jsonpath=${jsonpath}`);
  const resources = { cpu: "450m", memory: "64Mi" };
  const made = await client.apply(
    {
      apiVersion: "seam.ucsd.edu/v1alpha1",
      kind: "Experiment",
      metadata: { name: "much", namespace: "lab-a" },
      spec: { workloads: [{ name: "wide", image: "i", replicas: 3, resources }] },
    },
    { fieldManager: "test" },
  );
  expect(made.ok).toBe(true);
  const ready = '{.status.conditions[?(@.type=="WorkloadsReady")]';
  await eventually(async () => expect(await text(`${ready}.reason}`)).toBe("PodsRefused"));
  expect(await text(`${ready}.message}`)).toMatch(
    /^wide: 0 of 3 pods Ready .*\(the API server refuses more: pods "wide-\d" is forbidden: exceeded quota: seam, requested: requests.cpu=450m/,
  );
  await k("delete", "experiment", "much", "-n", "lab-a");
  await eventually(async () =>
    expect(
      await k("get", "pods", "-n", "lab-a", "-l", "seam.ucsd.edu/experiment", "-o", "name"),
    ).toBe(""),
  );
});

test("a container gets the defaults, and is refused when it asks for more than the most", async () => {
  await patch("lab-a", { limits: { max: { cpu: "200m" } } });
  await eventually(async () => {
    const { spec } = await json("limitrange", "seam", "-n", "lab-a");
    expect(spec.limits[0]?.max).toEqual({ cpu: "200m" });
  });
  expect(await run("ann", "plain", {})).toContain("pod/plain created");
  expect((await json("pod", "plain", "-n", "lab-a")).spec.containers[0]?.resources).toEqual({
    requests: { cpu: "100m", memory: "64Mi" },
    limits: { cpu: "100m", memory: "64Mi" },
  });
  expect(await run("ann", "wide", { limits: { cpu: "300m" } })).toContain(
    "maximum cpu usage per Container is 200m, but limit is 300m",
  );
});

test("what somebody changes is put right, and nothing is written while nothing changes", async () => {
  await k("delete", "rolebinding", "seam-editors", "-n", "lab-a");
  const more = '{"spec":{"hard":{"requests.cpu":"64"}}}';
  await k("patch", "resourcequota", "seam", "-n", "lab-a", "--type=merge", "-p", more);
  await eventually(async () => {
    await k("get", "rolebinding", "seam-editors", "-n", "lab-a");
    expect((await json("resourcequota", "seam", "-n", "lab-a")).spec.hard["requests.cpu"]).toBe(
      "500m",
    );
  });
  const kinds = "rolebindings,resourcequotas,limitranges";
  const versions = async (): Promise<string> =>
    k("get", kinds, "-n", "lab-a", "-o", "jsonpath={.items[*].metadata.resourceVersion}");
  const before = await versions();
  await k("annotate", "project", "lab-a", "touched=1");
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(await versions()).toBe(before);
});

test("a quota that is not the project's is left alone, and the project says so", async () => {
  await k("create", "quota", "seam", "--hard=pods=3", "-n", "lab-b");
  await patch("lab-b", { quota: { pods: 100 } });
  await eventually(async () =>
    expect(await condition("lab-b", "QuotaEnforced")).toMatchObject({
      status: "False",
      reason: "NameTaken",
      message:
        "ResourceQuota seam exists and belongs to something else; remove it: kubectl -n lab-b delete resourcequota seam",
    }),
  );
  expect((await json("project", "lab-b")).status.phase).toBe("Failed");
  expect((await json("quota", "seam", "-n", "lab-b")).spec.hard["pods"]).toBe("3");
});

test("what is no longer asked for goes; with the project goes all of it", async () => {
  await patch("lab-a", { quota: null, limits: null, members: [] });
  const kinds = "rolebindings,resourcequotas,limitranges";
  await eventually(async () => expect(await k("get", kinds, "-n", "lab-a", "-o", "name")).toBe(""));
  const roles = async (): Promise<string> =>
    k("get", "clusterroles,clusterrolebindings", "-l", "seam.ucsd.edu/project", "-o", "name");
  await eventually(async () => expect(await roles()).not.toContain("lab-a"));
  expect(await roles()).toContain("seam-project-lab-b");
  await k("delete", "project", "lab-b");
  await eventually(async () => expect(await roles()).toBe(""));
  const label = ["-l", "seam.ucsd.edu/project", "-o", "name"];
  await eventually(async () => expect(await k("get", "rolebindings", "-A", ...label)).toBe(""));
  expect(output).not.toContain('"code":403');
  expect(output).not.toContain("a pass threw");
});
