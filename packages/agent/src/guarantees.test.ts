/** Where reservations are guaranteed, and what is said where they are not (U2, U3). */
import { bitsPerSecond, mbps } from "@seam/base";
import { expect, test } from "vitest";

import { type GuaranteeScene, guaranteesOf } from "./guarantees.ts";
import type { NodeBandwidth } from "./node-bandwidth.ts";

const bandwidth = (source: NodeBandwidth["source"], ...megabits: number[]): NodeBandwidth => ({
  capacity: bitsPerSecond(1e9),
  source,
  reserved: new Map(megabits.map((each, at) => [`uid-${at}`, bitsPerSecond(each * 1e6)])),
});
const up0 = { device: "up0", foreign: null, speed: null };
const scene: GuaranteeScene = {
  mode: "configured",
  replaceQueues: false,
  nodeName: "n1",
  bandwidth: bandwidth("node", 100),
  pods: 1,
  uplinks: [up0],
};
const shared = (capacity = 1e9, device = "up0"): object => ({ device, capacity });

test.each<[string, Partial<GuaranteeScene>, readonly object[] | undefined, readonly string[]]>([
  ["an annotation of the node says what it can send", {}, [shared()], []],
  ["somebody wrote it into the object", { bandwidth: bandwidth("object") }, [shared()], []],
  ["the card alone says it", { bandwidth: bandwidth("card") }, [], ["CapacityUnknown"]],
  ["the card's word counts", { bandwidth: bandwidth("card"), mode: "known" }, [shared()], []],
  ["nobody knows", { bandwidth: bandwidth("default"), mode: "known" }, [], ["CapacityUnknown"]],
  ["nothing is known yet", { bandwidth: null }, undefined, []],
  ["it is off", { mode: "off", bandwidth: null }, [], ["GuaranteesOff"]],
  ["no pod has anything reserved", { pods: 0, bandwidth: bandwidth("default") }, [], []],
  ["no link leads to others", { uplinks: [] }, [], ["NoUplink"]],
  [
    "there are several links, and one is slower",
    {
      uplinks: [up0, { device: "up1", foreign: null, speed: mbps(100) }],
      bandwidth: bandwidth("node", 1),
    },
    [shared(), shared(1e8, "up1")],
    [],
  ],
  [
    "one of them is somebody else's",
    { uplinks: [up0, { ...up0, device: "up1", foreign: "fq 8001:" }] },
    [shared()],
    ["QueueOfOthers"],
  ],
  [
    "that may be replaced",
    { uplinks: [{ ...up0, foreign: "fq 8001:" }], replaceQueues: true },
    [shared()],
    [],
  ],
  [
    "more is reserved than fits",
    { bandwidth: bandwidth("node", 913) },
    [shared()],
    ["GuaranteesCut"],
  ],
  ["just as much as fits", { bandwidth: bandwidth("node", 912) }, [shared()], []],
  ["there are more pods than marks", { pods: 256 }, [shared()], ["TooManyGuarantees"]],
])("U2: what is shared out when %s", (...row) => {
  const [, given, uplinks, reasons] = row;
  const decided = guaranteesOf({ ...scene, ...given });
  expect(decided.uplinks).toEqual(uplinks);
  expect(decided.lacks.map(({ reason }) => reason)).toEqual(reasons);
});

test("U3: each lack says what to do", () => {
  const said = (given: Partial<GuaranteeScene>): string =>
    guaranteesOf({ ...scene, ...given })
      .lacks.map(({ message }) => message)
      .join();
  expect(said({ bandwidth: bandwidth("default") })).toContain(
    "kubectl annotate node n1 seam.ucsd.edu/network-bandwidth=1G",
  );
  expect(said({ bandwidth: bandwidth("card") })).toContain(
    "seam.ucsd.edu/network-bandwidth=1000M, or let the card's word count: agent.guarantees.capacity=known",
  );
  expect(said({ uplinks: [{ ...up0, foreign: "fq 8001:" }] })).toContain(
    "tc qdisc del dev up0 root",
  );
  expect(said({ bandwidth: bandwidth("node", 1000) })).toContain(
    "1000 Mbit/s reserved, and 912 of the link's 1000",
  );
});
