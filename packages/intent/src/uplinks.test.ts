/** How links to other nodes are shared out among the pods of a node (U2, decision 24). */
import { bitsPerSecond, bytes, parseAddress } from "@seam/base";
import { MOST_GUARANTEES } from "@seam/state";
import { expect, test } from "vitest";

import { type ClusterFacts, DEFAULT_NETWORK, type OwnNode } from "./network.ts";
import { uplinksOf } from "./uplinks.ts";

const own: OwnNode = {
  name: "n1",
  onLink: [],
  uplinkMtu: bytes(1500),
  uplinks: ["up0", "up1"].map((device) => ({ device, capacity: bitsPerSecond(1e9) })),
};
const cluster = (overlay: "direct" | "vxlan"): ClusterFacts => {
  const parsed = parseAddress("10.0.0.1");
  const internalAddresses = parsed.ok ? [parsed.value] : [];
  const nodes = [{ name: "n1", internalAddresses, podCidrs: [] }];
  return { nodes, network: { ...DEFAULT_NETWORK, overlay } };
};
const pod = (device: string, uid: string, rate = 1e8) => ({
  device,
  guarantee: { pod: uid, rate: bitsPerSecond(rate) },
});

test("each link gives each pod what is reserved for it, once for all of its interfaces", () => {
  const endpoints = [
    pod("seam2", "a"),
    pod("seam1", "a"),
    pod("seam3", "b", 5e7),
    { device: "seam4" },
  ];
  const shared = uplinksOf(cluster("direct"), own, endpoints);
  expect(shared.map(({ device }) => device)).toEqual(["up0", "up1"]);
  for (const { guarantees } of shared)
    expect(guarantees).toEqual([
      { devices: ["seam1", "seam2"], rate: 1e8 },
      { devices: ["seam3"], rate: 5e7 },
    ]);
});

test("what an overlay adds to a pod's frames is not taken from the pod", () => {
  const [shared] = uplinksOf(cluster("vxlan"), own, [pod("seam1", "a")]);
  const rate = shared?.guarantees[0]?.rate ?? 0;
  expect(rate).toBeCloseTo((1e8 * 1514) / 1464, -2);
});

test("a node without pods that have anything reserved leaves its links alone", () => {
  expect(uplinksOf(cluster("direct"), own, [{ device: "seam1", guarantee: null }])).toEqual([]);
  const { uplinks: _, ...unknown } = own;
  expect(uplinksOf(cluster("direct"), unknown, [pod("seam1", "a")])).toEqual([]);
});

test("of more pods than can be told apart those that came first have their guarantee", () => {
  const many = Array.from({ length: MOST_GUARANTEES + 2 }, (_, at) =>
    pod(`seam${at}`, `u${at}`, 8e4),
  );
  const [shared] = uplinksOf(cluster("direct"), own, many);
  expect(shared?.guarantees).toHaveLength(MOST_GUARANTEES);
  expect(shared?.guarantees.at(-1)?.devices).toEqual([`seam${MOST_GUARANTEES - 1}`]);
});
