/** kwok, which plays nodes and their kubelets: nodes are Ready at once, pods run at once and go at once. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Annotation of the nodes that kwok plays; its value is `fake`. */
export const FAKE = "kwok.x-k8s.io/node";

/** A stage of kwok: what of a kind is changed, and how (kwok.x-k8s.io/v1alpha1, Stage). */
const stage = (
  name: string,
  kind: string,
  parts: string,
): string => `apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: ${name}}
spec:
  resourceRef: {apiGroup: v1, kind: ${kind}}
${parts}`;

const notReady = `    - key: '.status.conditions.[] | select( .type == "Ready" ) | .status'
      operator: NotIn
      values: ["True"]`;

const NODE_STAGES = [
  stage(
    "node-ready",
    "Node",
    `  selector:
    matchExpressions:
${notReady}
  next:
    statusTemplate: |
      {{ $now := Now }}
      phase: Running
      addresses: [{type: InternalIP, address: {{ NodeIP | Quote }}}]
      capacity: {cpu: 1k, memory: 1Ti, pods: 110}
      allocatable: {cpu: 1k, memory: 1Ti, pods: 110}
      conditions:
      {{ range NodeConditions }}
      - type: {{ .type | Quote }}
        status: {{ .status | Quote }}
        reason: {{ .reason | Quote }}
        message: {{ .message | Quote }}
        lastHeartbeatTime: {{ $now | Quote }}
        lastTransitionTime: {{ $now | Quote }}
      {{ end }}
`,
  ),
];

const POD_STAGES = [
  stage(
    "pod-running",
    "Pod",
    `  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
${notReady}
  next:
    statusTemplate: |
      {{ $now := Now }}
      phase: Running
      startTime: {{ $now | Quote }}
      conditions:
      - {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
      - {type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }}}
      - {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
      {{ with PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
      podIP: {{ . | Quote }}
      podIPs: [{ip: {{ . | Quote }}}]
      {{ end }}
`,
  ),
  stage(
    "pod-gone",
    "Pod",
    `  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: Exists}
  next: {delete: true}
`,
  ),
];

/** kwok while it runs. */
export type Kwok = Disposable & {
  /** Throws with what kwok said when it has ended. */
  readonly check: () => void;
};

/** Starts kwok on a cluster; without `pods`, those stay Pending on their nodes. */
export function startKwok(
  program: string,
  kubeconfig: string,
  plays: "nodes" | "nodes and pods",
): Kwok {
  const folder = mkdtempSync(path.join(tmpdir(), "seam-kwok-"));
  const config = path.join(folder, "stages.yaml");
  const stages = plays === "nodes" ? NODE_STAGES : [...NODE_STAGES, ...POD_STAGES];
  writeFileSync(config, stages.join("---\n"));
  const flags = [
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--manage-nodes-with-annotation-selector=${FAKE}=fake`,
    // Leases are the sign of life of a node.
    "--node-lease-duration-seconds=40",
  ];
  const child: ChildProcess = spawn(program, flags, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.on("data", (part) => {
    said = `${said}${String(part)}`.slice(-2000);
  });
  return {
    check: () => {
      if (child.exitCode !== null) throw new Error(`kwok ended with ${child.exitCode}: ${said}`);
    },
    [Symbol.dispose]: () => {
      child.kill("SIGTERM");
      rmSync(folder, { recursive: true });
    },
  };
}
