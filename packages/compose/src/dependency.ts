/** The order of workloads: what waits for what, and whether that can ever end. */

/** A workload and the names of those it waits for. */
export type Waiter = { readonly name: string; readonly after?: readonly string[] };

/** A cycle in `after`, as the names along it with the first one repeated at the end; null when there is none. */
export function findCycle(workloads: readonly Waiter[]): readonly string[] | null {
  const after = new Map(workloads.map((workload) => [workload.name, workload.after ?? []]));
  const finished = new Set<string>();
  const visit = (name: string, path: readonly string[]): readonly string[] | null => {
    const start = path.indexOf(name);
    if (start !== -1) return [...path.slice(start), name];
    if (finished.has(name)) return null;
    for (const next of after.get(name) ?? []) {
      const cycle = visit(next, [...path, name]);
      if (cycle !== null) return cycle;
    }
    finished.add(name);
    return null;
  };
  for (const { name } of workloads) {
    const cycle = visit(name, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
