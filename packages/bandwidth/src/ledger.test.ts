/** V3, V4, V5, V6, V10, V14: the ledger by examples. */
import { expect, test } from "vitest";

import { explainMisfit, type Misfit } from "./fit.ts";
import { node, on, pod, rates } from "./ledger.fixture.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import type { LedgerRules } from "./model.ts";

const ledgerOf = (networks: Readonly<Record<string, number>>, rules?: LedgerRules): Ledger => {
  const ledger = createLedger(rules);
  for (const [name, network] of Object.entries(networks)) ledger.setNode(name, node(network));
  return ledger;
};
const usedOn = (ledger: Ledger, name: string): string => {
  const { local, network } = ledger.account(name)!.used;
  return `local ${local.ulMbps}/${local.dlMbps} network ${network.ulMbps}/${network.dlMbps}`;
};
const said = (misfits: readonly Misfit[]): readonly string[] => misfits.map(explainMisfit);

test("V4: a pod's start shows in the account, its end restores it exactly", () => {
  const ledger = ledgerOf({ n1: 1000 });
  const before = ledger.account("n1");
  const web = { ...on("n1", pod("web", rates(100, 50))), ip: "10.244.1.5" };
  expect(ledger.setPod(web)).toEqual(["n1"]);
  expect(ledger.account("n1")).toEqual({
    capacity: { local: rates(20_000), network: rates(1000) },
    used: { local: rates(100, 50), network: rates(100, 50) },
    remaining: { local: rates(19_900, 19_950), network: rates(900, 950) },
    reservations: [
      {
        podName: "web",
        namespace: "lab",
        podUid: "uid-web",
        ip: "10.244.1.5",
        deploymentType: "Pod",
        deploymentName: "web",
        deploymentUid: "uid-web",
        bandwidth: { local: rates(100, 50), network: rates(100, 50) },
      },
    ],
    overcommitted: [],
  });
  expect(ledger.setPod(web)).toEqual([]);
  expect(ledger.removePod("uid-web")).toEqual(["n1"]);
  expect(ledger.account("n1")).toEqual(before);
});

test("V5: a pod that has ended uses nothing, and is nobody's sibling", () => {
  const ledger = ledgerOf({ n1: 1000 });
  ledger.setPod(on("n1", pod("a", rates(10), "job")));
  ledger.setPod({ ...on("n1", pod("b", rates(10), "job")), isTerminal: true });
  expect(usedOn(ledger, "n1")).toBe("local 10/10 network 10/10");
  ledger.setPod({ ...pod("c", rates(10), "job") });
  expect(usedOn(ledger, "n1")).toBe("local 10/10 network 10/10");
});

test("V14: siblings on one node use no NIC; a third on another node makes all of them use theirs", () => {
  const ledger = ledgerOf({ n1: 1000, n2: 1000 });
  expect(ledger.setPod(on("n1", pod("a", rates(10), "web")))).toEqual(["n1"]);
  expect(usedOn(ledger, "n1")).toBe("local 10/10 network 10/10");
  ledger.setPod(on("n1", pod("b", rates(20), "web")));
  expect(usedOn(ledger, "n1")).toBe("local 30/30 network 0/0");
  expect(ledger.setPod(on("n2", pod("c", rates(5), "web")))).toEqual(["n2", "n1"]);
  expect(usedOn(ledger, "n1")).toBe("local 30/30 network 30/30");
  expect(usedOn(ledger, "n2")).toBe("local 5/5 network 5/5");
  expect(ledger.removePod("uid-c")).toEqual(["n2", "n1"]);
  expect(usedOn(ledger, "n1")).toBe("local 30/30 network 0/0");
  ledger.removePod("uid-b");
  expect(usedOn(ledger, "n1")).toBe("local 10/10 network 10/10");
});

test("V14: a sibling elsewhere is refused when those who are there could not use their NIC", () => {
  const ledger = ledgerOf({ n1: 100, n2: 1000 });
  expect(ledger.reserve(on("n1", pod("a", rates(80), "web"))).ok).toBe(true);
  expect(ledger.reserve(on("n1", pod("b", rates(80), "web"))).ok).toBe(true);
  const refused = ledger.reserve(on("n2", pod("c", rates(80), "web")));
  expect(refused.ok ? [] : said(refused.error)).toEqual([
    "node n1 has insufficient network bandwidth (required: ul=160Mbps, remaining: 100Mbps)",
    "node n1 has insufficient network bandwidth (required: dl=160Mbps, remaining: 100Mbps)",
  ]);
});

test("V10: of 100, 500 and 50 Mbit/s free only the second node takes 200", () => {
  const ledger = ledgerOf({ n1: 100, n2: 500, n3: 50 });
  const fits = ledger.fit(pod("a", rates(200, 1)), ["n1", "n2", "n3", "n4"]);
  expect(fits.map(({ node: name, misfits }) => [name, ...said(misfits)])).toEqual([
    ["n1", "node n1 has insufficient network bandwidth (required: ul=200Mbps, remaining: 100Mbps)"],
    ["n2"],
    ["n3", "node n3 has insufficient network bandwidth (required: ul=200Mbps, remaining: 50Mbps)"],
    ["n4", "node n4 has no Bandwidth object yet, or one whose status says Error"],
  ]);
});

test("V10: a pod that will be local only needs no NIC bandwidth", () => {
  const ledger = ledgerOf({ n1: 100 });
  ledger.reserve(on("n1", pod("a", rates(100), "web")));
  expect(ledger.reserve(on("n1", pod("b", rates(900), "web"))).ok).toBe(true);
  expect(usedOn(ledger, "n1")).toBe("local 1000/1000 network 0/0");
});

test("V10: local bandwidth ends too", () => {
  const ledger = createLedger();
  ledger.setNode("n1", node(1000, { zone: null, region: null }, 150));
  ledger.reserve(on("n1", pod("a", rates(100), "web")));
  const [fit] = ledger.fit(pod("b", rates(100, 0), "web"), ["n1"]);
  expect(said(fit!.misfits)).toEqual([
    "node n1 has insufficient local bandwidth (required: ul=100Mbps, remaining: 50Mbps)",
  ]);
});

test("V6: ten pods of 100 fill a NIC of 1000, the eleventh waits until one goes", () => {
  const ledger = ledgerOf({ n1: 1000 });
  const reserved = Array.from({ length: 11 }, (_, index) =>
    ledger.reserve(on("n1", pod(`p${index}`, rates(100)))),
  );
  expect(reserved.filter(({ ok }) => ok)).toHaveLength(10);
  expect(reserved[10]!.ok).toBe(false);
  ledger.release("uid-p3");
  expect(ledger.reserve(on("n1", pod("p10", rates(100)))).ok).toBe(true);
});

test("V6: a reservation holds until the pod's object names a node, which then decides", () => {
  const ledger = ledgerOf({ n1: 1000, n2: 1000 });
  ledger.reserve(on("n1", pod("a", rates(100))));
  ledger.setPod(pod("a", rates(100)));
  expect(usedOn(ledger, "n1")).toBe("local 100/100 network 100/100");
  expect(ledger.nodeOf("uid-a")).toBe("n1");
  ledger.setPod(on("n2", pod("a", rates(100))));
  expect(ledger.nodeOf("uid-a")).toBe("n2");
  expect(usedOn(ledger, "n1")).toBe("local 0/0 network 0/0");
  ledger.release("uid-a");
  expect(usedOn(ledger, "n2")).toBe("local 100/100 network 100/100");
});

test("V6: a pod's own reservation does not stand in its way, nor do pods that are to be evicted", () => {
  const ledger = ledgerOf({ n1: 100 });
  ledger.reserve(on("n1", pod("a", rates(100))));
  expect(ledger.fit(pod("a", rates(100)), ["n1"])[0]!.misfits).toEqual([]);
  expect(ledger.fit(pod("b", rates(100)), ["n1"])[0]!.misfits).toHaveLength(2);
  expect(ledger.fit(pod("b", rates(100)), ["n1"], ["uid-a"])[0]!.misfits).toEqual([]);
  expect(usedOn(ledger, "n1")).toBe("local 100/100 network 100/100");
});

test("V5: what is over capacity is said, and nothing more is placed there", () => {
  const ledger = ledgerOf({ n1: 100 });
  ledger.setPod(on("n1", pod("a", rates(90), "web")));
  ledger.setPod(on("n1", pod("b", rates(90), "web")));
  ledger.setPod(on("n1", pod("c", rates(50))));
  expect(ledger.account("n1")).toMatchObject({ overcommitted: [] });
  ledger.removePod("uid-b");
  const account = ledger.account("n1");
  expect(account?.remaining.network).toEqual(rates(0));
  expect(account?.overcommitted).toEqual([
    { resource: "network", direction: "ul", excessMbps: 40 },
    { resource: "network", direction: "dl", excessMbps: 40 },
  ]);
  expect(ledger.reserve(on("n1", pod("d", rates(1)))).ok).toBe(false);
  expect(ledger.reserve(on("n1", pod("e", rates(0)))).ok).toBe(true);
  expect(ledger.reserve(on("n1", pod("f", rates(1), "web"))).ok).toBe(true);
  expect(ledger.account("n1")).toMatchObject({ overcommitted: [] });
});

test("V2: a node that goes takes its account with it, and comes back with its pods", () => {
  const ledger = ledgerOf({ n1: 1000 });
  ledger.setPod(on("n1", pod("a", rates(10))));
  ledger.removeNode("n1");
  expect(ledger.account("n1")).toBeNull();
  expect(ledger.fit(pod("b", rates(1)), ["n1"])[0]!.misfits).toEqual([
    { kind: "unknown-node", node: "n1" },
  ]);
  ledger.setNode("n1", node(500));
  expect(usedOn(ledger, "n1")).toBe("local 10/10 network 10/10");
  expect(ledger.podsOn("n1").map(({ name }) => name)).toEqual(["a"]);
});

test("V10: under compatible rules local and NIC bandwidth are asked of every pod, and reserving does not look again", () => {
  const ledger = ledgerOf({ n1: 100 }, "compatible");
  ledger.reserve(on("n1", pod("a", rates(100), "web")));
  expect(said(ledger.fit(pod("b", rates(0, 101), "web"), ["n1"])[0]!.misfits)).toEqual([
    "node n1 has insufficient network bandwidth (required: dl=101Mbps, remaining: 0Mbps)",
  ]);
  expect(ledger.reserve(on("n1", pod("c", rates(200)))).ok).toBe(true);
});
