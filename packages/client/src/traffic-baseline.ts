/** The host's own network as a baseline: a temporary pod in the host's network on each node, deleted at the end. */
import { err, millis, ok, type Result } from "@seam/base";
import type { KubeClient, KubeObject } from "@seam/kube";
import { fromKube } from "./error.ts";
import { itemsOf, textOf } from "./fields.ts";
import { measure, type Measurement, type Meter, unmeasured } from "./traffic-measure.ts";
import { type Endpoint, familyOf, type Route } from "./traffic-routes.ts";
import { TRAFFIC_IMAGE } from "./traffic-tools.ts";
import { waitFor } from "./wait.ts";

/** Measures the path between the nodes of a route. */
export type Baseline = {
  readonly measure: (route: Route) => Promise<Measurement>;
  /** Deletes the pods. */
  readonly end: () => Promise<void>;
};

const NAMESPACE = "seam-system";
const PATIENCE = millis(60_000);

type Host = Result<KubeObject, string>;

/** A baseline; a pod is made when its node is first needed, and each pair of nodes is measured once. */
export function createBaseline(meter: Meter): Baseline {
  const hosts = new Map<string, Promise<Host>>();
  const measured = new Map<string, Promise<Measurement>>();
  const run = Math.random().toString(36).slice(2, 8);
  const host = (node: string): Promise<Host> => {
    const known = hosts.get(node) ?? startHost(meter, hostPod(node, run));
    hosts.set(node, known);
    return known;
  };
  const between = async (route: Route): Promise<Measurement> => {
    const to = endpointOf(await host(route.to.node), route);
    const from = endpointOf(await host(route.from.node), route);
    if (!from.ok) return unmeasured(from.error);
    return to.ok ? measure(meter, { from: from.value, to: to.value }) : unmeasured(to.error);
  };
  return {
    measure: (route) => {
      const key = `${route.from.node} ${route.to.node} ${route.family}`;
      const known = measured.get(key) ?? between(route);
      measured.set(key, known);
      return known;
    },
    end: async () => {
      await Promise.all([...hosts.keys()].map((node) => remove(meter.kube, hostPod(node, run))));
    },
  };
}

/** Ends by itself after ten minutes, in case the measuring process is killed. */
function hostPod(node: string, run: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `baseline-${run}-${node}`,
      namespace: NAMESPACE,
      labels: { "app.kubernetes.io/name": "baseline", "app.kubernetes.io/managed-by": "seam" },
    },
    spec: {
      nodeName: node,
      hostNetwork: true,
      restartPolicy: "Never",
      activeDeadlineSeconds: 600,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      tolerations: [{ operator: "Exists" }],
      containers: [
        {
          name: "baseline",
          image: TRAFFIC_IMAGE,
          imagePullPolicy: "IfNotPresent",
          command: ["sleep", "600"],
        },
      ],
    },
  };
}

async function startHost({ kube, signal }: Meter, pod: KubeObject): Promise<Host> {
  const made = await kube.create(pod);
  if (!made.ok) return err(fromKube("make the host's baseline pod", made.error).message);
  const ref = { apiVersion: "v1", kind: "Pod", name: pod.metadata.name, namespace: NAMESPACE };
  for await (const event of waitFor(kube, ref, { until: "Ready", timeout: PATIENCE, signal })) {
    if (event.kind === "failed") return err(`no baseline: ${event.error.message}`);
    if (event.kind === "progress" && /^\w*(ErrImage|ImagePull)/.test(event.message)) {
      return err(`no baseline: the nodes have no image ${TRAFFIC_IMAGE}, and it cannot be pulled`);
    }
  }
  const ready = await kube.get(ref);
  return ready.ok ? ok(ready.value) : err(fromKube("read the baseline pod", ready.error).message);
}

async function remove(kube: KubeClient, pod: KubeObject): Promise<void> {
  await kube.delete({
    apiVersion: "v1",
    kind: "Pod",
    name: pod.metadata.name,
    namespace: NAMESPACE,
  });
}

function endpointOf(host: Host, route: Route): Result<Endpoint, string> {
  if (!host.ok) return host;
  const node = textOf(host.value, "spec", "nodeName") ?? "";
  const address = itemsOf(host.value, "status", "podIPs")
    .map((each) => textOf(each, "ip") ?? "")
    .find((each) => each !== "" && familyOf(each) === route.family);
  return address === undefined
    ? err(`node ${node} has no ${route.family} address`)
    : ok({ workload: "host", namespace: NAMESPACE, pod: host.value.metadata.name, node, address });
}
