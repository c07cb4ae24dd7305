/**
 * The script that is process 1 of a node. It builds the node's private mounts and then keeps the node's programs running. The pid
 * namespace is the kill switch: when this script ends, the kernel ends everything the node ever started.
 */
import path from "node:path";
import type { Component } from "./control-plane.ts";
import type { LabLayout, LabNode } from "./layout.ts";

/** Quotes one word for a POSIX shell. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Host folder of a node -> where the node sees it. */
const binds: readonly (readonly [string, string])[] = [
  ["kubelet", "/var/lib/kubelet"],
  ["containerd", "/var/lib/containerd"],
  ["cni-conf", "/etc/cni/net.d"],
  ["cni-bin", "/opt/cni/bin"],
  ["log/pods", "/var/log/pods"],
  ["log/containers", "/var/log/containers"],
  ["seam", "/var/lib/seam"],
  ["seam-api", "/var/lib/seam-api"],
  ["containerd-opt", "/opt/containerd"],
  ["kubelet-plugins", "/usr/libexec/kubernetes"],
];

/** Folders of the host over which a node mounts its own. */
export const mountPoints: readonly string[] = [...binds.map(([, to]) => to), "/var/lib/cni"];

/** Folders of a node that must exist before it starts. */
export function nodeFolders(node: LabNode): readonly string[] {
  return [
    ...binds.map(([from]) => `${node.folder}/${from}`),
    `${node.folder}/cgroup`,
    `${node.folder}/images`,
  ];
}

// A plain recursive bind of sysfs would show the host's network devices: sysfs is mounted anew in the node's network namespace,
// and the cgroup hierarchies, which a new sysfs lacks, are carried over it.
function mountLines(node: LabNode): readonly string[] {
  const cgroup = `${node.folder}/cgroup`;
  return [
    `hostname ${node.name}`,
    "mount --make-rprivate /",
    "mount -t proc proc /proc",
    `mount --rbind /sys/fs/cgroup ${cgroup}`,
    "mount -t sysfs sysfs /sys",
    `mount --rbind ${cgroup} /sys/fs/cgroup`,
    `umount -l ${cgroup}`,
    "mount -t bpf bpffs /sys/fs/bpf",
    "mount -t tmpfs -o mode=755 tmpfs /run",
    "mkdir -p /run/containerd /run/netns",
    ...binds.map(([from, to]) => `mount --bind ${node.folder}/${from} ${to}`),
    "mount -t tmpfs tmpfs /var/lib/cni",
    "mount --make-rshared /",
  ];
}

function helperLines(lab: LabLayout): readonly string[] {
  const bin = lab.binFolder;
  return [
    "after_nothing() { :; }",
    "after_containerd() { until [ -e /run/seam-images-loaded ]; do sleep 0.1; done; after_api; }",
    `after_api() { until ${bin}/kubectl --kubeconfig=${lab.pki}/admin.conf get --raw=/readyz >/dev/null 2>&1; do sleep 0.3; done; }`,
    "supervise() {",
    "  local log=$1 after=$2; shift 2",
    '  while :; do "after_$after"; "$@" >>"$log" 2>&1; echo "seam-lab: exit code $?, starting again in 1 s" >>"$log"; sleep 1; done',
    "}",
  ];
}

function imageLines(lab: LabLayout, node: LabNode, images: readonly string[]): readonly string[] {
  const log = `${lab.log}/${node.name}-images.log`;
  const one = (file: string): string => {
    const marker = shellQuote(imageMarker(node, file));
    return `[ -e ${marker} ] || { ${lab.binFolder}/ctr -n k8s.io images import ${shellQuote(file)} >>${log} 2>&1 && touch ${marker}; }`;
  };
  return [
    `until ${lab.binFolder}/ctr version >/dev/null 2>&1; do sleep 0.1; done`,
    ...images.map(one),
    "touch /run/seam-images-loaded",
  ];
}

/** The file that says that a node has an image. */
export const imageMarker = (node: LabNode, archive: string): string =>
  `${node.folder}/images/${path.basename(archive)}`;

/** The whole script. */
export function nodeInit(
  lab: LabLayout,
  node: LabNode,
  work: { readonly components: readonly Component[]; readonly images: readonly string[] },
): string {
  const supervised = work.components.map(
    ({ name, argv, after }) =>
      `supervise ${lab.log}/${node.name}-${name}.log ${after} ${argv.map(shellQuote).join(" ")} &`,
  );
  return [
    "#!/bin/bash",
    "# Process 1 of a Seam lab node; written by @seam/lab.",
    "set -e",
    ...mountLines(node),
    "set +e",
    `export PATH=${lab.binFolder}:/usr/sbin:/usr/bin:/sbin:/bin`,
    ...helperLines(lab),
    "trap 'exit 0' TERM",
    ...supervised,
    ...imageLines(lab, node, work.images),
    "while :; do wait -n; sleep 1; done",
    "",
  ].join("\n");
}
