/** Cycles of a graph: its strongly connected components, by Tarjan's algorithm, without recursion. */

/** A graph of nodes 0 to n - 1: for each the nodes that it leads to. */
export type Graph = readonly (readonly number[])[];

type Visit = { readonly node: number; next: number };

type Search = {
  readonly graph: Graph;
  readonly index: (number | undefined)[];
  readonly low: number[];
  readonly isOpen: boolean[];
  readonly stack: number[];
  readonly found: number[][];
  count: number;
};

/** The components; nodes that are on no cycle make components of their own. */
export function components(graph: Graph): readonly (readonly number[])[] {
  const search: Search = {
    graph,
    index: [],
    low: [],
    isOpen: [],
    stack: [],
    found: [],
    count: 0,
  };
  for (const node of graph.keys()) if (search.index[node] === undefined) visitFrom(search, node);
  return search.found;
}

function visitFrom(search: Search, start: number): void {
  const visits: Visit[] = [open(search, start)];
  for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
    const { node } = visit;
    const target = search.graph[node]?.[visit.next];
    if (target === undefined) {
      visits.pop();
      close(search, node);
      const parent = visits.at(-1)?.node;
      if (parent !== undefined) lower(search, parent, search.low[node] ?? 0);
      continue;
    }
    visit.next += 1;
    if (search.index[target] === undefined) visits.push(open(search, target));
    else if (search.isOpen[target] === true) lower(search, node, search.index[target] ?? 0);
  }
}

function open(search: Search, node: number): Visit {
  search.index[node] = search.count;
  search.low[node] = search.count;
  search.isOpen[node] = true;
  search.count += 1;
  search.stack.push(node);
  return { node, next: 0 };
}

function lower({ low }: Search, node: number, to: number): void {
  low[node] = Math.min(low[node] ?? to, to);
}

/** All nodes of a component stand on the stack above the one that was visited first. */
function close({ index, low, isOpen, stack, found }: Search, node: number): void {
  if (low[node] !== index[node]) return;
  const nodes = stack.splice(stack.lastIndexOf(node));
  for (const each of nodes) isOpen[each] = false;
  found.push(nodes);
}
