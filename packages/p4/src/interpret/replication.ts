/** Clone sessions and multicast groups, as a switch's packet replication engine has them. */
import { err, ok, type Result } from "@seam/base";
import type { CloneTarget, Switch } from "../stf/switch.ts";

/** One copy: the port it leaves by, and its replication id. */
export type Replica = { readonly port: number; readonly rid: number };

type Node = { readonly rid: number; ports: readonly number[] };

/** The engine, for the control plane and for packets. */
export type Replication = Pick<
  Switch,
  "setCloneSession" | "cloneSession" | "createGroup" | "createNode" | "updateNode" | "associateNode"
> & {
  /** Copies of a group, in the order of its nodes and their ports; none when there is no such group. */
  readonly copiesOf: (group: number) => readonly Replica[];
  readonly clonesOf: (session: number) => readonly Replica[];
};

const missing = (what: string, number: number): Result<never, string> =>
  err(`there is no ${what} ${number}`);

/** An engine without sessions and groups. */
export function replicationEngine(): Replication {
  const sessions = new Map<number, CloneTarget>();
  const groups = new Map<number, number[]>();
  const nodes: Node[] = [];
  const copiesOf = (group: number): readonly Replica[] =>
    (groups.get(group) ?? []).flatMap((handle) => {
      const { rid = 0, ports = [] } = nodes[handle] ?? {};
      return ports.map((port) => ({ port, rid }));
    });
  return {
    copiesOf,
    clonesOf: (session) => {
      const target = sessions.get(session);
      if (target === undefined) return [];
      return target.kind === "port" ? [{ port: target.port, rid: 0 }] : copiesOf(target.group);
    },
    setCloneSession: (session, target) => {
      if (target !== undefined) sessions.set(session, target);
      else if (!sessions.delete(session)) return missing("clone session", session);
      return ok(undefined);
    },
    cloneSession: (session) => {
      const target = sessions.get(session);
      return target === undefined ? missing("clone session", session) : ok(target);
    },
    createGroup: (group) => {
      if (groups.has(group)) return err(`there is a multicast group ${group} already`);
      groups.set(group, []);
      return ok(undefined);
    },
    createNode: (rid, ports) => ok(nodes.push({ rid, ports }) - 1),
    updateNode: (handle, ports) => {
      const node = nodes[handle];
      if (node === undefined) return missing("multicast node", handle);
      node.ports = ports;
      return ok(undefined);
    },
    associateNode: (group, handle) => {
      const members = groups.get(group);
      if (members === undefined) return missing("multicast group", group);
      if (nodes[handle] === undefined) return missing("multicast node", handle);
      members.push(handle);
      return ok(undefined);
    },
  };
}
