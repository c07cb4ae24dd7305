/**
 * Brings a lab up. Every step looks at what is there and adds only what is missing, so the same code starts a new lab, completes
 * one that was interrupted, restarts dead nodes and leaves a healthy lab alone.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { type ApiAccess, askApi, listNodes } from "./api-client.ts";
import { issueCertificates } from "./issue-certificates.ts";
import { makeCgroups, nodeProcsFiles, removePodCgroups, requireCgroupV1 } from "./cgroups.ts";
import { mustRun, run } from "./command.ts";
import { auditPolicy, controlPlane } from "./control-plane.ts";
import { networkPlan, unplugCommand } from "./fabric.ts";
import { ensureForwarder } from "./forwarder.ts";
import { installCoredns } from "./coredns.ts";
import { imageMarker } from "./node-init.ts";
import { fillImageStore } from "./image-store.ts";
import { labImage } from "./images.ts";
import { loadImage } from "./lab-access.ts";
import { openClient } from "./lab-ready.ts";
import {
  firstNode,
  type LabLayout,
  type LabNode,
  labLayout,
  type LabOptions,
  preferred,
  ranges,
} from "./layout.ts";
import {
  containerdConfig,
  kubeconfig,
  kubeletConfig,
  nodeComponents,
  nodeIpFile,
  proxyConfig,
} from "./node-config.ts";
import { makeMountPoints } from "./mount-points.ts";
import { mountPoints, nodeFolders, nodeInit } from "./node-init.ts";
import { readMade, writeMade } from "./made-lab.ts";
import { cutNodes, healNode } from "./partition.ts";
import { recordedProcess, recordProcess, waitUntil } from "./processes.ts";
import { installReferenceNetwork } from "./reference-network.ts";

async function ensureCertificates(lab: LabLayout): Promise<void> {
  if (!existsSync(`${lab.pki}/complete`)) {
    rmSync(lab.pki, { recursive: true, force: true });
    mkdirSync(lab.pki, { recursive: true, mode: 0o700 });
  }
  await issueCertificates(lab);
}

function writeControlPlaneFiles(lab: LabLayout): void {
  const identities = [
    "admin",
    "controller-manager",
    "scheduler",
    "proxy",
    ...lab.nodes.map((node) => `kubelet-${node.name}`),
  ];
  for (const identity of identities) {
    writeFileSync(`${lab.pki}/${identity}.conf`, kubeconfig(lab, identity));
  }
  writeFileSync(`${lab.state}/audit-policy.yaml`, auditPolicy);
}

function writeNodeFiles(lab: LabLayout, node: LabNode, images: readonly string[]): void {
  for (const folder of nodeFolders(node)) mkdirSync(folder, { recursive: true });
  const control = node === firstNode(lab) ? controlPlane(lab) : [];
  const components = [...control, ...nodeComponents(lab, node)];
  writeFileSync(`${node.folder}/containerd.toml`, containerdConfig());
  writeFileSync(`${node.folder}/kubelet.yaml`, kubeletConfig(lab, node));
  writeFileSync(nodeIpFile(node), node.addresses.join(","));
  writeFileSync(`${node.folder}/proxy.yaml`, proxyConfig(lab, node));
  writeFileSync(`${node.folder}/resolv.conf`, `nameserver ${preferred(lab, ranges.dns)}\n`);
  writeFileSync(`${node.folder}/init.sh`, nodeInit(lab, node, { components, images }), {
    mode: 0o755,
  });
}

async function ensureNetwork(lab: LabLayout): Promise<void> {
  for (const { netns, port, commands } of networkPlan(lab)) {
    const complete = `${lab.run}/network-${netns}`;
    if (existsSync(complete) && existsSync(`/run/netns/${netns}`)) continue;
    if (existsSync(`/run/netns/${netns}`)) await mustRun(["ip", "netns", "del", netns]);
    if (port !== null) await run(unplugCommand(lab, port));
    for (const argv of commands) await mustRun(argv);
    writeFileSync(complete, "");
  }
}

function startNode(lab: LabLayout, node: LabNode): void {
  removePodCgroups(lab, node.name);
  const log = openSync(`${lab.log}/${node.name}-init.log`, "a");
  const join = nodeProcsFiles(lab, node.name).map((file) => `echo $$ > ${file}`);
  const enter = `exec nsenter --net=/run/netns/${node.netns} -- unshare --mount --uts --ipc --pid --fork --kill-child ${node.folder}/init.sh`;
  const child = spawn("sh", ["-ec", [...join, enter].join("\n")], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Error(`node ${node.name} did not start`);
  recordProcess(lab.run, node.name, child.pid);
}

// kube-proxy's user has no role of its own in a cluster that kubeadm did not make.
async function grantProxy(access: ApiAccess): Promise<void> {
  const group = "rbac.authorization.k8s.io";
  const body = {
    apiVersion: `${group}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: "seam-lab-kube-proxy" },
    roleRef: { apiGroup: group, kind: "ClusterRole", name: "system:node-proxier" },
    subjects: [{ apiGroup: group, kind: "User", name: "system:kube-proxy" }],
  };
  const path = `/apis/${group}/v1/clusterrolebindings`;
  const answer = await askApi(access, path, { method: "POST", body });
  if (answer.status !== 201 && answer.status !== 409) {
    throw new Error(
      `the API server refused kube-proxy's role with ${answer.status}: ${answer.body.slice(0, 300)}`,
    );
  }
}

/** Images that every node gets before its kubelet starts: those made here, and others. */
type Archives = { readonly made: readonly string[]; readonly others: readonly string[] };

async function archivesFor(options: LabOptions): Promise<Archives> {
  const { network = "none", binFolder, images = [] } = options;
  const names = {
    none: ["pause"],
    reference: ["pause", "coredns"],
    seam: ["pause", "coredns", "traffic", "seam", "kube-scheduler"],
  } as const;
  const made = await Promise.all(names[network].map(async (name) => labImage(name, binFolder)));
  return { made: made.map(({ archive }) => archive), others: images };
}

/** Nodes that have no images yet get those made here at once. */
async function fillNodes(lab: LabLayout, archives: readonly string[]): Promise<void> {
  const { binFolder } = lab;
  for (const node of lab.nodes) {
    const isNew = await fillImageStore(`${node.folder}/containerd`, { binFolder, archives });
    if (isNew) for (const archive of archives) writeFileSync(imageMarker(node, archive), "");
  }
}

/** Loads what nodes that ran already lack: images change while a lab runs. A node that starts loads its own. */
async function ensureLoaded(
  name: string,
  running: readonly LabNode[],
  images: readonly string[],
): Promise<void> {
  for (const image of images) {
    const lacking = running.filter((node) => !existsSync(imageMarker(node, image)));
    if (lacking.length === 0) continue;
    await loadImage(
      name,
      image,
      lacking.map((node) => node.name),
    );
    for (const node of lacking) writeFileSync(imageMarker(node, image), "");
  }
}

async function ensureCoredns(lab: LabLayout, binFolder: string): Promise<void> {
  const client = openClient(lab.kubeconfig);
  try {
    await installCoredns(client, lab, (await labImage("coredns", binFolder)).reference);
  } finally {
    client.close();
  }
}

async function ensureFiles(lab: LabLayout, images: readonly string[]): Promise<void> {
  for (const folder of [lab.state, lab.run, lab.log]) mkdirSync(folder, { recursive: true });
  makeMountPoints(mountPoints);
  writeMade(lab);
  writeFileSync(`${lab.state}/bin-folder`, `${lab.binFolder}\n`);
  await ensureCertificates(lab);
  writeControlPlaneFiles(lab);
  for (const node of lab.nodes) writeNodeFiles(lab, node, images);
}

async function* ensureReference(lab: LabLayout, access: ApiAccess): AsyncGenerator<string> {
  await waitUntil(
    "every node's pod ranges",
    60,
    async () =>
      (await listNodes(access)).filter((node) => node.podCidrs.length === lab.families.length)
        .length === lab.nodes.length,
  );
  await installReferenceNetwork(lab, await listNodes(access));
  yield "reference network installed";
  await waitUntil(
    `${lab.nodes.length} Ready nodes`,
    120,
    async () => (await listNodes(access)).filter((node) => node.ready).length === lab.nodes.length,
  );
  yield `${lab.nodes.length} nodes Ready`;
}

async function* healNodes(name: string): AsyncGenerator<string> {
  for (const node of await cutNodes(name)) {
    await healNode(name, node);
    yield `node ${node} connected again`;
  }
}

/** Starts a lab, or completes the one that runs; yields one line per thing done. */
export async function* labUp(options: LabOptions): AsyncGenerator<string> {
  requireCgroupV1();
  const lab = labLayout(options, readMade(options.name));
  const { made, others } = await archivesFor(options);
  const images = [...made, ...others];
  yield "images made";
  await ensureFiles(lab, images);
  await fillNodes(lab, made);
  yield "certificates and configuration written";
  makeCgroups(lab);
  await ensureNetwork(lab);
  yield "namespaces and fabric made";
  yield* healNodes(options.name);
  const dead = lab.nodes.filter(({ name }) => recordedProcess(lab.run, name) === undefined);
  for (const node of dead) startNode(lab, node);
  for (const node of dead) yield `node ${node.name} started`;
  const access = { port: await ensureForwarder(lab), pki: lab.pki };
  writeFileSync(lab.kubeconfig, kubeconfig(lab, "admin", `https://127.0.0.1:${access.port}`), {
    mode: 0o600,
  });
  await waitUntil(
    `the API server (log: ${lab.log}/n1-kube-apiserver.log)`,
    120,
    async () => (await askApi(access, "/readyz")).status === 200,
  );
  await grantProxy(access);
  yield `API server ready at https://127.0.0.1:${access.port}`;
  await waitUntil(
    `${lab.nodes.length} registered nodes`,
    120,
    async () => (await listNodes(access)).length >= lab.nodes.length,
  );
  yield `${lab.nodes.length} nodes registered`;
  const running = lab.nodes.filter((node) => !dead.includes(node));
  await ensureLoaded(lab.name, running, images);
  if (options.network === "reference" || options.network === "seam") {
    await ensureCoredns(lab, options.binFolder);
    yield "CoreDNS applied";
  }
  if (options.network === "reference") yield* ensureReference(lab, access);
}
