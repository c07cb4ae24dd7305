/** The accounts against a count made anew from what is there, over long random sequences of changes (V4, V5, V14). */
import { NO_RATES, type Rates } from "@seam/bandwidth";
import { bitsPerSecond, mbps } from "@seam/base";
import type { BandwidthRequest, ObservedBandwidth, ObservedBandwidthPod } from "@seam/compose";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BandwidthBook, createBandwidthBook } from "./bandwidth-book.ts";

const SILENT = { scheduler: "aware", rates: { ulMbps: mbps(20), dlMbps: mbps(20) } };
const SHARES = {
  local: { ulMbps: mbps(20_000), dlMbps: mbps(20_000) },
  network: { ulMbps: mbps(1000), dlMbps: mbps(1000) },
};
const FACTS = { capacity: SHARES, place: { zone: null, region: null } };
const NODES = ["n0", "n1", "n2"] as const;

const podOf = (
  uid: string,
  wishes: Partial<ObservedBandwidthPod> & { readonly megabits?: number },
): ObservedBandwidthPod => {
  const { megabits = 0, ...rest } = wishes;
  const rate = megabits === 0 ? null : bitsPerSecond(megabits * 1_000_000);
  return {
    namespace: "default",
    name: uid,
    uid,
    ip: "",
    node: null,
    isTerminal: false,
    isOnNodeNetwork: false,
    scheduler: "",
    controller: null,
    annotations: {},
    rates: { ul: rate, dl: rate },
    findings: [],
    conditions: [],
    ...rest,
  };
};

const requestOf = (podUid: string, megabits: number): BandwidthRequest => ({
  podName: podUid,
  namespace: "default",
  podUid,
  linkLocal: false,
  bandwidth: { ulMbps: mbps(megabits), dlMbps: mbps(megabits) },
});

const objectOf = (
  name: string,
  requests: readonly BandwidthRequest[],
): Pick<ObservedBandwidth, "requests"> & ObservedBandwidth => ({
  identity: {
    apiVersion: "networking.vaclab.org/v1",
    kind: "Bandwidth",
    namespace: null,
    name,
    uid: name,
    resourceVersion: "1",
    generation: 1,
    createdAt: 0,
    isDeleted: false,
  },
  finalizers: [],
  owners: [],
  node: name,
  capacity: SHARES,
  filled: SHARES,
  source: "default",
  requests,
  hasReservations: false,
  isTracked: false,
  status: {},
});

const used = (book: BandwidthBook, node: string): string => {
  const account = book.account(node, FACTS);
  const pair = ({ ulMbps, dlMbps }: Rates = NO_RATES): string => `${ulMbps}/${dlMbps}`;
  return `local ${pair(account?.used.local)} network ${pair(account?.used.network)}`;
};

test("what is told twice, late, or before its ReplicaSet is counted once (V4, V14)", () => {
  const book = createBandwidthBook(SILENT);
  const controller = { kind: "ReplicaSet", name: "web-1", uid: "rs" };
  const pods = ["a", "b"].map((uid) => podOf(uid, { node: "n0", megabits: 10, controller }));
  for (const value of [...pods, ...pods]) book.acceptPod({ kind: "set", value });
  // Two pods of one ReplicaSet are siblings, whoever owns it.
  expect(used(book, "n0")).toBe("local 20/20 network 0/0");
  const other = podOf("c", {
    node: "n1",
    megabits: 5,
    controller: { kind: "ReplicaSet", name: "web-2", uid: "rs2" },
  });
  book.acceptPod({ kind: "set", value: other });
  expect(used(book, "n0")).toBe("local 20/20 network 0/0");
  const deployment = { kind: "Deployment", name: "web", uid: "d" };
  const touched = ["rs", "rs2"].flatMap((uid) => [
    ...book.acceptReplicaSet({ kind: "set", value: { uid, controller: deployment } }),
  ]);
  expect(new Set(touched)).toEqual(new Set(["n0", "n1"]));
  expect(used(book, "n0")).toBe("local 20/20 network 20/20");
  expect(used(book, "n1")).toBe("local 5/5 network 5/5");
  // A ReplicaSet goes before its pods do.
  book.acceptReplicaSet({ kind: "deleted", value: { uid: "rs", controller: deployment } });
  book.acceptPod({
    kind: "set",
    value: { ...podOf("a", { node: "n0", megabits: 10, controller }), ip: "10.0.0.1" },
  });
  expect(used(book, "n0")).toBe("local 20/20 network 20/20");
});

describe("requests", () => {
  const at = { ms: 0 };
  const make = (): BandwidthBook => createBandwidthBook(SILENT, () => at.ms);
  const ask = (book: BandwidthBook, node: string, ...uids: readonly string[]): void =>
    void book.acceptBandwidth({
      kind: "set",
      value: objectOf(
        node,
        uids.map((uid) => requestOf(uid, 30)),
      ),
    });

  test.each<[string, Partial<ObservedBandwidthPod> | null, number, boolean]>([
    ["of a pod on its node stand", { node: "n0" }, 100_000, false],
    ["of a pod on another node are stale", { node: "n1" }, 0, true],
    ["of a pod that has ended are stale", { node: "n0", isTerminal: true }, 0, true],
    ["of a pod that waits stand for a minute", {}, 59_000, false],
    ["of a pod that waits longer are stale", {}, 60_000, true],
    ["of a pod that nobody has seen stand for three seconds", null, 2999, false],
    ["of a pod that nobody sees any longer are stale", null, 3000, true],
  ])("%s (V12)", (...row) => {
    const [, pod, afterMs, isStale] = row;
    at.ms = 0;
    const book = make();
    ask(book, "n0", "p");
    if (pod !== null) book.acceptPod({ kind: "set", value: podOf("p", pod) });
    at.ms = afterMs;
    expect(book.staleOn("n0").uids.has("p")).toBe(isStale);
  });

  test("tell when they may turn out to be stale, and are at once when the pod is seen to go (V12)", () => {
    at.ms = 0;
    const book = make();
    ask(book, "n0", "p");
    expect(book.staleOn("n0").next).toBe(3001);
    expect(used(book, "n0")).toBe("local 30/30 network 30/30");
    const pod = podOf("p", { node: "n0", megabits: 7 });
    book.acceptPod({ kind: "set", value: pod });
    // What the pod itself asks for counts from now on.
    expect(used(book, "n0")).toBe("local 7/7 network 7/7");
    expect(book.staleOn("n0").next).toBeNull();
    expect(book.acceptPod({ kind: "deleted", value: pod })).toContain("n0");
    expect([...book.staleOn("n0").uids]).toEqual(["p"]);
    expect(used(book, "n0")).toBe("local 0/0 network 0/0");
  });

  test("of one pod at two nodes count where it was asked last, and outlive a deleted object (V2, V12)", () => {
    at.ms = 0;
    const book = make();
    ask(book, "n0", "p");
    at.ms = 5;
    ask(book, "n1", "p");
    expect(used(book, "n0")).toBe("local 0/0 network 0/0");
    expect(used(book, "n1")).toBe("local 30/30 network 30/30");
    book.acceptBandwidth({ kind: "deleted", value: objectOf("n1", []) });
    expect(used(book, "n1")).toBe("local 30/30 network 30/30");
    expect(book.forget("n1")).toContain("n0");
    expect(used(book, "n1")).toBe("local 0/0 network 0/0");
    expect(used(book, "n0")).toBe("local 30/30 network 30/30");
  });
});

const change = fc.record({
  pod: fc.integer({ min: 0, max: 9 }),
  group: fc.integer({ min: 0, max: 2 }),
  node: fc.option(fc.integer({ min: 0, max: 2 })),
  megabits: fc.integer({ min: 0, max: 300 }),
  isAware: fc.boolean(),
  isTerminal: fc.boolean(),
  isGone: fc.boolean(),
});

test("the accounts are those of what is there, after any sequence of changes (V5, V14, V18)", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const book = createBandwidthBook(SILENT);
      const there = new Map<string, ObservedBandwidthPod>();
      for (const { pod, group, node, megabits, isAware, isTerminal, isGone } of changes) {
        const uid = `p${pod}`;
        const value = podOf(uid, {
          node: node === null ? null : (NODES[node] ?? null),
          megabits,
          isTerminal,
          scheduler: isAware ? "aware" : "other",
          controller:
            group === 0 ? null : { kind: "StatefulSet", name: `s${group}`, uid: `s${group}` },
        });
        book.acceptPod({ kind: isGone ? "deleted" : "set", value: there.get(uid) ?? value });
        if (isGone) there.delete(uid);
        else {
          book.acceptPod({ kind: "set", value });
          there.set(uid, value);
        }
      }
      for (const node of NODES) expect(used(book, node)).toBe(counted([...there.values()], node));
    }),
    { numRuns: 300 },
  );
});

/** The same by definition: local is all of the node's, network all but groups of at least two that are on it alone. */
function counted(pods: readonly ObservedBandwidthPod[], node: string): string {
  const live = pods.filter((pod) => pod.node !== null && !pod.isTerminal);
  const rateOf = ({ rates, scheduler }: ObservedBandwidthPod): number =>
    rates.ul === null ? (scheduler === SILENT.scheduler ? 20 : 0) : rates.ul / 1_000_000;
  const mine = live.filter((pod) => pod.node === node);
  const isLocal = (pod: ObservedBandwidthPod): boolean => {
    const siblings = live.filter(
      ({ controller }) => controller !== null && controller.uid === pod.controller?.uid,
    );
    return siblings.length > 1 && siblings.every((each) => each.node === node);
  };
  const sum = (of: readonly ObservedBandwidthPod[]): number =>
    of.reduce((total, pod) => total + rateOf(pod), 0);
  const [local, network] = [sum(mine), sum(mine.filter((pod) => !isLocal(pod)))];
  return `local ${local}/${local} network ${network}/${network}`;
}
