/** What the tables of the CNI specification share: a row, what is answered, and the calls that most rows make. */
import { isJson, type Json } from "@seam/kube";
import { expect } from "vitest";

import { inPod, links, nodeNetns, run, type TestNode, useTestNode } from "./node.fixture.ts";
import { type Ended, type Shim, useShim } from "./shim.fixture.ts";

/** A sentence of the specification, in our words, and what proves it. */
export type Sentence = {
  readonly section: string;
  readonly says: string;
  readonly proof: () => Promise<void>;
};

/** Success of a command that has nothing to tell. */
export const fine: Ended = { code: 0, document: null };

/** An error of the specification with this code; `words` are in its message. */
export const refused = (code: number, words = ""): Ended => ({
  code: 1,
  document: {
    cniVersion: "1.1.0",
    code,
    msg: expect.stringContaining(words),
    details: expect.any(String),
  },
});

/** `ip` on the node. */
export const onNode = (...argv: readonly string[]): string => run("ip", "-n", nodeNetns, ...argv);

/** Names of the node's ends of pods' links. */
export const devices = (): readonly string[] => links().match(/^seam\w+/gm) ?? [];

/** Variables of a call for one of the pods of `withPods`. */
export const environmentOf = (id: string): { readonly [name: string]: string } => ({
  CNI_CONTAINERID: id,
  CNI_NETNS: `/run/netns/seam-test-pod-${id}`,
});

/** Further namespaces of pods, named by the container, while `work` runs. */
export async function withPods(
  ids: readonly string[],
  work: () => Promise<void> | void,
): Promise<void> {
  const names = ids.map((id) => `seam-test-pod-${id}`);
  for (const name of names) {
    run("sh", "-c", `ip netns del ${name} 2>/dev/null; ip netns add ${name}`);
  }
  try {
    await work();
  } finally {
    for (const name of names) run("ip", "netns", "del", name);
  }
}

/** While `work` runs the pod has an `eth0` that is not Seam's; it must outlive the work. */
export async function withForeignInterface(work: () => Promise<void>): Promise<void> {
  inPod("link", "add", "eth0", "type", "veth", "peer", "name", "foreign");
  const before = inPod("-o", "link", "show", "eth0");
  try {
    await work();
    expect(inPod("-o", "link", "show", "eth0")).toBe(before);
  } finally {
    inPod("link", "del", "eth0");
  }
}

/** A test node with the shim before it, and calls of that. */
export type Specification = {
  readonly node: TestNode;
  readonly shim: Shim;
  /** ADD that must work; its result. */
  readonly added: (config?: Json) => Promise<Json>;
  readonly check: (prevResult: unknown, config?: Json) => Promise<Ended>;
  /** GC as the runtime calls it: for no container. */
  readonly collect: (config: Json) => Promise<Ended>;
};

/** What a file of rows works on. */
export function useSpecification(): Specification {
  const node = useTestNode();
  const shim = useShim(node);
  const nobody = { CNI_CONTAINERID: null, CNI_NETNS: null, CNI_IFNAME: null };
  return {
    node,
    shim,
    added: async (config = {}) => {
      const { code, document } = await shim.call("ADD", { config });
      expect({ code, document }).toEqual({ code: 0, document: expect.any(Object) });
      return isJson(document) ? document : {};
    },
    check: async (prevResult, config = {}) =>
      shim.call("CHECK", { config: { ...config, prevResult } }),
    collect: async (config) => shim.call("GC", { env: nobody, config }),
  };
}
