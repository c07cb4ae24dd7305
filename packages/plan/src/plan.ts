/**
 * The difference between what a node is and what it should be, as ordered steps. What would conflict is
 * deleted first; neighbours come before the routes that use them, and on-link routes before routes
 * through a gateway, which the kernel refuses while it cannot reach the gateway. The tunnel comes before all that
 * uses it and goes when routes have left it, so that a change of overlay interrupts no traffic of this node.
 */
import {
  type DeviceAddress,
  type Forwarding,
  type Neighbour,
  type NodeState,
  type PodShaping,
  type Route,
  TUNNEL_DEVICE,
  type Uplink,
  uplinkText,
} from "@seam/state";
import {
  deviceAddressText,
  distinctForwards,
  forwardingText,
  neighbourKey,
  routeKey,
  routeSatisfies,
  sameForwards,
  sameMasquerade,
  sameTunnel,
  sourceText,
} from "./equality.ts";
import type { Step } from "./step.ts";

/** The steps from `observed` to `desired`; none when nothing has to change. */
export function plan(observed: NodeState, desired: NodeState): readonly Step[] {
  const tunnel = planTunnel(observed, desired);
  const left = observedAfter(tunnel, observed);
  const goes = tunnel?.kind === "delete-tunnel";
  const routes = planRoutes(
    left.routes,
    desired.routes,
    goes ? satisfiesElsewhere : routeSatisfies,
  );
  const neighbours = planNeighbours(left.neighbours, desired.neighbours);
  const addresses = planAddresses(observed.deviceAddresses, desired.deviceAddresses);
  const forwarding = planForwarding(left.forwarding, desired.forwarding);
  const sysctls = planSysctls(observed, desired);
  return [
    ...sysctls.filter((each) => !isConntrack(each)),
    ...(tunnel === null || goes ? [] : [tunnel]),
    ...routes.deletions,
    ...neighbours.deletions,
    ...neighbours.additions,
    ...addresses.deletions,
    ...addresses.additions,
    ...forwarding.additions,
    ...routes.additions,
    ...forwarding.deletions,
    ...planGuard(observed, desired),
    ...planMasquerade(observed, desired),
    ...planForwards(observed, desired),
    ...planRates(observed.shaping, desired.shaping),
    ...planUplinks(observed.uplinks, desired.uplinks),
    ...sysctls.filter(isConntrack),
    ...(goes ? [tunnel] : []),
  ];
}

function planTunnel(observed: NodeState, { tunnel }: NodeState): Step | null {
  if (tunnel === null) return observed.tunnel === null ? null : { kind: "delete-tunnel" };
  if (observed.tunnel === null) return { kind: "add-tunnel", tunnel };
  return sameTunnel(observed.tunnel, tunnel) ? null : { kind: "replace-tunnel", tunnel };
}

/** What the other steps find: a device that goes takes its entries with it, one made anew has none, also no routes. */
function observedAfter(tunnel: Step | null, observed: NodeState): NodeState {
  if (tunnel === null || tunnel.kind === "add-tunnel") return observed;
  const elsewhere = ({ device }: { readonly device: string | null }): boolean =>
    device !== TUNNEL_DEVICE;
  return {
    ...observed,
    routes: tunnel.kind === "delete-tunnel" ? observed.routes : observed.routes.filter(elsewhere),
    neighbours: observed.neighbours.filter(elsewhere),
    forwarding: [],
  };
}

type Changes = { readonly deletions: readonly Step[]; readonly additions: readonly Step[] };

type SysctlStep = Extract<Step, { readonly kind: "set-sysctl" }>;

/** Connection tracking has its settings from the first rule on that needs it. */
const isConntrack = ({ sysctl }: SysctlStep): boolean => sysctl.key.startsWith("net.netfilter.");

function planSysctls(observed: NodeState, desired: NodeState): readonly SysctlStep[] {
  const values = new Map(observed.sysctls.map(({ key, value }) => [key, value]));
  const wanted = new Map(desired.sysctls.map((sysctl) => [sysctl.key, sysctl]));
  return [...wanted.values()]
    .filter(({ key, value }) => values.get(key) !== value)
    .map((sysctl) => ({ kind: "set-sysctl", sysctl }));
}

type Satisfies = (observed: Route, desired: Route) => boolean;

/** While the tunnel goes, no route through it is good enough. */
const satisfiesElsewhere: Satisfies = (observed, desired) =>
  observed.device !== TUNNEL_DEVICE && routeSatisfies(observed, desired);

function planRoutes(
  observed: readonly Route[],
  desired: readonly Route[],
  satisfies: Satisfies,
): Changes {
  const wanted = new Map(desired.map((route) => [routeKey(route), route]));
  /** Of several routes to one destination the right one, when there is one, comes first and so is kept. */
  const rank = (route: Route): number => {
    const right = wanted.get(routeKey(route));
    return right !== undefined && satisfies(route, right) ? 0 : 1;
  };
  const kept = new Map<string, Route>();
  const deletions: Step[] = [];
  for (const route of observed.toSorted((a, b) => rank(a) - rank(b))) {
    const key = routeKey(route);
    if (wanted.has(key) && !kept.has(key)) kept.set(key, route);
    else deletions.push({ kind: "delete-route", route });
  }
  const additions = [...wanted.values()].flatMap((route): readonly Step[] => {
    const current = kept.get(routeKey(route));
    if (current === undefined) return [{ kind: "add-route", route }];
    return satisfies(current, route) ? [] : [{ kind: "replace-route", route }];
  });
  return { deletions, additions: additions.toSorted((a, b) => gatewayRank(a) - gatewayRank(b)) };
}

const gatewayRank = (step: Step): number => ("route" in step && step.route.via !== null ? 1 : 0);

function planNeighbours(observed: readonly Neighbour[], desired: readonly Neighbour[]): Changes {
  const wanted = new Map(desired.map((neighbour) => [neighbourKey(neighbour), neighbour]));
  const current = new Map(observed.map((neighbour) => [neighbourKey(neighbour), neighbour.mac]));
  return {
    deletions: observed
      .filter((neighbour) => !wanted.has(neighbourKey(neighbour)))
      .map((neighbour) => ({ kind: "delete-neighbour", neighbour })),
    additions: [...wanted.values()]
      .filter((neighbour) => current.get(neighbourKey(neighbour)) !== neighbour.mac)
      .map((neighbour) => ({ kind: "add-neighbour", neighbour })),
  };
}

function planAddresses(
  observed: readonly DeviceAddress[],
  desired: readonly DeviceAddress[],
): Changes {
  const wanted = new Map(desired.map((each) => [deviceAddressText(each), each]));
  const current = new Set(observed.map(deviceAddressText));
  return {
    deletions: observed
      .filter((each) => !wanted.has(deviceAddressText(each)))
      .map((deviceAddress) => ({ kind: "delete-address", deviceAddress })),
    additions: [...wanted.values()]
      .filter((each) => !current.has(deviceAddressText(each)))
      .map((deviceAddress) => ({ kind: "add-address", deviceAddress })),
  };
}

function planForwarding(observed: readonly Forwarding[], desired: readonly Forwarding[]): Changes {
  const wanted = new Map(desired.map((each) => [each.mac, each]));
  const current = new Set(observed.map(forwardingText));
  return {
    deletions: observed
      .filter(({ mac }) => !wanted.has(mac))
      .map((forwarding) => ({ kind: "delete-forwarding", forwarding })),
    additions: [...wanted.values()]
      .filter((each) => !current.has(forwardingText(each)))
      .map((forwarding) => ({ kind: "add-forwarding", forwarding })),
  };
}

function planMasquerade(observed: NodeState, desired: NodeState): readonly Step[] {
  if (sameMasquerade(observed.masquerade, desired.masquerade)) return [];
  return desired.masquerade === null
    ? [{ kind: "clear-masquerade" }]
    : [{ kind: "set-masquerade", masquerade: desired.masquerade }];
}

function planForwards(observed: NodeState, desired: NodeState): readonly Step[] {
  const portForwards = distinctForwards(desired.portForwards);
  return sameForwards(observed.portForwards, portForwards)
    ? []
    : [{ kind: "set-port-forwards", portForwards }];
}

function planRates(
  observed: readonly PodShaping[],
  desired: readonly PodShaping[],
): readonly Step[] {
  const wanted = new Map(desired.map((each) => [each.device, each]));
  const current = new Map(observed.map((each) => [each.device, each]));
  const freed = observed
    .filter(({ device }) => !wanted.has(device))
    .map((each) => ({ ...each, ul: null, dl: null }));
  const changed = [...wanted.values()].filter((each) => {
    const now = current.get(each.device);
    return now?.ul !== each.ul || now.dl !== each.dl;
  });
  return [...freed, ...changed].map((shaping) => ({ kind: "set-rates", shaping }));
}

/** Marks of pods lead to the classes of all uplinks, so what is freed comes first. */
function planUplinks(observed: readonly Uplink[], desired: readonly Uplink[]): readonly Step[] {
  const wanted = new Set(desired.map(({ device }) => device));
  const current = new Set(observed.map(uplinkText));
  const freed = observed.filter(({ device }) => !wanted.has(device));
  const changed = desired.filter((uplink) => !current.has(uplinkText(uplink)));
  return [
    ...freed.map(({ device }) => ({ kind: "free-uplink", device }) as const),
    ...changed.map((uplink) => ({ kind: "share-uplink", uplink }) as const),
  ];
}

/** A link whose source changes is open to all between the two steps, never closed to its own pod. */
function planGuard(observed: NodeState, { sourceGuard, sources }: NodeState): readonly Step[] {
  if (observed.sourceGuard !== sourceGuard)
    return [{ kind: "set-source-guard", sourceGuard, sources }];
  const wanted = new Set(sources.map(sourceText));
  const current = new Set(observed.sources.map(sourceText));
  const stale = observed.sources.filter((source) => !wanted.has(sourceText(source)));
  const missing = sources.filter((source) => !current.has(sourceText(source)));
  return [
    ...(stale.length === 0 ? [] : [{ kind: "delete-sources", sources: stale } as const]),
    ...(missing.length === 0 ? [] : [{ kind: "add-sources", sources: missing } as const]),
  ];
}
