/** A second ledger that shares nothing with the first: it counts everything from the objects each time it is asked. */
import type { NodeAccount } from "./account.ts";
import { rates } from "./ledger.fixture.ts";
import type { PlacedPod, PodFacts } from "./model.ts";

/** What was said last of everything: all that the naive ledger knows. */
export type World = {
  readonly pods: Map<string, PodFacts>;
  readonly claims: Map<string, PlacedPod>;
  readonly nodes: Map<string, number>;
};

type Flow = { ul: number; dl: number };
type Resource = "local" | "network";

/** Nothing said yet. */
export const emptyWorld = (): World => ({ pods: new Map(), claims: new Map(), nodes: new Map() });

/** Pods that are somewhere, from the objects alone. */
function placedPods({ pods, claims }: World): readonly PlacedPod[] {
  const uids = new Set([...pods.keys(), ...claims.keys()]);
  return [...uids].flatMap((uid) => {
    const seen = pods.get(uid);
    const claim = claims.get(uid);
    if (seen?.isTerminal === true) return [];
    const where = seen?.node ?? claim?.node;
    const facts = seen ?? claim;
    return where === undefined || facts === undefined ? [] : [{ ...facts, node: where }];
  });
}

/** V14, word by word: a pod is local if it has siblings, and all of them are on its node. */
function isLocal(placed: readonly PlacedPod[], one: PlacedPod): boolean {
  const siblings = placed.filter(({ group }) => group.uid === one.group.uid);
  return siblings.length > 1 && siblings.every(({ node }) => node === one.node);
}

function flowOn(placed: readonly PlacedPod[], name: string, resource: Resource): Flow {
  const flow = { ul: 0, dl: 0 };
  for (const one of placed) {
    if (one.node !== name || (resource === "network" && isLocal(placed, one))) continue;
    flow.ul += one.rates.ulMbps;
    flow.dl += one.rates.dlMbps;
  }
  return flow;
}

/** Whether a pod fits: nothing that it makes grow may end above capacity. */
export function fitsNaively(world: World, at: PlacedPod): boolean {
  if (!world.nodes.has(at.node)) return false;
  const others = placedPods(world).filter(({ uid }) => uid !== at.uid);
  const flows = (placed: readonly PlacedPod[], name: string): readonly number[] =>
    (["local", "network"] as const).flatMap((resource) => {
      const { ul, dl } = flowOn(placed, name, resource);
      return [ul, dl];
    });
  return [...world.nodes].every(([name, capacity]) => {
    const before = flows(others, name);
    return flows([...others, at], name).every(
      (after, index) => after <= (before[index] ?? 0) || after <= capacity,
    );
  });
}

/** What `Ledger.account` must say of a node whose capacities are all the same. */
export function accountNaively(world: World, name: string): NodeAccount | null {
  const capacity = world.nodes.get(name);
  if (capacity === undefined) return null;
  const placed = placedPods(world);
  const [local, network] = [flowOn(placed, name, "local"), flowOn(placed, name, "network")];
  const left = ({ ul, dl }: Flow): ReturnType<typeof rates> =>
    rates(Math.max(0, capacity - ul), Math.max(0, capacity - dl));
  return {
    capacity: { local: rates(capacity), network: rates(capacity) },
    used: { local: rates(local.ul, local.dl), network: rates(network.ul, network.dl) },
    remaining: { local: left(local), network: left(network) },
    reservations: placed
      .filter((one) => one.node === name && one.rates.ulMbps + one.rates.dlMbps > 0)
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .map((one) => ({
        podName: one.name,
        namespace: one.namespace,
        podUid: one.uid,
        ip: one.ip,
        deploymentType: one.group.type,
        deploymentName: one.group.name,
        deploymentUid: one.group.uid,
        bandwidth: { local: one.rates, network: isLocal(placed, one) ? rates(0) : one.rates },
      })),
    overcommitted: [
      ...excessOf("local", local, capacity),
      ...excessOf("network", network, capacity),
    ],
  };
}

const excessOf = (
  resource: Resource,
  { ul, dl }: Flow,
  capacity: number,
): NodeAccount["overcommitted"] => [
  ...(ul > capacity ? [{ resource, direction: "ul" as const, excessMbps: ul - capacity }] : []),
  ...(dl > capacity ? [{ resource, direction: "dl" as const, excessMbps: dl - capacity }] : []),
];
