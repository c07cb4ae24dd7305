/** An experiment's workloads and services, and which may open connections to which: as policies decide, not as they are meant. Pure. */
import { EXPERIMENT_LABEL, WORKLOAD_LABEL } from "@seam/api";
import { fieldOf, itemsOf, numberOf, textOf } from "@seam/client";
import type { KubeObject } from "@seam/kube";
import type { Matrix, Reach } from "@seam/reach";

/** What a drawing is made of. */
export type Drawn = {
  readonly experiment: KubeObject;
  readonly pods: readonly KubeObject[];
  readonly services: readonly KubeObject[];
  /** Of the experiment's pods. */
  readonly matrix: Matrix;
  /** Bits per second by name of pod; null: not known. */
  readonly sent: ReadonlyMap<string, number> | null;
  readonly received: ReadonlyMap<string, number> | null;
};

type Node = { readonly id: string; readonly pods: readonly { readonly name: string }[] };

/** Nodes and edges. */
export function topologyOf(drawn: Drawn): {
  readonly nodes: readonly object[];
  readonly edges: readonly object[];
} {
  const workloads = itemsOf(drawn.experiment, "spec", "workloads").map((each) =>
    workloadNode(drawn, each),
  );
  const services = drawn.services.flatMap((each) => serviceNode(drawn, each));
  const led = services.flatMap(({ node, leadsTo, ports }) =>
    workloads
      .filter(({ name }) => leadsTo.has(name))
      .map(({ id }) => ({ from: node.id, to: id, kind: "service", ports })),
  );
  return {
    nodes: [...workloads, ...services.map(({ node }) => node)],
    edges: [...allowedEdges(drawn.matrix, workloads), ...led],
  };
}

const workloadOf = (pod: KubeObject): string =>
  textOf(pod, "metadata", "labels", WORKLOAD_LABEL) ?? "";

function workloadNode(drawn: Drawn, spec: unknown) {
  const name = textOf(spec, "name") ?? "";
  const pods = drawn.pods.filter((pod) => workloadOf(pod) === name);
  const shown = pods.map((pod) => ({
    name: pod.metadata.name,
    node: textOf(pod, "spec", "nodeName") ?? null,
    ready: isReady(pod),
  }));
  return {
    id: `workload/${name}`,
    kind: "workload",
    name,
    ready: shown.filter(({ ready }) => ready).length,
    wanted: numberOf(spec, "replicas") ?? 1,
    pods: shown,
    sentBitsPerSecond: totalOf(drawn.sent, pods),
    receivedBitsPerSecond: totalOf(drawn.received, pods),
  };
}

const isReady = (pod: KubeObject): boolean =>
  itemsOf(pod, "status", "conditions").some(
    (each) => fieldOf(each, "type") === "Ready" && fieldOf(each, "status") === "True",
  );

const totalOf = (
  rates: ReadonlyMap<string, number> | null,
  pods: readonly KubeObject[],
): number | null =>
  rates && pods.reduce((all, { metadata }) => all + (rates.get(metadata.name) ?? 0), 0);

/** A service whose selector finds pods of the experiment. */
function serviceNode({ pods }: Drawn, service: KubeObject) {
  const wanted = Object.entries(Object(fieldOf(service, "spec", "selector")));
  const found = pods.filter(
    (pod) =>
      wanted.length > 0 &&
      wanted.every(([key, value]) => textOf(pod, "metadata", "labels", key) === value),
  );
  if (found.length === 0) return [];
  const { name } = service.metadata;
  const node = {
    id: `service/${name}`,
    kind: "service",
    name,
    ready: found.filter(isReady).length,
    wanted: found.length,
    pods: [],
    sentBitsPerSecond: null,
    receivedBitsPerSecond: null,
  };
  const ports = itemsOf(service, "spec", "ports").map(
    (each) => `${numberOf(each, "port") ?? 0}/${textOf(each, "protocol") ?? "TCP"}`,
  );
  return [{ node, leadsTo: new Set(found.map(workloadOf)), ports }];
}

/** From workload to workload, by the first pod of each: those of one workload have the same labels. */
function allowedEdges({ groups, cells }: Matrix, workloads: readonly Node[]): readonly object[] {
  const placeOf = ({ pods: [first] }: Node): number =>
    groups.findIndex((group) => group.pods.some((pod) => pod.name === first?.name));
  return workloads.flatMap((from) =>
    workloads.flatMap((to) => {
      const reach = from === to ? undefined : cells[placeOf(from)]?.[placeOf(to)]?.now;
      const ports = reach === undefined ? [] : portsOf(reach);
      return ports.length === 0 ? [] : [{ from: from.id, to: to.id, kind: "allowed", ports }];
    }),
  );
}

function portsOf({ kind, ports }: Reach): readonly string[] {
  switch (kind) {
    case "all":
      return ["all"];
    case "all but":
      return [`all but ${ports.join(", ")}`];
    case "only":
      return ports;
  }
}

/** Selects an experiment's pods. */
export const podsOfExperiment = (name: string): { readonly labelSelector: string } => ({
  labelSelector: `${EXPERIMENT_LABEL}=${name}`,
});
