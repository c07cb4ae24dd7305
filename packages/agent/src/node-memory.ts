/** What ADD needs to know of the node, remembered so that an agent that starts while the API server is away can serve. */
import { type Bytes, bytes, type Cidr, formatCidr, parseCidr } from "@seam/base";

import type { Store } from "./store.ts";
import { ETHERNET, type UplinkSource, watchUplink } from "./uplink.ts";

/** The node's pod prefixes and the MTU of its pods. */
export type NodeMemory = {
  readonly podCidrs: () => readonly Cidr[];
  readonly mtu: () => Bytes;
  readonly uplink: UplinkSource;
  readonly setPodCidrs: (prefixes: readonly Cidr[]) => void;
  readonly setMtu: (mtu: Bytes) => void;
};

/** What an earlier agent knew; no prefixes and the MTU of Ethernet when there was none. */
export function rememberedNode(store: Pick<Store, "setting" | "set">): NodeMemory {
  const remember = (name: string, value: string): void => {
    if (store.setting(name) !== value) store.set(name, value);
  };
  let podCidrs: readonly Cidr[] = store
    .setting("podCidrs")
    .split(" ")
    .flatMap((text) => {
      const parsed = parseCidr(text);
      return parsed.ok ? [parsed.value] : [];
    });
  let mtu = bytes(Number(store.setting("podMtu")));
  return {
    uplink: watchUplink(),
    podCidrs: () => podCidrs,
    mtu: () => (mtu > 0 ? mtu : ETHERNET),
    setPodCidrs: (prefixes) => {
      podCidrs = prefixes;
      remember("podCidrs", prefixes.map(formatCidr).join(" "));
    },
    setMtu: (size) => {
      mtu = size;
      remember("podMtu", String(size));
    },
  };
}
