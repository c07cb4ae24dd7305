/** Whatever happens to the other nodes, and in whatever order: a node ends with the ways to those that there are, and no others. */
import { type Address, bytes, formatAddress, invariant, parseAddress, parseCidr } from "@seam/base";
import { type ClusterFacts, DEFAULT_NETWORK, intendNode, type NodeFacts } from "@seam/intent";
import { emptyNode, plan, simulateStep } from "@seam/plan";
import type { NodeState } from "@seam/state";
import fc from "fast-check";
import { expect, test } from "vitest";

const address = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};

const node = (name: string, host: number, pods: number): NodeFacts => ({
  name,
  // Every third host is behind a router.
  internalAddresses: [`10.200.${host % 3}.${host}`, `fd00:200:0:${host % 3}::${host}`].map(address),
  podCidrs: [`10.244.${pods}.0/24`, `fd00:10:244:${pods}::/64`].map((text) => {
    const parsed = parseCidr(text);
    invariant(parsed.ok, text);
    return parsed.value;
  }),
});

const own = {
  name: "own",
  onLink: node("own", 1, 1).internalAddresses.map(({ family, bytes: all }) => ({
    address: {
      family,
      bytes: all.map((byte, at) => (at < (family === "ipv4" ? 3 : 8) ? byte : 0)),
    },
    length: family === "ipv4" ? 24 : 64,
  })),
  uplinkMtu: bytes(1500),
};

/** A node that joins, or is rebuilt or moved when its name is there; or one that leaves; or another overlay. */
type Change =
  | { readonly kind: "node"; readonly name: string; readonly host: number; readonly pods: number }
  | { readonly kind: "leaves"; readonly name: string }
  | { readonly kind: "overlay"; readonly network: Partial<ClusterFacts["network"]> };

const aName = fc.constantFrom("n1", "n2", "n3", "n4");
const aNumber = fc.integer({ min: 2, max: 9 });
const aChange: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("node"), name: aName, host: aNumber, pods: aNumber }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("leaves"), name: aName }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("overlay"),
      network: fc.record({
        overlay: fc.constantFrom("direct", "vxlan"),
        encapsulate: fc.constantFrom("off-link", "always"),
      }),
    }),
  },
);

function after(cluster: ClusterFacts, change: Change): ClusterFacts {
  if (change.kind === "overlay") {
    return { ...cluster, network: { ...cluster.network, ...change.network } };
  }
  const rest = cluster.nodes.filter(({ name }) => name !== change.name);
  if (change.kind === "leaves") return { ...cluster, nodes: rest };
  // No two nodes have one prefix: the one that had it is gone.
  const pods = `10.244.${change.pods}.0`;
  const others = rest.filter(({ podCidrs }) =>
    podCidrs.every((cidr) => formatAddress(cidr.address) !== pods),
  );
  return { ...cluster, nodes: [...others, node(change.name, change.host, change.pods)] };
}

const reconciled = (state: NodeState, cluster: ClusterFacts): NodeState =>
  plan(state, intendNode(cluster, own, [])).reduce(simulateStep, state);

/** What leads to other nodes, in no order. */
const ways = ({ routes, neighbours, tunnel, forwarding }: NodeState): readonly string[] =>
  [...routes, ...neighbours, ...forwarding, { tunnel }]
    .map((each) => JSON.stringify(each))
    .toSorted();

test("after any changes a node has exactly what the last set of nodes means", () => {
  const first: ClusterFacts = { nodes: [node("own", 1, 1)], network: DEFAULT_NETWORK };
  fc.assert(
    fc.property(fc.array(aChange, { maxLength: 12 }), (changes) => {
      let cluster = first;
      let state = reconciled(emptyNode, cluster);
      for (const change of changes) {
        cluster = after(cluster, change);
        state = reconciled(state, cluster);
      }
      expect(plan(state, intendNode(cluster, own, []))).toEqual([]);
      expect(ways(state)).toEqual(ways(reconciled(emptyNode, cluster)));
      const prefixes = cluster.nodes.filter(({ name }) => name !== "own").length * 2;
      expect(state.routes).toHaveLength(prefixes);
    }),
    { numRuns: 500 },
  );
}, 60_000);
