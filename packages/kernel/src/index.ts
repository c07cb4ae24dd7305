/** The one door to the kernel: route netlink, network namespaces, sysctls and nftables. */
export {
  type DeniedHostPacket,
  type DeniedPacket,
  type DeniedPackets,
  openDeniedPackets,
} from "./denied-packets.ts";
export { isPodDevice } from "./device-names.ts";
export { type FastPath, openFastPath } from "./fast-path.ts";
export { childrenCpu, type KernelError } from "./libc.ts";
export {
  type Link,
  type LinkAddress,
  type LinkTraffic,
  listAddresses,
  listLinks,
  listTraffic,
} from "./links.ts";
export { linkSpeed } from "./link-speed.ts";
export { enterNetns, OWN_NETNS } from "./netns.ts";
export { applyStep, observeNode } from "./node.ts";
export {
  createPodInterface,
  deletePodInterface,
  deletePodInterfaces,
  hostDeviceName,
  hostMacAddress,
  podMacAddress,
  type PodInterface,
  type PodInterfaceSpec,
} from "./pod-interface.ts";
export type { HostCount } from "./host-counts.ts";
export { openRateMeter, type RateMeter, WINDOW_MS } from "./rate-meter.ts";
export type { PolicyCount } from "./policy-counts.ts";
export { openPolicyTable, type PolicyTable } from "./policy-table.ts";
export { type RouteSocket, withRouteSocket } from "./route-socket.ts";
export { listRoutes, SEAM_PROTOCOL } from "./routes.ts";
export {
  type LinkEnd,
  measureShaping,
  observeRates,
  type PodLink,
  type PodTraffic,
  putRates,
} from "./shaping.ts";
export { freeUplinks } from "./uplink.ts";
export { type FoundUplink, findUplinks, uplinksWith } from "./uplink-search.ts";
