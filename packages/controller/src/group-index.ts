/** Finds objects by the group that they belong to, without a walk over all of them; kept up to date by changes. */
import type { Change } from "@seam/kube";

/** Objects by group. */
export type GroupIndex<T> = {
  readonly membersOf: (group: string) => readonly T[];
  /** Takes in a change and tells the groups that it touched: two when the object moved. */
  readonly accept: (change: Omit<Change<T>, "version">) => readonly string[];
};

/** An empty index. */
export function createGroupIndex<T>(groupOf: (value: T) => string): GroupIndex<T> {
  const groups = new Map<string, Map<string, T>>();
  const homes = new Map<string, string>();
  const leave = (key: string): string | undefined => {
    const home = homes.get(key);
    if (home === undefined) return undefined;
    const members = groups.get(home);
    members?.delete(key);
    if (members?.size === 0) groups.delete(home);
    homes.delete(key);
    return home;
  };
  return {
    membersOf: (group) => [...(groups.get(group)?.values() ?? [])],
    accept: ({ kind, key, value }) => {
      const home = leave(key);
      const group = groupOf(value);
      if (kind === "set") {
        const members = groups.get(group) ?? new Map<string, T>();
        groups.set(group, members.set(key, value));
        homes.set(key, group);
      }
      return home === undefined || home === group ? [group] : [home, group];
    },
  };
}
