/** What intent needs of a Node object, read once at the edge. */
import { type Address, type Cidr, parseAddress, parseCidr, type Result } from "@seam/base";
import type { NodeFacts } from "@seam/intent";
import { type KubeObject, isJson } from "@seam/kube";

import { listAt } from "./json.ts";

/** Reads a Node; what is no address or prefix is left out. */
export const nodeFactsOf = (node: KubeObject): NodeFacts => ({
  name: node.metadata.name,
  internalAddresses: addressesOf(node),
  podCidrs: podCidrsOf(node),
});

function podCidrsOf({ spec }: KubeObject): readonly Cidr[] {
  return listAt(spec, "podCIDRs").flatMap((text) => valueOf(parseCidr(String(text))));
}

function addressesOf({ status }: KubeObject): readonly Address[] {
  return listAt(status, "addresses").flatMap((entry) =>
    isJson(entry) && entry["type"] === "InternalIP"
      ? valueOf(parseAddress(String(entry["address"])))
      : [],
  );
}

const valueOf = <T>(result: Result<T, string>): readonly T[] => (result.ok ? [result.value] : []);
