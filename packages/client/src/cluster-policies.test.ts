/** The guide's ClusterNetworkPolicies do what the guide says. */
import { readFileSync } from "node:fs";

import { type Address, parseAddress } from "@seam/base";
import { type End, judge, type Pod, readClusterPolicy } from "@seam/reach";
import { expect, test } from "vitest";

import { readObjects } from "./documents.ts";

const page = new URL("../../../docs/guide/policies.md", import.meta.url);

const address = (text: string): Address => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const pod = (namespace: string, last: number): End => {
  const of: Pod = {
    namespace,
    name: "p",
    labels: {},
    namespaceLabels: { "kubernetes.io/metadata.name": namespace },
    addresses: [address(`10.244.0.${last}`)],
    node: "n1",
    hostNetwork: false,
    ports: [],
  };
  return { kind: "pod", pod: of };
};
const outside = (text: string): End => ({ kind: "address", address: address(text), node: null });

test("the guide's policies for the whole cluster are understood, and do what it says of them", () => {
  const [, text = ""] = /^```yaml\n([\s\S]*?)^```$/m.exec(readFileSync(page, "utf8")) ?? [];
  const documents = readObjects([{ name: "guide", text }]);
  if (!documents.ok) throw new Error(documents.error.message);
  const cluster = documents.value.map((object) => {
    const read = readClusterPolicy(object);
    if (!read.ok) throw new Error(read.error.join());
    return read.value;
  });
  const [a, b] = [pod("lab-a", 1), pod("lab-b", 2)];
  const allowed = (from: End, to: End, port: number): boolean =>
    judge({ from, to, port, protocol: "TCP", family: "ipv4" }, { network: [], cluster }).allowed;
  expect([9090, 22].map((port) => allowed(a, outside("10.9.0.7"), port))).toEqual([true, false]);
  expect(allowed(a, outside("192.0.2.1"), 22)).toBe(true);
  expect([allowed(a, pod("lab-a", 3), 80), allowed(b, a, 80), allowed(a, b, 80)]).toEqual([
    true,
    false,
    true,
  ]);
});
