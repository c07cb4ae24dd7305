/** What a node and its Bandwidth mean together, which capacity counts, and what is said of it. */
import type { NodeAccount, Rates, Shares } from "@seam/bandwidth";
import { mbps } from "@seam/base";
import { child, isJson, type Json, type KubeObject } from "@seam/kube";
import { describe, expect, test } from "vitest";
import {
  type BandwidthScene,
  capacityOf,
  countedCapacity,
  judgeHeld,
  judgeOther,
  newBandwidth,
  observeBandwidth,
  type ObservedNode,
  observeNode,
  patchOf,
  releasePatchOf,
  standingOf,
} from "./index.ts";

const rates = (ul: number, dl = ul): Rates => ({ ulMbps: mbps(ul), dlMbps: mbps(dl) });
const DEFAULTS: Shares = { local: rates(20_000), network: rates(1000) };
const FILLED = "seam.ucsd.edu/filled-capacity";

const node = (annotations: object = {}): ObservedNode =>
  observeNode({ apiVersion: "v1", kind: "Node", metadata: { name: "n1", uid: "u1", annotations } });

const object = (spec: object, metadata: object = {}, status: object = {}): KubeObject => ({
  apiVersion: "networking.vaclab.org/v1",
  kind: "Bandwidth",
  metadata: { name: "n1", uid: "b1", resourceVersion: "7", ...metadata },
  spec,
  status,
});

const SOURCES = { linkSpeed: null, defaults: DEFAULTS };
const OWNER = { apiVersion: "v1", kind: "Node", name: "n1", uid: "u1" };
const scene = (of: KubeObject | null, others: Partial<BandwidthScene> = {}): BandwidthScene => ({
  name: "n1",
  node: node(),
  bandwidth: of === null ? null : observeBandwidth(of),
  linkSpeed: null,
  defaults: DEFAULTS,
  ...others,
});

test.each<[string, BandwidthScene, string]>([
  ["nothing", scene(null, { node: null }), "absent"],
  ["a node alone", scene(null), "missing"],
  ["both", scene(object({ node: "n1" })), "held"],
  ["both, without the node's name (V1)", scene(object({})), "held"],
  ["an object that somebody made", scene(object({}), { node: null }), "waiting"],
  [
    "an object whose node is gone (V2)",
    scene(object({}, { ownerReferences: [OWNER] }), { node: null }),
    "orphaned",
  ],
  ["an object of another node (V2)", scene(object({ node: "n2" })), "misnamed"],
  [
    "an object of another node, that there is none of",
    scene(object({ node: "n2" }), { node: null }),
    "misnamed",
  ],
  ["an object that goes", scene(object({}, { deletionTimestamp: "now" })), "leaving"],
])("%s", (...row) => {
  const [, given, kind] = row;
  expect(standingOf(given).kind).toBe(kind);
});

describe("capacity (V3)", () => {
  test.each<[string, object, number | null, Shares]>([
    ["the defaults", {}, null, DEFAULTS],
    ["the network card", {}, 2500, { local: rates(20_000), network: rates(2500) }],
    [
      "a fast card, which lifts what leads to it",
      {},
      100_000,
      { local: rates(100_000), network: rates(100_000) },
    ],
    [
      "an annotation",
      { "seam.ucsd.edu/network-bandwidth": "10G/2500M" },
      2500,
      { local: rates(20_000), network: rates(10_000, 2500) },
    ],
    [
      "a fast annotation",
      { "seam.ucsd.edu/network-bandwidth": "40G" },
      null,
      { local: rates(40_000), network: rates(40_000) },
    ],
    [
      "both annotations",
      { "seam.ucsd.edu/network-bandwidth": "1T", "seam.ucsd.edu/local-bandwidth": "5G" },
      1,
      { local: rates(5000), network: rates(1_000_000) },
    ],
  ])("is %s", (...row) => {
    const [, annotations, speed, capacity] = row;
    const linkSpeed = speed === null ? null : mbps(speed);
    expect(capacityOf(node(annotations), { linkSpeed, defaults: DEFAULTS })).toEqual(capacity);
  });

  test.each(["0", "0G", "10", "10Gbps", "-1G", "1.5G", "G", "1G/", "1G/0M", "1G/2G/3G", " 1G", ""])(
    "of %j in an annotation is a fault that says what is expected",
    (text) => {
      const { configured, faults } = node({ "seam.ucsd.edu/local-bandwidth": text });
      expect(configured.local).toBeNull();
      expect(faults).toEqual([
        `annotation seam.ucsd.edu/local-bandwidth of node n1: expected a rate above 0 with M, G or T for bit/s, or one for each of uplink and downlink, for example 10G or 10G/2500M; found ${JSON.stringify(text)}`,
      ]);
    },
  );

  test.each<[string, object, object | undefined, number, Shares]>([
    [
      "what somebody wrote stays",
      { network: rates(7) },
      undefined,
      2500,
      { local: rates(20_000), network: rates(7) },
    ],
    [
      "what was filled in follows",
      { local: rates(20_000), network: rates(1000) },
      { local: rates(20_000), network: rates(1000) },
      2500,
      { local: rates(20_000), network: rates(2500) },
    ],
    [
      "what was filled in and then changed stays",
      { local: rates(20_000), network: rates(300) },
      { local: rates(20_000), network: rates(1000) },
      2500,
      { local: rates(20_000), network: rates(300) },
    ],
    [
      "what somebody wrote stays, also when it is what the node had",
      { local: rates(20_000), network: rates(1000) },
      { local: rates(20_000), network: null },
      2500,
      { local: rates(20_000), network: rates(1000) },
    ],
  ])("%s", (...row) => {
    const [, capacity, filled, speed, counted] = row;
    const annotations = filled === undefined ? {} : { [FILLED]: JSON.stringify(filled) };
    const given = scene(object({ capacity }, { annotations }), { linkSpeed: mbps(speed) });
    const standing = standingOf(given);
    expect(standing.kind === "held" ? countedCapacity(standing, given) : null).toEqual(counted);
  });
});

const patchFor = (given: BandwidthScene, ...stale: readonly string[]): unknown => {
  const standing = standingOf(given);
  return standing.kind === "held" ? patchOf(standing, given, new Set(stale)) : standing.kind;
};

const SEAM_UPDATES = { manager: "node", operation: "Update", subresource: "status" };
const SEAM_APPLIES = { manager: "seam-controller", operation: "Apply", subresource: "status" };

describe("an object is made whole", () => {
  const request = {
    podName: "p",
    namespace: "default",
    podUid: "u",
    linkLocal: false,
    bandwidth: rates(5),
  };
  const made = newBandwidth(node(), SOURCES, []);
  const whole = { ...made, metadata: { ...made.metadata, uid: "b1", resourceVersion: "7" } };

  test("and one that was just made is", () => {
    expect(patchFor(scene(whole))).toBeNull();
  });

  test("from the README's form, in one write that fails when it is not the latest (V1, V12)", () => {
    expect(patchFor(scene(object({ reservations: [] })))).toEqual({
      metadata: {
        uid: "b1",
        resourceVersion: "7",
        annotations: {
          [FILLED]: JSON.stringify(DEFAULTS),
          "seam.ucsd.edu/network-capacity-from": "default",
        },
        ownerReferences: [OWNER],
      },
      spec: { node: "n1", capacity: DEFAULTS, requests: [], reservations: null },
    });
  });

  test.each<[string, object, object, number | null, string]>([
    ["nobody", {}, {}, null, "default"],
    ["a card", {}, {}, 2500, "card"],
    ["an annotation", {}, { "seam.ucsd.edu/network-bandwidth": "10G" }, 2500, "node"],
    [
      "somebody who wrote it",
      { network: rates(7) },
      { "seam.ucsd.edu/network-bandwidth": "10G" },
      2500,
      "object",
    ],
  ])("and tells that its network's capacity is from %s (V3)", (...row) => {
    const [, capacity, annotations, speed, source] = row;
    const linkSpeed = speed === null ? null : mbps(speed);
    const given = scene(object({ capacity }), { linkSpeed, node: node(annotations) });
    expect(patchFor(given)).toMatchObject({
      metadata: { annotations: { "seam.ucsd.edu/network-capacity-from": source } },
    });
  });

  test("without stale requests, with all others as they are (V12)", () => {
    const spec = {
      node: "n1",
      capacity: DEFAULTS,
      requests: [request, { ...request, podUid: "v" }],
    };
    const of = scene({ ...whole, spec });
    expect(patchFor(of)).toBeNull();
    expect(patchFor(of, "v")).toMatchObject({ spec: { requests: [request] } });
  });

  test("when its node is another one of the name; other owners stay (V2)", () => {
    const other = { apiVersion: "v1", kind: "ConfigMap", name: "c", uid: "c" };
    const ownerReferences = [{ ...OWNER, uid: "older" }, other];
    expect(patchFor(scene(object({}, { ownerReferences })))).toMatchObject({
      metadata: { ownerReferences: [other, OWNER] },
    });
  });

  test.each<[string, readonly object[], unknown]>([
    ["nobody is on record", [], null],
    ["this controller and a scheduler are on record", [SEAM_UPDATES, SEAM_APPLIES], [{}]],
    ["somebody edited it", [{ manager: "kubectl-edit", operation: "Update" }], [{}]],
    ["somebody applied it", [SEAM_UPDATES, { manager: "kubectl", operation: "Apply" }], null],
  ])("and when %s, the record of who set its fields becomes %j (V4)", (...row) => {
    const [, managedFields, becomes] = row;
    const patch = patchFor(scene({ ...whole, metadata: { ...whole.metadata, managedFields } }));
    expect(isJson(patch) ? child(patch, "metadata")["managedFields"] : patch).toEqual(becomes);
  });

  test("with the requests of the pods that are there (V2)", () => {
    const workload = { ip: "", deploymentType: "Pod", deploymentName: "p", deploymentUid: "u" };
    const reservation = { podName: "p", namespace: "default", podUid: "u", ...workload };
    const local = { ...reservation, bandwidth: { local: rates(5), network: rates(0) } };
    const both = { ...reservation, bandwidth: { local: rates(5), network: rates(5) } };
    expect(newBandwidth(node(), SOURCES, [local, both])["spec"]).toMatchObject({
      requests: [{ ...request, linkLocal: true }, request],
    });
  });

  test("and let go when only vaclab's own operator holds it", () => {
    const [own, others] = ["finalizer.bandwidth.vaclab.org", "example.org/other"];
    const patch = (...finalizers: readonly string[]): unknown =>
      releasePatchOf(observeBandwidth(object({}, { finalizers })));
    expect(patch(others)).toBeNull();
    expect(patch(own, others)).toMatchObject({ metadata: { finalizers: [others] } });
  });
});

describe("what is said (V15, V16)", () => {
  const account = (excessMbps = 0): NodeAccount => ({
    capacity: DEFAULTS,
    used: DEFAULTS,
    remaining: DEFAULTS,
    reservations: [],
    overcommitted: excessMbps === 0 ? [] : [{ resource: "network", direction: "dl", excessMbps }],
  });
  const judged = (before: object, excessMbps = 0, annotations: object = {}): string => {
    const of = scene(object({}, {}, before), { node: node(annotations) });
    const standing = standingOf(of);
    if (standing.kind !== "held") return standing.kind;
    const { status, news } = judgeHeld(standing, account(excessMbps), null);
    const told = news.map(({ severity, reason }) => `${severity} ${reason}`);
    return [status["status"], ...told].join("; ");
  };
  const failed = "Warning vaclab_node_bandwidth_failed";
  const wrong = { "seam.ucsd.edu/local-bandwidth": "0" };
  const overcommitted =
    "pods have 1005 of 1000 Mbit/s network downlink; no other gets any of it here until some of them are gone";

  test.each<[string, object, number, object, string]>([
    ["nothing before", {}, 0, {}, "Created; Normal vaclab_node_bandwidth_created"],
    ["the same before", { status: "Created", errorReason: "" }, 0, {}, "Created"],
    [
      "an error before (V15)",
      { status: "Error", errorReason: "x" },
      0,
      {},
      "Created; Normal vaclab_node_bandwidth_created",
    ],
    ["an error now", { status: "Created" }, 0, wrong, `Error; ${failed}`],
    ["another error now", { status: "Error", errorReason: "x" }, 0, wrong, `Error; ${failed}`],
    [
      "the same error",
      { status: "Error", errorReason: node(wrong).faults.join() },
      0,
      wrong,
      "Error",
    ],
    ["too much now", { status: "Created", errorReason: "" }, 5, {}, `Created; ${failed}`],
    [
      "too much, and less of it, before",
      { status: "Created", errorReason: overcommitted },
      9,
      {},
      "Created",
    ],
  ])("with %s", (...row) => {
    const [, before, excessMbps, annotations, said] = row;
    expect(judged(before, excessMbps, annotations)).toBe(said);
  });

  test("is how much is too much", () => {
    expect(statusOf(scene(object({})), account(5))["errorReason"]).toBe(overcommitted);
  });

  test.each<[string, BandwidthScene, object]>([
    [
      "waits for its node",
      scene(object({}), { node: null }),
      { status: "Creating", errorReason: "" },
    ],
    ["goes", scene(object({}, { deletionTimestamp: "now" })), { status: "Deleting" }],
    ["is another node's", scene(object({ node: "n2" })), { status: "Error" }],
  ])("of an object that %s has no figures", (...row) => {
    const [, given, said] = row;
    const status = statusOf(given, account());
    expect(status).toMatchObject(said);
    expect(status).not.toHaveProperty("remaining");
  });
});

function statusOf(given: BandwidthScene, account: NodeAccount): Json {
  const standing = standingOf(given);
  if (standing.kind === "absent" || standing.kind === "missing") return {};
  return standing.kind === "held"
    ? judgeHeld(standing, account, null).status
    : judgeOther(standing).status;
}
