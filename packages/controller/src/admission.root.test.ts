/** What a real API server refuses and what it warns of, with Seam's kinds and admission policies in place. */
import { readFileSync, writeFileSync } from "node:fs";
import { invalidObjects } from "@seam/api/testing";
import {
  createKubeClient,
  readKubeconfig,
  type DeleteOptions,
  type KubeClient,
  type KubeObject,
} from "@seam/kube";
import { startControlPlane, type ControlPlane } from "@seam/kube/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signInAsController } from "./controller.fixture.ts";
import { eventually, kubectl } from "./nodes.fixture.ts";

const golden = new URL("invalid.golden.txt", import.meta.url);
let plane: ControlPlane;
let client: KubeClient;
const warnings: string[] = [];

const own = (kind: string, name: string): { apiVersion: string; kind: string; name: string } => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind,
  name,
});

/** Applies an object, or only asks what would be; the server's warnings without the name of its policy. */
async function warningsOf(kind: string, spec: object, name = "odd"): Promise<readonly string[]> {
  warnings.splice(0);
  const namespace = kind === "Experiment" ? { namespace: "default" } : {};
  const { apiVersion } = own(kind, name);
  const object: KubeObject = { apiVersion, kind, metadata: { name, ...namespace }, spec };
  const applied = await client.apply(object, { fieldManager: "test", dryRun: true });
  if (!applied.ok) throw new Error(applied.error.message);
  return warnings.map((text) => text.replace(/^.* with binding '[^']*': /u, ""));
}

beforeAll(async () => {
  plane = await startControlPlane();
  const config = readKubeconfig(plane.kubeconfig);
  if (!config.ok) throw new Error(config.error);
  client = createKubeClient(config.value, { onWarning: (text) => warnings.push(text) });
  await signInAsController(plane.kubeconfig);
});

afterAll(async () => {
  client.close();
  await plane[Symbol.asyncDispose]();
});

test("it refuses every wrong object with the field and what was expected", async () => {
  const said: string[] = [];
  for (const { name, object } of invalidObjects) {
    const made = await client.create(object, { dryRun: true });
    said.push(name, made.ok ? "  accepted" : `  ${made.error.message}`);
  }
  const text = `${said.join("\n")}\n`;
  if (process.env["UPDATE"] === "1") writeFileSync(golden, text);
  expect(text).not.toContain("  accepted");
  expect(text).toBe(readFileSync(golden, "utf8"));
});

const server = {
  name: "server",
  image: "localhost/seam/traffic:dev",
  ports: [{ name: "iperf", port: 5201 }],
};
const asks = { ...server, name: "client" };
const open = { from: "client", to: "server" };

test.each<[string, string, object, readonly string[]]>([
  ["an experiment in order", "Experiment", { workloads: [server, asks], policies: [open] }, []],
  [
    "images without a version",
    "Experiment",
    {
      workloads: [
        { ...server, image: "localhost:5000/seam/traffic" },
        { ...asks, image: "seam/traffic:latest" },
        { ...asks, name: "third", image: `seam/traffic@sha256:${"0".repeat(64)}` },
      ],
    },
    [
      "spec.workloads server, client: the image names no version, so pods that start later may run another one; name one, for example localhost/seam/traffic:dev",
    ],
  ],
  [
    "a workload that no policy names",
    "Experiment",
    { workloads: [server, asks, { ...asks, name: "third" }], policies: [open] },
    [
      "spec.policies: none names third, so all traffic to and from it stays open; name it, or leave it so on purpose",
    ],
  ],
  [
    "a policy for a port that nobody declares",
    "Experiment",
    { workloads: [server, asks], policies: [{ ...open, ports: ["5201/TCP", "5201/UDP"] }] },
    [
      "spec.policies: client to server opens a port that the workload does not declare; add it to its ports, or correct the policy",
    ],
  ],
  [
    "a quota that pods without a wish cannot meet",
    "Project",
    { quota: { cpu: "4", memory: "8Gi" }, limits: { default: { cpu: "500m" } } },
    [
      "spec.quota: pods that ask for no memory are refused, unless spec.limits.default says how much they get, for example {cpu: 500m, memory: 256Mi}",
    ],
  ],
  ["a project in order", "Project", { quota: { pods: 5 } }, []],
])("a warning, or none: %s", async (...row) => {
  const [, kind, spec, said] = row;
  expect(await warningsOf(kind, spec)).toEqual(said);
});

test("a warning of a setting that means nothing", async () => {
  const said = await warningsOf("NetworkConfig", { encapsulate: "always" }, "default");
  expect(said).toEqual([
    "spec.encapsulate: always means nothing with overlay direct; set overlay: vxlan, or leave encapsulate out",
  ]);
  expect(
    await warningsOf("NetworkConfig", { overlay: "vxlan", encapsulate: "always" }, "default"),
  ).toEqual([]);
});

test("a project is deleted only when no experiment lives in it, or when somebody says so", async () => {
  const project = own("Project", "guarded");
  const counted = async (experiments: number): Promise<void> => {
    const { name, ...kind } = project;
    await client.apply({ ...kind, metadata: { name }, spec: {} }, { fieldManager: "test" });
    const status = { ...kind, metadata: { name }, status: { experiments } };
    const written = await client.applyStatus(status, { fieldManager: "test", force: true });
    if (!written.ok) throw new Error(written.error.message);
  };
  const remove = async (options: DeleteOptions = {}): Promise<string> => {
    const gone = await client.delete(project, options);
    return gone.ok ? "deleted" : `${gone.error.code} ${gone.error.message}`;
  };
  const refusal =
    /^403 .*experiments live in project guarded \(2\), and would be deleted with it; delete them first, or say that they go too: kubectl annotate project guarded seam\.ucsd\.edu\/deletion=with-experiments$/;
  await counted(0);
  expect(await remove()).toBe("deleted");
  await counted(2);
  expect(await remove()).toMatch(refusal);
  expect(await remove({ dependents: "Foreground" })).toMatch(refusal);
  const annotations = { "seam.ucsd.edu/deletion": "with-experiments" };
  await client.patch(project, { kind: "merge", value: { metadata: { annotations } } });
  expect(await remove()).toBe("deleted");
  await counted(2);
  expect(await remove({ dependents: "Orphan" })).toBe("deleted");
});

test("an agent writes the report of its own node and no other lease", async () => {
  const leaseOf = (name: string, holderIdentity: string): KubeObject => ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name, namespace: "seam-system", annotations: { at: String(performance.now()) } },
    spec: { holderIdentity },
  });
  const write = async (name: string, holder: string, node: string | null): Promise<string> => {
    const [user, key] = ["seam-system:seam-agent", "authentication.kubernetes.io/node-name"];
    const as = [`--as=system:serviceaccount:${user}`, "--as-group=system:authenticated"];
    if (node !== null) as.push(`--as-user-extra=${key}=${node}`);
    const file = `${plane.kubeconfig}-lease`;
    writeFileSync(file, JSON.stringify(leaseOf(name, holder)));
    const how = ["--server-side", "--force-conflicts", "--validate=false", "-f", file];
    return kubectl(plane.kubeconfig, ...as, "apply", ...how).catch(({ stderr }) => String(stderr));
  };
  const refused =
    "an agent may write the leases of its own node alone, seam-policies-NODE and seam-rates-NODE; this is";
  await eventually(async () =>
    expect(await write("seam-controller", "n1", "n1")).toContain(`${refused} seam-controller`),
  );
  expect(await write("seam-controller", "n1", null)).toContain(refused);
  expect(await write("seam-policies-n2", "n2", "n1")).toContain(`${refused} seam-policies-n2`);
  expect(await write("seam-policies-n1", "n2", "n1")).toContain(refused);
  expect(await write("seam-policies-n1", "n1", "n1")).toContain("serverside-applied");
  // A token that is not of a pod names no node.
  expect(await write("seam-policies-n1", "n1", null)).toContain("serverside-applied");
});
