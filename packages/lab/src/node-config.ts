/**
 * Configuration files of one node: containerd, kubelet, kube-proxy and kubeconfigs. Pure text; the values that look odd answer a
 * limit of the host, named beside each.
 */
import type { Component } from "./control-plane.ts";
import {
  apiServerOf,
  inFamilies,
  type LabLayout,
  type LabNode,
  preferred,
  ranges,
} from "./layout.ts";

/** Name of the sandbox image that every lab loads itself. */
const pauseImage = "localhost/pause:1";

/** Paths under which a node's programs find their folders, inside the node's own mounts. */
const criSocket = "/run/containerd/containerd.sock";

/**
 * containerd's configuration. `restrict_oom_score_adj`: without CAP_SYS_RESOURCE a negative score is refused and runc dies.
 * `use_internal_loopback`: a node without any CNI plugin can still set up `lo`.
 */
export function containerdConfig(): string {
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "${criSocket}"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "${pauseImage}"
[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
  restrict_oom_score_adj = true
  enable_cdi = true
  cdi_spec_dirs = ["/etc/cdi", "/var/run/cdi"]
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/opt/cni/bin"]
    conf_dir = "/etc/cni/net.d"
    use_internal_loopback = true
`;
}

/**
 * KubeletConfiguration of one node. `failCgroupV1: false` keeps kubelet 1.36 working on version 1 cgroups. A node's /24
 * has room for 250 pods; the default of 110 would count Seam's own.
 */
export function kubeletConfig(lab: LabLayout, node: LabNode): string {
  return `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: /seam-${lab.name}/${node.name}
cgroupsPerQOS: true
enforceNodeAllocatable: []
containerRuntimeEndpoint: unix://${criSocket}
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: ${lab.pki}/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: ${lab.pki}/kubelet-${node.name}.crt
tlsPrivateKeyFile: ${lab.pki}/kubelet-${node.name}.key
clusterDomain: cluster.local
clusterDNS: ["${preferred(lab, ranges.dns)}"]
resolvConf: ${node.folder}/resolv.conf
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: "100Mi"}
serializeImagePulls: true
maxPods: 250
nodeLeaseDurationSeconds: 20
kubeAPIQPS: 200
kubeAPIBurst: 400
address: "${anyAddress(lab)}"
`;
}

/** KubeProxyConfiguration of one node. The conntrack sysctls are not per namespace, so they are left alone. */
export function proxyConfig(lab: LabLayout, node: LabNode): string {
  return `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: ${lab.pki}/proxy.conf}
clusterCIDR: "${inFamilies(lab, ranges.pods).join(",")}"
hostnameOverride: ${node.name}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
nodePortAddresses: [primary]
`;
}

/** Where programs listen: on all addresses, of both families where IPv6 is one. */
export const anyAddress = ({ families }: Pick<LabLayout, "families">): string =>
  families.includes("ipv6") ? "::" : "0.0.0.0";

/** A kubeconfig for the client certificate `identity`. */
export function kubeconfig(lab: LabLayout, identity: string, server = apiServerOf(lab)): string {
  const { pki } = lab;
  return `apiVersion: v1
kind: Config
clusters: [{name: seam-${lab.name}, cluster: {server: "${server}", certificate-authority: ${pki}/ca.crt}}]
users: [{name: ${identity}, user: {client-certificate: ${pki}/${identity}.crt, client-key: ${pki}/${identity}.key}}]
contexts: [{name: seam-${lab.name}, context: {cluster: seam-${lab.name}, user: ${identity}}}]
current-context: seam-${lab.name}
`;
}

/** The file with the addresses that the kubelet registers, separated by commas. */
export const nodeIpFile = (node: LabNode): string => `${node.folder}/node-ip`;

/** The programs every node runs. */
export function nodeComponents(lab: LabLayout, node: LabNode): readonly Component[] {
  const kubelet = [
    `${lab.binFolder}/kubelet`,
    `--config=${node.folder}/kubelet.yaml`,
    `--kubeconfig=${lab.pki}/kubelet-${node.name}.conf`,
    `--hostname-override=${node.name}`,
    "--root-dir=/var/lib/kubelet",
    "--v=2",
  ];
  // Read at each start: the node's addresses can change while its init, which knows the command line, goes on.
  const started = `exec ${kubelet.join(" ")} --node-ip="$(cat ${nodeIpFile(node)})"`;
  return [
    {
      name: "containerd",
      argv: [`${lab.binFolder}/containerd`, `--config=${node.folder}/containerd.toml`],
      after: "nothing",
    },
    { name: "kubelet", argv: ["/bin/sh", "-c", started], after: "containerd" },
    {
      name: "kube-proxy",
      argv: [`${lab.binFolder}/kube-proxy`, `--config=${node.folder}/proxy.yaml`],
      after: "api",
    },
  ];
}
