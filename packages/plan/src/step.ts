/** One change to a node: small enough to be applied by one kernel request, plain enough to be printed. */
import type {
  DeviceAddress,
  Forwarding,
  Masquerade,
  Neighbour,
  PodShaping,
  PortForward,
  Route,
  Source,
  Sysctl,
  Tunnel,
  Uplink,
} from "@seam/state";

/** A change that turns an observed node a little more into the desired one. */
export type Step =
  | { readonly kind: "set-sysctl"; readonly sysctl: Sysctl }
  | { readonly kind: "add-route"; readonly route: Route }
  /** Overwrites the route to the same destination in one kernel operation: no packet finds none. */
  | { readonly kind: "replace-route"; readonly route: Route }
  | { readonly kind: "delete-route"; readonly route: Route }
  /** Adds the entry, or gives the entry of the same device and address this MAC address. */
  | { readonly kind: "add-neighbour"; readonly neighbour: Neighbour }
  | { readonly kind: "delete-neighbour"; readonly neighbour: Neighbour }
  | { readonly kind: "add-address"; readonly deviceAddress: DeviceAddress }
  | { readonly kind: "delete-address"; readonly deviceAddress: DeviceAddress }
  /** Replaces all translation rules of Seam in one transaction. */
  | { readonly kind: "set-masquerade"; readonly masquerade: Masquerade }
  | { readonly kind: "clear-masquerade" }
  /** Replaces all port forwards of Seam in one transaction. */
  | { readonly kind: "set-port-forwards"; readonly portForwards: readonly PortForward[] }
  /** Puts the guard up anew with these sources, or takes it down. */
  | {
      readonly kind: "set-source-guard";
      readonly sourceGuard: boolean;
      readonly sources: readonly Source[];
    }
  /** Each in one transaction for all. */
  | { readonly kind: "add-sources"; readonly sources: readonly Source[] }
  | { readonly kind: "delete-sources"; readonly sources: readonly Source[] }
  | { readonly kind: "add-tunnel"; readonly tunnel: Tunnel }
  /** Deletes the device and makes it anew: its routes, neighbours and forwarding entries are gone. */
  | { readonly kind: "replace-tunnel"; readonly tunnel: Tunnel }
  /** Deletes the device, and with it its routes, neighbours and forwarding entries. */
  | { readonly kind: "delete-tunnel" }
  /** Adds the entry, or gives the entry of the same MAC address this node. */
  | { readonly kind: "add-forwarding"; readonly forwarding: Forwarding }
  | { readonly kind: "delete-forwarding"; readonly forwarding: Forwarding }
  /** Holds a pod's link to these rates, or to none; what waits in its queues stays. */
  | { readonly kind: "set-rates"; readonly shaping: PodShaping }
  /** Shares a link to other nodes out so, now; what waits there stays, unless the class of its pod goes. */
  | { readonly kind: "share-uplink"; readonly uplink: Uplink }
  /** Leaves the link as it was before it was shared out. */
  | { readonly kind: "free-uplink"; readonly device: string };
