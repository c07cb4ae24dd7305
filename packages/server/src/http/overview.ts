/** The state of what somebody may see, in figures, and what needs attention; pure. */
import { fieldOf, itemsOf, numberOf, textOf } from "@seam/client";
import { type KubeObject, quantityOf } from "@seam/kube";

/** What is looked at; null: not to be seen by who asks. */
export type Seen = {
  readonly nodes: readonly KubeObject[] | null;
  readonly agents: readonly KubeObject[] | null;
  readonly pods: readonly KubeObject[] | null;
  readonly projects: readonly KubeObject[];
  readonly experiments: readonly KubeObject[];
};

type Attention = {
  readonly severity: "warning" | "error";
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
  readonly link: {
    readonly kind: string;
    readonly project: string | null;
    readonly name: string;
  } | null;
};

/** So many are told; the others are seen when these are dealt with. */
const MOST_TOLD = 100;

/** The figures, and what needs attention, the worst first. */
export function overviewOf(seen: Seen): object {
  const { nodes, agents, pods, projects, experiments } = seen;
  const attention = [
    ...(nodes ?? []).flatMap(aboutNode),
    ...(nodes === null || agents === null ? [] : aboutAgents(nodes, agents)),
    ...experiments.flatMap(aboutExperiment),
    ...projects.flatMap(aboutProject),
  ];
  const inPhase = (...phases: readonly string[]): number =>
    experiments.filter((each) => phases.includes(phaseOf(each))).length;
  return {
    nodes: nodes && readiness(nodes),
    agents: agents && readiness(agents),
    projects: projects.length,
    experiments: {
      total: experiments.length,
      ready: inPhase("Ready"),
      failed: inPhase("Failed", "Degraded"),
    },
    capacity: nodes === null || pods === null ? [] : capacityOf(nodes, pods),
    attention: attention
      .toSorted((one, other) => one.severity.localeCompare(other.severity))
      .slice(0, MOST_TOLD),
  };
}

const isReady = (object: KubeObject): boolean =>
  itemsOf(object, "status", "conditions").some(
    (each) => fieldOf(each, "type") === "Ready" && fieldOf(each, "status") === "True",
  );

const readiness = (objects: readonly KubeObject[]): object => ({
  total: objects.length,
  ready: objects.filter(isReady).length,
});

const phaseOf = (object: KubeObject): string => textOf(object, "status", "phase") ?? "Pending";

/** What the conditions that do not hold say. */
const reasonsOf = (object: KubeObject): string =>
  itemsOf(object, "status", "conditions")
    .filter((each) => fieldOf(each, "status") === "False")
    .map((each) => textOf(each, "message") ?? "")
    .filter((message) => message !== "")
    .join("; ");

function aboutNode(node: KubeObject): readonly Attention[] {
  const { name } = node.metadata;
  const link = { kind: "Node", project: null, name };
  if (!isReady(node))
    return [
      {
        severity: "error",
        title: `node ${name} is not ready`,
        detail: reasonsOf(node) || "its kubelet does not report",
        hint: `kubectl describe node ${name}`,
        link,
      },
    ];
  return fieldOf(node, "spec", "unschedulable") === true
    ? [
        {
          severity: "warning",
          title: `node ${name} takes no new pods`,
          detail: "it is cordoned",
          hint: `kubectl uncordon ${name}`,
          link,
        },
      ]
    : [];
}

function aboutAgents(
  nodes: readonly KubeObject[],
  agents: readonly KubeObject[],
): readonly Attention[] {
  const served = new Set(
    agents.filter(isReady).map((agent) => textOf(agent, "spec", "nodeName") ?? ""),
  );
  return nodes
    .map(({ metadata }) => metadata.name)
    .filter((name) => !served.has(name))
    .map((name) => ({
      severity: "error",
      title: `no agent is ready on node ${name}`,
      detail: "pods that start there wait for their network; what is in force stays",
      hint: "kubectl get pods -n seam-system -o wide",
      link: { kind: "Node", project: null, name },
    }));
}

function aboutExperiment(experiment: KubeObject): readonly Attention[] {
  const phase = phaseOf(experiment);
  if (phase !== "Failed" && phase !== "Degraded") return [];
  const { name, namespace = "" } = experiment.metadata;
  return [
    {
      severity: phase === "Failed" ? "error" : "warning",
      title: `experiment ${namespace}/${name} is ${phase}`,
      detail: reasonsOf(experiment) || "its conditions say no more",
      hint: `seam describe experiment ${name} -n ${namespace}`,
      link: { kind: "Experiment", project: namespace, name },
    },
  ];
}

/** From here on a quota is nearly used up. */
const NEARLY = 0.9;

function aboutProject(project: KubeObject): readonly Attention[] {
  const { name } = project.metadata;
  const link = { kind: "Project", project: null, name };
  const failed: readonly Attention[] =
    phaseOf(project) === "Failed"
      ? [
          {
            severity: "error",
            title: `project ${name} could not be made`,
            detail: reasonsOf(project),
            hint: `seam describe project ${name}`,
            link,
          },
        ]
      : [];
  const full = itemsOf(project, "status", "quota").flatMap((each): readonly Attention[] => {
    const [used, limit] = ["used", "limit"].map((key) => quantityOf(textOf(each, key) ?? ""));
    if (used === undefined || used === null || !limit || used < NEARLY * limit) return [];
    const resource = textOf(each, "resource") ?? "";
    return [
      {
        severity: "warning",
        title: `project ${name} uses ${Math.round((used / limit) * 100)} % of its ${resource}`,
        detail: `${textOf(each, "used")} of ${textOf(each, "limit")}`,
        hint: "Delete what is not needed, or ask an admin for a larger spec.quota.",
        link,
      },
    ];
  });
  return [...failed, ...full];
}

/** Of what every node has, and devices. */
const SKIPPED = /^(hugepages-|ephemeral-storage$)/;

function capacityOf(nodes: readonly KubeObject[], pods: readonly KubeObject[]): readonly object[] {
  const running = pods.filter((pod) => !["Succeeded", "Failed"].includes(phaseOf(pod)));
  const placed = running.filter((pod) => textOf(pod, "spec", "nodeName") !== undefined);
  const names = new Set(
    nodes.flatMap((node) => Object.keys(Object(fieldOf(node, "status", "allocatable")))),
  );
  return [...names]
    .filter((name) => !SKIPPED.test(name))
    .map((resource) => ({
      resource,
      unit: unitOf(resource),
      allocatable: sum(nodes.map((node) => amountAt(node, "status", "allocatable", resource))),
      requested:
        resource === "pods" ? placed.length : sum(placed.map((pod) => requestOf(pod, resource))),
    }));
}

const unitOf = (resource: string): string => {
  if (resource === "cpu") return "cores";
  return resource === "memory" ? "bytes" : "count";
};

const sum = (figures: readonly number[]): number => figures.reduce((all, each) => all + each, 0);

function amountAt(value: unknown, ...path: readonly string[]): number {
  return quantityOf(String(textOf(value, ...path) ?? numberOf(value, ...path) ?? "")) ?? 0;
}

/** What the scheduler counts: all containers together, or the largest that runs before them, and the sandbox's own (KEP-688). */
function requestOf(pod: KubeObject, resource: string): number {
  const asked = (list: string): readonly number[] =>
    itemsOf(pod, "spec", list).map((each) => amountAt(each, "resources", "requests", resource));
  const overhead = amountAt(pod, "spec", "overhead", resource);
  return Math.max(sum(asked("containers")), ...asked("initContainers")) + overhead;
}
