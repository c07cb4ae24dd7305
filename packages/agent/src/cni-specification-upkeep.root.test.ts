/**
 * The CNI specification 1.1.0, sentence by sentence, as in `cni-specification.root.test.ts`: CHECK, STATUS, VERSION,
 * GC, and calls at the same time.
 */
import { isJson, type Json } from "@seam/kube";
import { expect, test } from "vitest";

import { adoptInterfaces } from "./adopt.ts";
import { listAt } from "./json.ts";
import { cidr, inPod } from "./node.fixture.ts";
import {
  devices,
  environmentOf,
  fine,
  onNode,
  refused,
  type Sentence,
  useSpecification,
  withPods,
} from "./specification.fixture.ts";
import { openStore } from "./store.ts";

/** Named like a pod's link. */
const FIXED = "seam0000000000f";

const { node, shim, added, check, collect } = useSpecification();

const valid = (...ids: readonly string[]): Json => ({
  "cni.dev/valid-attachments": ids.map((containerID) => ({ containerID, ifname: "eth0" })),
});

const sentences: readonly Sentence[] = [
  {
    section: "2 CHECK",
    says: "prevResult tells what is expected, so without it there is nothing to check",
    proof: async () => {
      await added();
      for (const prevResult of [undefined, "x", null]) {
        expect(await check(prevResult)).toEqual(refused(7, "prevResult"));
      }
    },
  },
  {
    section: "2 CHECK",
    says: "it works right after ADD, and answers with nothing",
    proof: async () => {
      for (const cniVersion of ["0.4.0", "1.0.0", "1.1.0"]) {
        expect(await check(await added({ cniVersion }), { cniVersion })).toEqual(fine);
        await shim.call("DEL");
      }
    },
  },
  {
    section: "2 CHECK",
    says: "what later plug-ins of the chain changed is allowed",
    proof: async () => {
      const result = await added();
      inPod("link", "set", "eth0", "address", "02:00:00:00:00:99");
      inPod("link", "set", "eth0", "mtu", "1300");
      inPod("addr", "add", "192.168.9.9/32", "dev", "eth0");
      inPod("route", "add", "192.168.0.0/16", "dev", "eth0");
      inPod("route", "del", "default");
      const changed = listAt(result, "interfaces")
        .filter(isJson)
        .map((each) => (each["name"] === "eth0" ? { ...each, mac: "02:00:00:00:00:99" } : each));
      const kept = listAt(result, "routes").filter(
        (each) => isJson(each) && each["dst"] !== "0.0.0.0/0",
      );
      expect(await check({ ...result, interfaces: changed, routes: kept })).toEqual(fine);
    },
  },
  {
    section: "2 CHECK",
    says: "it is an error when a reservation is missing: of an address, of the whole container (5 code 3)",
    proof: async () => {
      const result = await added();
      const [attachment] = node.store.attachments();
      node.store.put({ ...attachment!, addresses: attachment!.addresses.slice(1) });
      expect(await check(result)).toMatchObject({
        document: { code: 101, details: "the address 10.244.7.1 is not reserved for it" },
      });
      node.store.remove(attachment!.device);
      expect(await check(result)).toEqual(refused(3, "container c1 is unknown"));
      await shim.call("DEL");
    },
  },
  {
    section: "2 STATUS",
    says: "it succeeds when ADD can be served, and says nothing",
    proof: async () => {
      expect(await shim.call("STATUS")).toEqual(fine);
    },
  },
  {
    section: "2 STATUS",
    says: "it is error 50 when ADD cannot be served: no pod prefixes, no address left",
    proof: async () => {
      node.podCidrs = [];
      expect(await shim.call("STATUS")).toEqual(refused(50, "no pod prefixes"));
      expect(await shim.call("ADD")).toEqual(refused(11, "no pod prefixes"));
      node.podCidrs = [cidr("10.244.8.0/31")];
      expect(await shim.call("STATUS")).toEqual(refused(50, "all 0 addresses"));
    },
  },
  {
    section: "2 STATUS",
    says: "it is error 51 when running containers suffer as well: nobody has routes to them",
    proof: async () => {
      await added();
      node.podCidrs = [];
      expect(await shim.call("STATUS")).toEqual(refused(51, "no pod prefixes"));
    },
  },
  {
    section: "2 STATUS",
    says: "other commands come also while it fails, and without it",
    proof: async () => {
      const result = await added();
      node.podCidrs = [];
      expect(await check(result)).toEqual(fine);
      expect(await shim.call("DEL")).toEqual(fine);
    },
  },
  {
    section: "2 VERSION, 5 VERSION success",
    says: "the answer has the version that came in, and all that are supported",
    proof: async () => {
      const supportedVersions = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];
      for (const cniVersion of ["0.1.0", "0.4.0", "1.0.0", "1.1.0"]) {
        const input = JSON.stringify({ cniVersion });
        const env = { CNI_CONTAINERID: null, CNI_NETNS: null, CNI_IFNAME: null, CNI_PATH: null };
        expect(await shim.call("VERSION", { env, input })).toEqual({
          code: 0,
          document: { cniVersion, supportedVersions },
        });
      }
      expect(await shim.call("VERSION", { input: "" })).toMatchObject({ code: 0 });
    },
  },
  {
    section: "2 GC",
    says: "what is in the list stays, what is not is removed, and success says nothing",
    proof: async () => {
      await added();
      expect(await collect(valid("c1", "c2"))).toEqual(fine);
      expect(devices()).toHaveLength(1);
      expect(await collect(valid("c2"))).toEqual(fine);
      expect([...devices(), ...node.store.attachments()]).toEqual([]);
    },
  },
  {
    section: "2 GC",
    says: "the list is under cni.dev/valid-attachments, as of old under cni.dev/attachments; empty may be null",
    proof: async () => {
      await added();
      expect(
        await collect({ "cni.dev/attachments": [{ containerID: "c1", ifname: "eth0" }] }),
      ).toEqual(fine);
      expect(await collect({ ...valid("c1"), "cni.dev/attachments": [] })).toEqual(fine);
      expect(devices()).toHaveLength(1);
      expect(await collect({ "cni.dev/valid-attachments": null })).toEqual(fine);
      expect(devices()).toEqual([]);
    },
  },
  {
    section: "2 GC",
    says: "a list that is missing or cannot be read removes nothing",
    proof: async () => {
      await added();
      for (const list of [undefined, {}, "x", [7], [{ containerID: "c1" }], [{ ifname: "eth0" }]]) {
        expect(await collect({ "cni.dev/valid-attachments": list })).toEqual(
          refused(7, "cni.dev/valid-attachments"),
        );
      }
      expect(devices()).toHaveLength(1);
    },
  },
  {
    section: "2 GC",
    says: "attachments of another network are not this list's to judge",
    proof: async () => {
      await added({ name: "other" });
      expect(await collect(valid())).toEqual(fine);
      expect(devices()).toHaveLength(1);
      expect(await collect({ ...valid(), name: "other" })).toEqual(fine);
      expect(devices()).toEqual([]);
    },
  },
  {
    section: "2 GC",
    says: "as much as possible is removed: also what was rebuilt from the kernel, and what has no record",
    proof: async () => {
      await withPods(["p1", "p2"], async () => {
        for (const id of ["p1", "p2"]) await shim.call("ADD", { env: environmentOf(id) });
        const before = node.store;
        node.store = openStore(":memory:");
        before[Symbol.dispose]();
        expect(adoptInterfaces(node.store)).toMatchObject({ ok: true });
        expect(node.store.attachments()).toMatchObject([{ containerId: "" }, { containerId: "" }]);
        expect(await collect(valid("p1"))).toEqual(fine);
        expect(devices()).toHaveLength(1);
        node.store.remove(devices()[0]!);
        expect(await collect(valid())).toEqual(fine);
        expect(devices()).toEqual([]);
      });
    },
  },
  {
    section: "2 GC",
    says: "an error does not stop it, and is reported",
    proof: async () => {
      await added();
      // A loopback device can be renamed while it is down, and never be deleted.
      onNode("link", "set", "lo", "down");
      onNode("link", "set", "lo", "name", FIXED);
      onNode("link", "add", "seamfffffffffff", "type", "veth", "peer", "name", "peer0");
      try {
        expect(await collect(valid())).toMatchObject({
          code: 1,
          document: { code: 101, details: expect.stringContaining(`${FIXED}: delete the link`) },
        });
        expect(devices()).toEqual([FIXED]);
        expect(node.store.attachments()).toEqual([]);
      } finally {
        onNode("link", "set", FIXED, "name", "lo");
        onNode("link", "set", "lo", "group", "default");
        onNode("link", "set", "lo", "up");
        onNode("addr", "replace", "fd00:200::7/128", "dev", "lo");
      }
    },
  },
  {
    section: "3 lifecycle",
    says: "calls for different containers at the same time are handled",
    proof: async () => {
      const ids = ["p1", "p2", "p3", "p4", "p5", "p6"];
      await withPods(ids, async () => {
        const answers = await Promise.all(
          ids.map(async (id) => shim.call("ADD", { env: environmentOf(id) })),
        );
        const given = answers
          .flatMap(({ document }) => listAt(document, "ips"))
          .map((each) => isJson(each) && each["address"]);
        expect(new Set(given).size).toBe(2 * ids.length);
        await Promise.all(ids.map(async (id) => shim.call("DEL", { env: environmentOf(id) })));
        expect([...devices(), ...node.store.attachments()]).toEqual([]);
      });
    },
  },
];

test.each(sentences)("section $section: $says", async ({ proof }) => {
  await expect(proof()).resolves.toBeUndefined();
});

const breakages: readonly (readonly [string, () => string, string])[] = [
  ["the pod's link is down", () => inPod("link", "set", "eth0", "down"), "eth0 of the pod is down"],
  ["the node's link is down", () => onNode("link", "set", devices()[0]!, "down"), "is down"],
  ["the link is gone", () => inPod("link", "del", "eth0"), "eth0 of the pod is missing"],
  [
    "an IPv4 address is missing",
    () => inPod("addr", "del", "10.244.7.1/32", "dev", "eth0"),
    "lacks the address 10.244.7.1",
  ],
  [
    "an IPv6 address is missing",
    () => inPod("addr", "del", "fd00:7::1/128", "dev", "eth0"),
    "lacks the address fd00:7::1",
  ],
  ["a route is missing", () => inPod("route", "del", "default"), "lacks the route to 0.0.0.0/0"],
  [
    "an IPv6 route is missing",
    () => inPod("-6", "route", "del", "default"),
    "lacks the route to ::/0",
  ],
  [
    "the MAC address is another",
    () => inPod("link", "set", "eth0", "address", "02:00:00:00:00:99"),
    "eth0 of the pod has the MAC address 02:00:00:00:00:99 instead of",
  ],
  [
    "the node has no route to the pod, which is unreachable",
    () => onNode("route", "del", "10.244.7.1/32"),
    "lacks the route to 10.244.7.1/32",
  ],
];

test.each(breakages)("section 2 CHECK: it is an error when %s", async (_, breakIt, words) => {
  const result = await added();
  breakIt();
  expect(await check(result)).toMatchObject({
    code: 1,
    document: { code: 101, details: expect.stringContaining(words) },
  });
});
