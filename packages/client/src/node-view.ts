/**
 * What a node should look like, what it looks like, and the steps between, from the agent that runs there. The agent tells
 * it only to root of its node, so the question is a command in the agent's pod: who may not run that may not know.
 */
import { err, millis, ok } from "@seam/base";
import {
  isJson,
  isNotFound,
  type Json,
  type KubeClient,
  type KubeError,
  type KubeObject,
} from "@seam/kube";
import { fromKube, type SeamError } from "./error.ts";
import { fieldOf, itemsOf, textOf } from "./fields.ts";
import { listObjects, type Reply } from "./list.ts";

/** The state of one node; addresses and prefixes are text. */
export type NodeView = {
  readonly desired: Json;
  readonly observed: Json;
  readonly steps: readonly Json[];
  /** For each pod `pod`, `device`, `gate` (open, closed, or kept from an earlier agent), and the policies of `ingress` and `egress`. */
  readonly gates: readonly Json[];
};

/** Namespace of Seam's own pods, and the label that tells its agents. */
export const AGENTS = {
  namespace: "seam-system",
  labelSelector: "app.kubernetes.io/name=seam-agent",
} as const;

const COMMAND = ["/usr/bin/node", "/seam/agent.js", "--show-node"];
const PATIENCE = millis(15_000);
const PODS = "seam get pods -n seam-system -o wide";

/** Asks the agent of a node; with the `spec` of a NetworkConfig what the node would look like under it. */
export async function viewNode(
  kube: KubeClient,
  node: string,
  networkConfig?: Json,
): Reply<NodeView> {
  const found = await kube.get({ apiVersion: "v1", kind: "Node", name: node });
  if (!found.ok) return err(await noNode(kube, node, found.error));
  const pod = await agentOf(kube, found.value);
  if (!pod.ok) return pod;
  const ref = { namespace: AGENTS.namespace, pod: pod.value.metadata.name, container: "agent" };
  const assumed = networkConfig === undefined ? [] : [JSON.stringify(networkConfig)];
  const ran = await kube.exec(ref, [...COMMAND, ...assumed], { timeout: PATIENCE });
  if (!ran.ok) return err(fromKube(`ask the agent of node ${node}`, ran.error));
  return ran.value.exitCode === 0
    ? readView(node, ran.value.stdout, networkConfig)
    : err(
        failed(
          `the agent of node ${node} could not tell: ${ran.value.stderr.trim()}`,
          `Try again in a moment; then look at: seam logs ${ref.pod} -n seam-system`,
        ),
      );
}

const failed = (message: string, hint: string): SeamError => ({
  code: "Failed",
  message,
  hint,
  details: [],
});

async function noNode(kube: KubeClient, node: string, error: KubeError): Promise<SeamError> {
  if (!isNotFound(error)) return fromKube(`get node ${node}`, error);
  const nodes = await listObjects(kube, { apiVersion: "v1", kind: "Node" });
  const names = nodes.ok ? nodes.value.map(({ metadata }) => metadata.name).join(", ") : "";
  const hint =
    names === "" ? "List what there is with seam get nodes." : `The nodes are: ${names}.`;
  return { code: "NotFound", message: `there is no node "${node}"`, hint, details: [] };
}

/** The running agent of a node. */
async function agentOf(kube: KubeClient, node: KubeObject): Reply<KubeObject> {
  const { name } = node.metadata;
  const query = {
    labelSelector: AGENTS.labelSelector,
    fieldSelector: `spec.nodeName=${name}`,
  };
  const page = await kube.list(
    { apiVersion: "v1", kind: "Pod", namespace: AGENTS.namespace },
    query,
  );
  if (!page.ok) return err(fromKube(`list the agents of node ${name}`, page.error));
  const running = page.value.items.find(isRunning);
  if (running === undefined) return err(notRunning(name, page.value.items));
  if (isReadyNode(node)) return ok(running);
  return err(
    failed(
      `node ${name} is NotReady, so its agent cannot be asked`,
      `Look at: seam describe node ${name}`,
    ),
  );
}

function notRunning(node: string, pods: readonly KubeObject[]): SeamError {
  const [pod] = pods;
  if (pod === undefined) {
    return failed(
      `no agent of Seam runs on node ${node}`,
      `Install Seam with seam install, or see what runs: ${PODS}`,
    );
  }
  const phase = textOf(pod, "status", "phase") ?? "Unknown";
  return failed(
    `the agent of node ${node} does not run: pod ${pod.metadata.name} is ${phase}`,
    `Look at: seam describe pod ${pod.metadata.name} -n seam-system`,
  );
}

const isRunning = (pod: KubeObject): boolean =>
  fieldOf(pod, "metadata", "deletionTimestamp") === undefined &&
  textOf(pod, "status", "phase") === "Running" &&
  itemsOf(pod, "status", "containerStatuses").some(
    (each) => fieldOf(each, "state", "running") !== undefined,
  );

const isReadyNode = (node: KubeObject): boolean =>
  itemsOf(node, "status", "conditions").some(
    (each) => fieldOf(each, "type") === "Ready" && fieldOf(each, "status") === "True",
  );

/** An agent of an older version does not say for which settings its answer is. */
function readView(
  node: string,
  text: string,
  networkConfig: Json | undefined,
): Awaited<Reply<NodeView>> {
  const view = parsed(text);
  const desired = fieldOf(view, "desired");
  const observed = fieldOf(view, "observed");
  const isAsked = networkConfig === undefined || isJson(fieldOf(view, "networkConfig"));
  if (isAsked && isJson(desired) && isJson(observed)) {
    const [steps, gates] = ["steps", "gates"].map((list) => itemsOf(view, list).filter(isJson));
    return ok({ desired, observed, steps: steps ?? [], gates: gates ?? [] });
  }
  return err(
    failed(
      `the agent of node ${node} answered something else than a node's state`,
      "Use the version of seam that is installed in the cluster.",
    ),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
