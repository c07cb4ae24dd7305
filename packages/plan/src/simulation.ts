/** A small node without a kernel: what each step does to a state, for tests and dry runs. */
import { formatAddress } from "@seam/base";
import {
  type DeviceAddress,
  type Forwarding,
  type Neighbour,
  type NodeState,
  type Route,
  type Source,
  TUNNEL_DEVICE,
  type Uplink,
} from "@seam/state";
import { deviceAddressText, neighbourKey, routeKey, sourceText } from "./equality.ts";
import type { Step } from "./step.ts";

/** A node on which Seam owns nothing. */
export const emptyNode: NodeState = {
  sysctls: [],
  routes: [],
  neighbours: [],
  deviceAddresses: [],
  masquerade: null,
  portForwards: [],
  sourceGuard: false,
  sources: [],
  tunnel: null,
  forwarding: [],
  shaping: [],
  uplinks: [],
};

/** The state after `step`; throws where the kernel would refuse it (EEXIST, ESRCH, ENOENT). */
export function simulateStep(state: NodeState, step: Step): NodeState {
  if ("route" in step) return changeRoutes(state, step);
  if ("neighbour" in step) return { ...state, neighbours: changeNeighbours(state, step) };
  if ("deviceAddress" in step) return { ...state, deviceAddresses: changeAddresses(state, step) };
  if ("forwarding" in step) return { ...state, forwarding: changeForwarding(state, step) };
  switch (step.kind) {
    case "set-sysctl": {
      const others = state.sysctls.filter(({ key }) => key !== step.sysctl.key);
      return { ...state, sysctls: [...others, step.sysctl] };
    }
    case "set-masquerade":
      return { ...state, masquerade: step.masquerade };
    case "clear-masquerade":
      return { ...state, masquerade: null };
    case "add-tunnel":
    case "replace-tunnel":
    case "delete-tunnel":
      return changeTunnel(state, step);
    case "set-port-forwards":
      return { ...state, portForwards: step.portForwards };
    case "set-source-guard":
      return { ...state, sourceGuard: step.sourceGuard, sources: step.sources };
    case "set-rates": {
      const { shaping } = step;
      const others = state.shaping.filter(({ device }) => device !== shaping.device);
      const free = shaping.ul === null && shaping.dl === null;
      return { ...state, shaping: free ? others : [...others, shaping] };
    }
    case "share-uplink":
    case "free-uplink":
      return { ...state, uplinks: changeUplinks(state, step) };
    case "add-sources":
    case "delete-sources":
      return { ...state, sources: changeSources(state, step) };
  }
}

type TunnelStep = Extract<Step, { readonly kind: `${string}-tunnel` }>;
type RouteStep = Extract<Step, { readonly route: Route }>;
type NeighbourStep = Extract<Step, { readonly neighbour: Neighbour }>;
type AddressStep = Extract<Step, { readonly deviceAddress: DeviceAddress }>;
type SourcesStep = Extract<Step, { readonly kind: `${string}-sources` }>;
type UplinkStep = Extract<Step, { readonly kind: `${string}-uplink` }>;
type ForwardingStep = Extract<Step, { readonly forwarding: Forwarding }>;

function changeRoutes(state: NodeState, { kind, route }: RouteStep): NodeState {
  if (kind === "delete-route") return deleteRoute(state, route);
  const routes = kind === "replace-route" ? withoutFirst(state, route) : state.routes;
  return addRoute({ ...state, routes }, route);
}

function changeTunnel(state: NodeState, step: TunnelStep): NodeState {
  if (step.kind !== "add-tunnel") {
    const without = withoutTunnel(state);
    return step.kind === "delete-tunnel" ? without : { ...without, tunnel: step.tunnel };
  }
  if (state.tunnel !== null) throw new Error("EEXIST: tunnel");
  return { ...state, tunnel: step.tunnel };
}

function changeNeighbours(
  state: NodeState,
  { kind, neighbour }: NeighbourStep,
): readonly Neighbour[] {
  const key = neighbourKey(neighbour);
  const others = state.neighbours.filter((other) => neighbourKey(other) !== key);
  if (kind === "add-neighbour") {
    needsTunnel(state, neighbour.device);
    return [...others, neighbour];
  }
  if (others.length === state.neighbours.length) throw new Error(`ENOENT: ${key}`);
  return others;
}

function changeAddresses(
  state: NodeState,
  { kind, deviceAddress }: AddressStep,
): readonly DeviceAddress[] {
  const text = deviceAddressText(deviceAddress);
  if (kind === "delete-address") {
    const others = state.deviceAddresses.filter((other) => deviceAddressText(other) !== text);
    if (others.length === state.deviceAddresses.length) throw new Error(`EADDRNOTAVAIL: ${text}`);
    return others;
  }
  const { device, address } = deviceAddress;
  const clash = state.deviceAddresses.some(
    (other) => other.device === device && formatAddress(other.address) === formatAddress(address),
  );
  if (clash) throw new Error(`EEXIST: ${text}`);
  return [...state.deviceAddresses, deviceAddress];
}

function changeSources(state: NodeState, { kind, sources }: SourcesStep): readonly Source[] {
  if (!state.sourceGuard) throw new Error("ENOENT: guard");
  const texts = new Set(sources.map(sourceText));
  if (kind === "delete-sources") {
    const others = state.sources.filter((source) => !texts.has(sourceText(source)));
    if (others.length + sources.length !== state.sources.length) throw new Error("ENOENT: source");
    return others;
  }
  const devices = new Set(sources.map(({ device }) => device));
  if (state.sources.some(({ device }) => devices.has(device))) throw new Error("EEXIST: source");
  return [...state.sources, ...sources];
}

function changeUplinks(state: NodeState, step: UplinkStep): readonly Uplink[] {
  const device = step.kind === "free-uplink" ? step.device : step.uplink.device;
  const others = state.uplinks.filter((other) => other.device !== device);
  if (step.kind === "share-uplink") return [...others, step.uplink];
  if (others.length === state.uplinks.length) throw new Error(`ENOENT: ${device}`);
  return others;
}

function withoutTunnel(state: NodeState): NodeState {
  if (state.tunnel === null) throw new Error("ENODEV: tunnel");
  const routes = state.routes.filter(({ device }) => device !== TUNNEL_DEVICE);
  const neighbours = state.neighbours.filter(({ device }) => device !== TUNNEL_DEVICE);
  return { ...state, routes, neighbours, tunnel: null, forwarding: [] };
}

function changeForwarding(
  state: NodeState,
  { kind, forwarding }: ForwardingStep,
): readonly Forwarding[] {
  if (state.tunnel === null) throw new Error("ENODEV: tunnel");
  const others = state.forwarding.filter(({ mac }) => mac !== forwarding.mac);
  if (kind === "add-forwarding") return [...others, forwarding];
  if (others.length === state.forwarding.length) throw new Error(`ENOENT: ${forwarding.mac}`);
  return others;
}

/** A device's routes and neighbours need the device. */
function needsTunnel(state: NodeState, device: string | null): void {
  if (device === TUNNEL_DEVICE && state.tunnel === null) throw new Error("ENODEV: tunnel");
}

function addRoute(state: NodeState, route: Route): NodeState {
  needsTunnel(state, route.device);
  if (state.routes.some((other) => routeKey(other) === routeKey(route))) {
    throw new Error(`EEXIST: ${routeKey(route)}`);
  }
  return { ...state, routes: [...state.routes, route] };
}

function deleteRoute(state: NodeState, route: Route): NodeState {
  const index = state.routes.findIndex((other) => identity(other) === identity(route));
  if (index < 0) throw new Error(`ESRCH: ${identity(route)}`);
  return { ...state, routes: state.routes.toSpliced(index, 1) };
}

function withoutFirst(state: NodeState, route: Route): readonly Route[] {
  const index = state.routes.findIndex((other) => routeKey(other) === routeKey(route));
  return index < 0 ? state.routes : state.routes.toSpliced(index, 1);
}

const identity = (route: Route): string =>
  `${routeKey(route)} ${route.via === null ? "" : formatAddress(route.via)} ${route.device ?? ""}`;
