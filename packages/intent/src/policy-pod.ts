/** Pods and interfaces as policies see them. */
import type { Address } from "@seam/base";

import type { Labels } from "./policy-selector.ts";

/** A pod of the cluster. */
export type PolicyPod = {
  readonly namespace: string;
  readonly uid: string;
  readonly labels: Labels;
  /** The name of the account that it runs as. */
  readonly serviceAccount?: string;
  /** Empty for a pod that ended. */
  readonly addresses: readonly Address[];
  /** Shares its node's network: policies neither select nor mean it. */
  readonly hostNetwork: boolean;
  /** Ports of its containers that have a name. */
  readonly ports: readonly {
    readonly name: string;
    readonly protocol: "TCP" | "UDP" | "SCTP";
    readonly port: number;
  }[];
};

/** An interface on this node. */
export type PolicyEndpoint = {
  readonly addresses: readonly Address[];
  /** Whose it is, by namespace/name; an empty uid is that of any. Null: of no pod, and so open. */
  readonly pod: { readonly key: string; readonly uid: string } | null;
};
