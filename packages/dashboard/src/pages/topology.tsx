/** The workloads of an experiment as a graph: what may flow between them, and which starts after which. */
import "@xyflow/react/dist/style.css";
import { graphlib, layout } from "@dagrejs/dagre";
import {
  Background,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import { type ReactElement, useMemo } from "react";
import { listAt, numberAt, textAt } from "../api/look.ts";
import type { Object as SeamObject } from "../gen/api.ts";
import { texts } from "../texts.ts";
import { useShownTheme } from "../ui/theme.ts";

const t = texts.topology;
const WIDTH_PX = 180;
const HEIGHT_PX = 64;

type WorkloadNode = Node<{ readonly name: string; readonly state: string }, "workload">;

const NODE_TYPES = { workload: Workload };

function Workload({ data }: NodeProps<WorkloadNode>): ReactElement {
  return (
    <div className="topology-node border rounded-3 px-3 py-2 text-center">
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <div className="fw-semibold">{data.name}</div>
      <div className="small">{data.state}</div>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

export function Topology({ object }: { readonly object: SeamObject }): ReactElement {
  const theme = useShownTheme();
  const edges = useMemo(() => edgesOf(object), [object]);
  const nodes = useMemo(() => nodesOf(object, edges), [object, edges]);
  if (nodes.length === 0) return <p>{t.none}</p>;
  return (
    <div className="topology border rounded-3" role="region" aria-label={t.label}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        colorMode={theme}
        nodesConnectable={false}
        fitView
        fitViewOptions={{ maxZoom: 1.25 }}
      >
        <Background />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

const edgeOf = (from: string, to: string, label: string): Edge => ({
  id: `${from} ${to} ${label}`,
  source: from,
  target: to,
  label,
  markerEnd: { type: MarkerType.ArrowClosed },
  ariaLabel: `${from} → ${to}: ${label}`,
});

function edgesOf(object: SeamObject): Edge[] {
  const allowed = listAt(object, "spec", "policies").map((policy) => {
    const ports = listAt(policy, "ports").join(", ");
    return edgeOf(textAt(policy, "from"), textAt(policy, "to"), ports === "" ? t.all : ports);
  });
  const order = listAt(object, "spec", "workloads").flatMap((workload) =>
    listAt(workload, "after").map((before) => ({
      ...edgeOf(textAt(workload, "name"), String(before), t.after),
      style: { strokeDasharray: "6 4" },
    })),
  );
  return [...allowed, ...order];
}

function nodesOf(object: SeamObject, edges: readonly Edge[]): WorkloadNode[] {
  const names = listAt(object, "spec", "workloads").map((workload) => textAt(workload, "name"));
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 30, ranksep: 140 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const name of names) graph.setNode(name, { width: WIDTH_PX, height: HEIGHT_PX });
  for (const { source, target } of edges) graph.setEdge(source, target);
  layout(graph);
  const status = listAt(object, "status", "workloads");
  return names.map((name) => {
    const { x, y } = graph.node(name);
    const own = status.find((each) => textAt(each, "name") === name);
    const state = `${numberAt(own, "ready")} / ${numberAt(own, "desired")}`;
    return {
      id: name,
      type: "workload",
      position: { x: x - WIDTH_PX / 2, y: y - HEIGHT_PX / 2 },
      data: { name, state },
    };
  });
}
