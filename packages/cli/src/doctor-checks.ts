/** What is missing on a machine or in a cluster, and how to get it, from gathered facts. Pure. */
import { type ClusterFacts, familyOf, type NodeHealth, type SeamError } from "@seam/client";
import type { MachineFacts, Trials } from "@seam/lab";

/** One thing that is needed; `fix` says how to get it and is empty when it is there. */
export type Check = {
  readonly area: "machine" | "cluster";
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly fix: string;
};

/** MiB: a lab of three nodes took 1.5 GiB of disk and 1.1 GiB of memory; building its tools took 7 GiB of disk. */
const NEEDED = { disk: 3 * 1024, diskToBuild: 10 * 1024, memory: 1536 } as const;

type Verdict = Omit<Check, "area" | "fix"> & { readonly fix: string };

const check =
  (area: Check["area"]) =>
  ({ fix, ...rest }: Verdict): Check => ({ area, ...rest, fix: rest.ok ? "" : fix });

/** What a lab needs of this machine. */
export function machineChecks(facts: MachineFacts): readonly Check[] {
  return [
    rootCheck(facts),
    cgroupCheck(facts),
    ...trialChecks(facts.trials, facts.root),
    packageCheck(facts),
    goCheck(facts),
    spaceCheck("disk", facts.freeDiskMiB, facts.toolsBuilt ? NEEDED.disk : NEEDED.diskToBuild),
    spaceCheck("memory", facts.availableMemoryMiB, NEEDED.memory),
  ].map(check("machine"));
}

const rootCheck = ({ root }: MachineFacts): Verdict => ({
  name: "root",
  ok: root,
  found: root ? "running as root" : "not running as root",
  fix: "run as root, for example: sudo bin/seam doctor",
});

const cgroupCheck = ({ cgroups }: MachineFacts): Verdict => ({
  name: "cgroups",
  ok: cgroups === "v1",
  found: cgroups === "none" ? "none below /sys/fs/cgroup" : `version ${cgroups.slice(1)}`,
  fix: "start the kernel with systemd.unified_cgroup_hierarchy=0 (systemd), or mount the version 1 hierarchies below /sys/fs/cgroup",
});

const TRIED: { readonly [name in keyof Trials]: string } = {
  namespaces:
    "use a kernel with CONFIG_NET_NS, PID_NS, UTS_NS and IPC_NS, on a machine or virtual machine that allows them",
  veth: "load the module (modprobe veth), or use a kernel with CONFIG_VETH; the program is in: apt-get install iproute2",
  bridge:
    "load the module (modprobe bridge), or use a kernel with CONFIG_BRIDGE; the program is in: apt-get install iproute2",
  overlayfs: "load the module (modprobe overlay), or use a kernel with CONFIG_OVERLAY_FS",
  nftables:
    "load the module (modprobe nf_tables), or use a kernel with CONFIG_NF_TABLES; the program is in: apt-get install nftables",
  policies:
    "load each module that is named (such as modprobe nft_log), or use a kernel that has it (such as CONFIG_NFT_LOG); without it the kernel refuses all policies, and no pod can speak",
  rates:
    "load each module that is named (such as modprobe sch_htb), or use a kernel that has it (such as CONFIG_NET_SCH_HTB); without it pods run, and are not held to their rates; the program is in: apt-get install iproute2",
};

function trialChecks(trials: Trials, root: boolean): readonly Verdict[] {
  const kernel = ["namespaces", "veth", "bridge", "overlayfs", "nftables"] as const;
  const names = [...kernel, "policies", "rates"] as const;
  return names.map((name) => ({
    name,
    ok: trials[name] === null,
    found: trials[name] ?? "works",
    fix: root ? TRIED[name] : "run seam doctor as root: only root can try it",
  }));
}

function packageCheck({ missingPackages }: MachineFacts): Verdict {
  if (missingPackages === null) {
    const found = "no dpkg-query: this is no Debian";
    return { name: "packages", ok: false, found, fix: "use Debian 12" };
  }
  const count = missingPackages.length;
  return {
    name: "packages",
    ok: count === 0,
    found: count === 0 ? "all installed" : `not installed: ${missingPackages.join(" ")}`,
    fix: `apt-get install --no-install-recommends ${missingPackages.join(" ")}`,
  };
}

const goCheck = ({ go, toolsBuilt }: MachineFacts): Verdict => ({
  name: "go",
  ok: go !== null,
  found: go === null ? "no go on PATH" : `${go}; tools ${toolsBuilt ? "built" : "not built yet"}`,
  fix: "apt-get install golang-go; an older Go fetches the one that is needed",
});

const spaceCheck = (name: string, free: number, needed: number): Verdict => ({
  name,
  ok: free >= needed,
  found: `${gib(free)} GiB free, ${gib(needed)} GiB needed`,
  fix: `free ${gib(needed - free)} GiB of ${name}`,
});

const gib = (mebibytes: number): string => (mebibytes / 1024).toFixed(1);

/** The one check of a cluster that cannot be asked. */
export const unreachable = (error: SeamError): readonly Check[] => [
  check("cluster")({
    name: "api server",
    ok: false,
    found: error.message,
    fix: error.hint === "" ? "look at the API server's log" : error.hint,
  }),
];

/** What an installation of Seam needs of a cluster that answers. */
export function clusterChecks(facts: ClusterFacts): readonly Check[] {
  const { nodes } = facts;
  return [
    { name: "api server", ok: true, found: "answers", fix: "" },
    kindsCheck(facts),
    podCidrCheck(facts),
    agentCheck(nodes),
    controllerCheck(facts),
    serverCheck(facts),
    readyCheck(nodes),
    kernelCheck(nodes),
    dnsCheck(facts),
  ].map(check("cluster"));
}

const INSTALL =
  "bring the cluster to this version: seam install --image IMAGE (a lab: seam lab up)";

function kindsCheck({ kinds }: ClusterFacts): Verdict {
  const wrong = kinds.filter(({ state }) => state !== "current");
  const said = { current: "", other: "of another version", absent: "not installed" } as const;
  return {
    name: "kinds",
    ok: kinds.length > 0 && wrong.length === 0,
    found:
      wrong.length === 0
        ? `${kinds.length} of this version`
        : wrong.map(({ name, state }) => `${name} ${said[state]}`).join(", "),
    fix: INSTALL,
  };
}

function podCidrCheck({ nodes, families }: ClusterFacts): Verdict {
  const lacking = nodes.flatMap(({ name, podCidrs }) => {
    const has = new Set(podCidrs.map(familyOf));
    const missing = families.filter((family) => !has.has(family));
    if (podCidrs.length === 0) return [`${name} has none`];
    return missing.length === 0 ? [] : [`${name} has none of ${missing.join(", ")}`];
  });
  return {
    name: "pod prefixes",
    ok: lacking.length === 0,
    found:
      lacking.length === 0 ? `every node has its own (${families.join(", ")})` : lacking.join("; "),
    fix: "start kube-controller-manager with --allocate-node-cidrs and a --cluster-cidr of each family of the services",
  };
}

/** The nodes for which something holds, in words; `none` when there are none. */
const named = (nodes: readonly NodeHealth[]): string => nodes.map(({ name }) => name).join(", ");

function agentCheck(nodes: readonly NodeHealth[]): Verdict {
  const absent = nodes.filter(({ agent }) => agent === "absent");
  const waiting = nodes.filter(({ agent }) => agent === "not ready");
  const found = [
    ...(absent.length === 0 ? [] : [`none on ${named(absent)}`]),
    ...(waiting.length === 0 ? [] : [`not Ready on ${named(waiting)}`]),
  ];
  return {
    name: "agents",
    ok: found.length === 0,
    found:
      found.length === 0 ? `Ready on ${nodes.length} of ${nodes.length} nodes` : found.join("; "),
    fix:
      absent.length > 0
        ? INSTALL
        : "look at: seam get pods -n seam-system -o wide, then seam describe pod NAME -n seam-system",
  };
}

const controllerCheck = ({ controller }: ClusterFacts): Verdict => ({
  name: "controller",
  ok: controller === "ready",
  found: controller === "ready" ? "Ready" : controller,
  fix:
    controller === "absent"
      ? INSTALL
      : "look at: seam describe deployment seam-controller -n seam-system",
});

/** A chart can leave the server out. */
const serverCheck = ({ server }: ClusterFacts): Verdict => ({
  name: "server",
  ok: server !== "not ready",
  found: { ready: "Ready", absent: "not installed", "not ready": "not ready" }[server],
  fix: "look at: seam describe deployment seam-server -n seam-system",
});

function readyCheck(nodes: readonly NodeHealth[]): Verdict {
  const waiting = nodes.filter(({ ready }) => !ready);
  const count = nodes.length;
  return {
    name: "nodes",
    ok: count > 0 && waiting.length === 0,
    found:
      waiting.length === 0
        ? `${count - waiting.length} of ${count} Ready`
        : `NotReady: ${named(waiting)}`,
    fix: `look at: seam describe node ${named(waiting.slice(0, 1))}`.trimEnd(),
  };
}

/** Nothing is missing on an older kernel; some packets take a longer way. */
function kernelCheck(nodes: readonly NodeHealth[]): Verdict {
  const older = nodes.filter(({ kernel }) => !hasFastPath(kernel));
  return {
    name: "fast path",
    ok: true,
    found:
      older.length === 0
        ? "every node's kernel has it"
        : `needs Linux 6.6; packets between pods of one node take the normal way on ${older.map(({ name, kernel }) => `${name} (${kernel})`).join(", ")}`,
    fix: "",
  };
}

function hasFastPath(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split(/[.-]/u).map(Number);
  return major > 6 || (major === 6 && minor >= 6);
}

function dnsCheck({ dns, nodes }: ClusterFacts): Verdict {
  const asked = nodes.filter((node) => node.dns !== undefined);
  const failed = asked.flatMap((node) =>
    typeof node.dns === "string" ? [`${node.name}: ${node.dns}`] : [],
  );
  return {
    name: "dns",
    ok: dns !== null && asked.length > 0 && failed.length === 0,
    found: dnsFound(dns, asked.length, failed),
    fix:
      dns === null
        ? "install CoreDNS with a Service in kube-system that has the label k8s-app=kube-dns (a lab: seam lab up)"
        : "look at: seam get pods -n kube-system -l k8s-app=kube-dns -o wide",
  };
}

function dnsFound(dns: string | null, asked: number, failed: readonly string[]): string {
  if (dns === null) return "no DNS service in kube-system";
  if (asked === 0) return "could not be asked: no Ready node has a Ready agent";
  return failed.length === 0 ? `${dns} answers on ${asked} of ${asked} nodes` : failed.join("; ");
}

/** Lines for a terminal: each check with what was found, and below a missing one how to get it. */
export function checksText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ ok, area, name, found, fix }) => [
    `${ok ? "ok      " : "MISSING "} ${area}  ${name.padEnd(width)}  ${found}`,
    ...(ok ? [] : [`          ${fix}`]),
  ]);
  const missing = checks.filter(({ ok }) => !ok).length;
  return [...lines, "", missing === 0 ? "nothing is missing" : `${missing} missing`].join("\n");
}
