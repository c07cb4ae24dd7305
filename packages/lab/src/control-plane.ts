/**
 * Command lines of the control plane, which runs inside node n1: a webhook or an aggregated API is reached through services, so the
 * API server must sit where kube-proxy and the pod network are.
 */
import { anyAddress } from "./node-config.ts";
import { firstNode, inFamilies, type LabLayout, ranges } from "./layout.ts";

/** One supervised program of a node. */
export type Component = {
  readonly name: string;
  readonly argv: readonly string[];
  /** What must be there before the program starts. */
  readonly after: "nothing" | "containerd" | "api";
};

function etcd(lab: LabLayout): Component {
  const client = "http://127.0.0.1:2379";
  const argv = [
    `${lab.binFolder}/server`,
    `--data-dir=${firstNode(lab).folder}/etcd`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    "--listen-peer-urls=http://127.0.0.1:2380",
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
  return { name: "etcd", argv, after: "nothing" };
}

function apiserverIdentity(pki: string): readonly string[] {
  return [
    `--client-ca-file=${pki}/ca.crt`,
    `--tls-cert-file=${pki}/apiserver.crt`,
    `--tls-private-key-file=${pki}/apiserver.key`,
    `--kubelet-client-certificate=${pki}/kubelet-client.crt`,
    `--kubelet-client-key=${pki}/kubelet-client.key`,
    `--kubelet-certificate-authority=${pki}/ca.crt`,
    `--service-account-key-file=${pki}/sa.pub`,
    `--service-account-signing-key-file=${pki}/sa.key`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--requestheader-client-ca-file=${pki}/front-ca.crt`,
    "--requestheader-allowed-names=front-proxy",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${pki}/front.crt`,
    `--proxy-client-key-file=${pki}/front.key`,
  ];
}

function apiserver(lab: LabLayout): Component {
  const argv = [
    `${lab.binFolder}/kube-apiserver`,
    "--etcd-servers=http://127.0.0.1:2379",
    `--advertise-address=${firstNode(lab).addresses[0] ?? ""}`,
    `--bind-address=${anyAddress(lab)}`,
    "--secure-port=6443",
    `--service-cluster-ip-range=${inFamilies(lab, ranges.services).join(",")}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    "--kubelet-preferred-address-types=InternalIP",
    "--enable-aggregator-routing=true",
    `--audit-policy-file=${lab.state}/audit-policy.yaml`,
    `--audit-log-path=${lab.log}/audit.log`,
    "--audit-log-maxsize=100",
    "--audit-log-maxbackup=1",
    ...apiserverIdentity(lab.pki),
  ];
  return { name: "kube-apiserver", argv, after: "nothing" };
}

function withKubeconfig(file: string): readonly string[] {
  return [
    `--kubeconfig=${file}`,
    `--authentication-kubeconfig=${file}`,
    `--authorization-kubeconfig=${file}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
  ];
}

/** Requests per second that the default of 20 would hold back while many pods are made at once. */
const busy = ["--kube-api-qps=200", "--kube-api-burst=400"];

function controllerManager(lab: LabLayout): Component {
  const argv = [
    `${lab.binFolder}/kube-controller-manager`,
    ...withKubeconfig(`${lab.pki}/controller-manager.conf`),
    "--use-service-account-credentials",
    `--service-account-private-key-file=${lab.pki}/sa.key`,
    `--root-ca-file=${lab.pki}/ca.crt`,
    `--cluster-signing-cert-file=${lab.pki}/ca.crt`,
    `--cluster-signing-key-file=${lab.pki}/ca.key`,
    "--allocate-node-cidrs",
    // Each node gets a /24 and a /64 of it, which is the default; saying so is refused for a single family.
    `--cluster-cidr=${inFamilies(lab, ranges.pods).join(",")}`,
    ...busy,
    // A node that is silent is NotReady after 24 s instead of 50; see the lease in `kubeletConfig`.
    "--node-monitor-grace-period=24s",
    `--service-cluster-ip-range=${inFamilies(lab, ranges.services).join(",")}`,
  ];
  return { name: "kube-controller-manager", argv, after: "api" };
}

function scheduler(lab: LabLayout): Component {
  const argv = [
    `${lab.binFolder}/kube-scheduler`,
    ...withKubeconfig(`${lab.pki}/scheduler.conf`),
    ...busy,
  ];
  return { name: "kube-scheduler", argv, after: "api" };
}

/**
 * The control plane's programs. The last two wait for the API server: started earlier, the controller manager meets an API server
 * without its bootstrap roles and exits.
 */
export function controlPlane(lab: LabLayout): readonly Component[] {
  return [etcd(lab), apiserver(lab), controllerManager(lab), scheduler(lab)];
}

/** Audit policy: who did what to which object, without bodies; reads of leases and events are noise. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    resources: [{group: coordination.k8s.io, resources: [leases]}]
  - level: Metadata
`;
