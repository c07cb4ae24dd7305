/** Reachability among pods as a table: who reaches whom, on which ports. */
import type { Family } from "@seam/base";
import { NUMBERS } from "./calico-match.ts";
import type { CalicoPolicy } from "./calico-policy.ts";
import { isIsolating } from "./network-match.ts";
import type { NetworkPolicy, PolicyPort, Protocol } from "./policy.ts";
import { judge, type Pod, type Policies } from "./verdict.ts";

/** Pods that reach and are reached alike. */
export type Group = { readonly name: string; readonly pods: readonly Pod[] };

/** What one group reaches of another: `all` ports, none (an empty list), these, or all but these, as PORT/PROTOCOL. */
export type Reach = {
  readonly kind: "all" | "only" | "all but";
  readonly ports: readonly string[];
};

/** What one group reaches of another under the policies, and under those that are proposed. */
export type Cell = { readonly now: Reach; readonly after: Reach | null };

/** Rows and columns are the groups. */
export type Matrix = {
  readonly groups: readonly Group[];
  readonly cells: readonly (readonly Cell[])[];
};

/** A port of a protocol. */
export type Port = { readonly port: number; readonly protocol: Protocol };

/** Pods, and all policies that are in force. */
export type MatrixSide = { readonly pods: readonly Pod[]; readonly policies: Policies };

/** What a matrix is made of; without ports those that containers and policies name, and one of each protocol that none names. */
export type MatrixWorld = MatrixSide & {
  /** The same pods in the same order, as they would be after a change; null when none is proposed. */
  readonly proposed: MatrixSide | null;
  readonly family: Family;
  readonly ports?: readonly Port[];
};

const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"];

/** The table of `world`; pods of one name before the last dash stand together when nothing tells them apart. */
export function matrixOf(world: MatrixWorld): Matrix {
  const steps = matrixSteps(world);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** `matrixOf` cell by cell, for those who have other work to do meanwhile: with hundreds of pods it takes seconds. */
export function* matrixSteps(world: MatrixWorld): Generator<void, Matrix, void> {
  const { pods, family, proposed } = world;
  const ports = world.ports ?? portsNamed(world);
  const others = world.ports === undefined ? othersThan(ports) : [];
  const asked = { family, ports, others };
  const [now, after] = [judgedSide(world), proposed && judgedSide(proposed)];
  const table: Cell[][] = [];
  for (const row of pods.keys()) {
    const cells: Cell[] = [];
    for (const column of pods.keys()) {
      const at = [row, column] as const;
      cells.push({ now: reachIn(now, asked, at), after: after && reachIn(after, asked, at) });
      yield;
    }
    table.push(cells);
  }
  const groups = groupsOf(pods, table);
  const indices = new Map(pods.map((pod, index) => [pod, index]));
  const cell = (from: Pod | undefined, to: Pod | undefined): Cell =>
    from === undefined || to === undefined
      ? NOTHING
      : (table[indices.get(from) ?? -1]?.[indices.get(to) ?? -1] ?? NOTHING);
  return {
    groups,
    // Within a group two different pods stand for it, as a pod always reaches itself.
    cells: groups.map((from) =>
      groups.map((to) => cell(from.pods[0], from === to ? to.pods.at(-1) : to.pods[0])),
    ),
  };
}

const NOTHING: Cell = { now: { kind: "only", ports: [] }, after: null };

type Asked = {
  readonly family: Family;
  readonly ports: readonly Port[];
  readonly others: readonly Port[];
};

/** A side, and which NetworkPolicies isolate each of its pods: no other decides about it. */
type JudgedSide = MatrixSide & { readonly isolating: readonly (readonly NetworkPolicy[])[] };

const judgedSide = (side: MatrixSide): JudgedSide => ({
  ...side,
  isolating: side.pods.map((pod) =>
    side.policies.network.filter(
      (policy) => isIsolating(policy, "egress", pod) || isIsolating(policy, "ingress", pod),
    ),
  ),
});

function reachIn(
  { pods, policies, isolating }: JudgedSide,
  { family, ports, others }: Asked,
  [row, column]: readonly [number, number],
): Reach {
  const [from, to] = [pods[row], pods[column]];
  if (from === undefined || to === undefined) return NOTHING.now;
  const network = [...new Set([row, column].flatMap((index) => isolating[index] ?? []))];
  const decisive = { ...policies, network };
  const isOpen = ({ port, protocol }: Port): boolean =>
    judge(
      {
        from: { kind: "pod", pod: from },
        to: { kind: "pod", pod: to },
        port,
        protocol,
        family,
      },
      decisive,
    ).allowed;
  const open = ports.filter(isOpen);
  const closed = ports.filter((each) => !open.includes(each));
  const isOpenElse = others.length > 0 && others.every(isOpen);
  if (isOpenElse || (others.length === 0 && closed.length === 0)) {
    return { kind: closed.length === 0 ? "all" : "all but", ports: closed.map(portText) };
  }
  const wide = others.filter(isOpen).map(({ protocol }) => `other ${protocol}`);
  return { kind: "only", ports: [...open.map(portText), ...wide] };
}

/** A port as `80/TCP`. */
export const portText = ({ port, protocol }: Port): string => `${port}/${protocol}`;

/** Every port that a container declares or a policy names; of ranges both ends. */
function portsNamed(world: MatrixWorld): readonly Port[] {
  const declared = world.pods.flatMap((pod) => pod.ports);
  const sides = [world.policies, ...(world.proposed === null ? [] : [world.proposed.policies])];
  const calico = sides.flatMap((each) => each.calico?.policies ?? []);
  const rules = sides
    .flatMap(({ network, cluster }) => [...network, ...cluster])
    .flatMap((each): readonly { readonly ports: readonly PolicyPort[] | null }[] => [
      ...(each.ingress ?? []),
      ...(each.egress ?? []),
    ]);
  const ruled = rules
    .flatMap(({ ports }) => ports ?? [])
    .flatMap((port) =>
      port.kind === "range"
        ? [port.first, port.last].map((each) => ({ port: each, protocol: port.protocol }))
        : [],
    );
  const all = new Map(
    [...declared, ...ruled, ...calico.flatMap(calicoPorts)].map(({ port, protocol }) => [
      `${port}/${protocol}`,
      { port, protocol },
    ]),
  );
  return [...all.values()].toSorted(
    (one, other) => one.port - other.port || one.protocol.localeCompare(other.protocol),
  );
}

/** Ports that Calico's rules name, in the protocols that they are about. */
const calicoPorts = ({ ingress, egress }: CalicoPolicy): readonly Port[] =>
  [...(ingress ?? []), ...(egress ?? [])].flatMap(({ protocol, destination }) =>
    [...destination.ports, ...destination.notPorts].flatMap((port) =>
      port.kind === "named"
        ? []
        : PROTOCOLS.filter((each) => NUMBERS[each] === protocol).flatMap((each) =>
            [port.first, port.last].map((one) => ({ port: one, protocol: each })),
          ),
    ),
  );

/** A port of each protocol that is none of these. */
const othersThan = (ports: readonly Port[]): readonly Port[] =>
  PROTOCOLS.map((protocol) => {
    const taken = new Set(
      ports.filter((each) => each.protocol === protocol).map(({ port }) => port),
    );
    let port = 65_535;
    while (taken.has(port)) port -= 1;
    return { port, protocol };
  });

/** Pods of one workload stand together when their rows and columns are equal, apart from what each reaches of its own group. */
function groupsOf(pods: readonly Pod[], table: readonly (readonly Cell[])[]): readonly Group[] {
  const indices = new Map(pods.map((pod, index) => [pod, index]));
  const between = (from: Pod, to: Pod): Cell | undefined =>
    table[indices.get(from) ?? -1]?.[indices.get(to) ?? -1];
  const families = Map.groupBy(
    pods,
    ({ namespace, name }) => `${namespace}/${name.replace(/-[^-]*$/, "")}`,
  );
  return [...families].flatMap(([name, members]): readonly Group[] => {
    const outside = pods.filter((pod) => !members.includes(pod));
    const faces = members.map((pod) =>
      JSON.stringify(outside.map((other) => [between(pod, other), between(other, pod)])),
    );
    const inner = members.flatMap((from) =>
      members.filter((to) => to !== from).map((to) => JSON.stringify(between(from, to))),
    );
    return members.length > 1 && new Set(faces).size === 1 && new Set(inner).size <= 1
      ? [{ name: `${name}-*`, pods: members }]
      : members.map((pod) => ({ name: `${pod.namespace}/${pod.name}`, pods: [pod] }));
  });
}
