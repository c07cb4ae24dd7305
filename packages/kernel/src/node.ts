/** What a node is, read from the kernel, and single changes to it. */
import { err, type Ifindex, ok, type Result } from "@seam/base";
import type { Step } from "@seam/plan";
import {
  type DeviceAddress,
  type Neighbour,
  type NodeState,
  type PodEnds,
  type Route,
  type Sysctl,
  TUNNEL_DEVICE,
} from "@seam/state";
import { readFileSync, writeFileSync } from "node:fs";
import { isPodDevice } from "./device-names.ts";
import type { KernelError } from "./libc.ts";
import {
  deleteAddress,
  type LinkAddress,
  linkNamed,
  listAddresses,
  listLinks,
  newGatewayAddress,
} from "./links.ts";
import type { Request } from "./netlink-message.ts";
import { attempt, inNetns, OWN_NETNS } from "./netns.ts";
import { readMasquerade, writeMasquerade } from "./masquerade.ts";
import { readPortForwards, writePortForwards } from "./port-forwards.ts";
import { applyRates, observeShaping } from "./shaping.ts";
import { changeSources, readSourceGuard, writeSourceGuard } from "./source-guard.ts";
import { type RouteSocket, withRouteSocket } from "./route-socket.ts";
import {
  deleteNeighbour,
  deleteRoute,
  type LinkNeighbour,
  type LinkRoute,
  listNeighbours,
  listRoutes,
  newLinkLocalRoute,
  newNeighbour,
  newRoute,
} from "./routes.ts";
import {
  addForwarding,
  createTunnel,
  deleteForwarding,
  deleteTunnel,
  observeTunnel,
} from "./tunnel.ts";
import { applyUplink, freeUplink, observeUplinks } from "./uplink.ts";

/** Reads all that Seam owns in a network namespace, the settings with the given keys, and the rates of these pods. */
export function observeNode(
  sysctlKeys: readonly string[],
  netns: string = OWN_NETNS,
  pods: readonly PodEnds[] = [],
): Result<NodeState, KernelError> {
  const links = withRouteSocket(netns, observeLinks);
  if (!links.ok) return links;
  const shaping = observeShaping(pods, netns);
  if (!shaping.ok) return shaping;
  const uplinks = observeUplinks(netns);
  if (!uplinks.ok) return uplinks;
  const sysctls = inNetns(netns, () => readSysctls(sysctlKeys));
  if (!sysctls.ok) return sysctls;
  const rules = observeRules(netns);
  if (!rules.ok) return rules;
  return ok({
    ...links.value,
    sysctls: sysctls.value,
    ...rules.value,
    shaping: shaping.value,
    uplinks: uplinks.value,
  });
}

type Rules = Pick<NodeState, "masquerade" | "portForwards" | "sourceGuard" | "sources">;

function observeRules(netns: string): Result<Rules, KernelError> {
  const masquerade = readMasquerade(netns);
  if (!masquerade.ok) return masquerade;
  const portForwards = readPortForwards(netns);
  if (!portForwards.ok) return portForwards;
  const guard = readSourceGuard(netns);
  if (!guard.ok) return guard;
  return ok({
    masquerade: masquerade.value,
    portForwards: portForwards.value,
    ...guard.value,
  });
}

/** Makes one change in a network namespace. */
export function applyStep(step: Step, netns: string = OWN_NETNS): Result<null, KernelError> {
  if ("route" in step) return applyRoute(step, netns);
  if ("neighbour" in step) return applyNeighbour(step, netns);
  if ("deviceAddress" in step) return applyAddress(step, netns);
  if (isOverlayStep(step)) return withRouteSocket(netns, (socket) => applyOverlay(step, socket));
  switch (step.kind) {
    case "set-sysctl":
      return inNetns(netns, () => writeSysctl(step.sysctl));
    case "set-masquerade":
      return writeMasquerade(netns, step.masquerade);
    case "clear-masquerade":
      return writeMasquerade(netns, null);
    case "set-port-forwards":
      return writePortForwards(netns, step.portForwards);
    case "set-source-guard":
      return writeSourceGuard(netns, step.sourceGuard ? step.sources : null);
    case "add-sources":
      return changeSources(netns, "add", step.sources);
    case "delete-sources":
      return changeSources(netns, "delete", step.sources);
    case "set-rates":
      return applyRates(step.shaping, netns);
    case "share-uplink":
      return applyUplink(step.uplink, netns);
    case "free-uplink":
      return forgiving(freeUplink(step.device, netns));
  }
}

type RouteStep = Extract<Step, { readonly route: Route }>;
type NeighbourStep = Extract<Step, { readonly neighbour: Neighbour }>;
type AddressStep = Extract<Step, { readonly deviceAddress: DeviceAddress }>;
type OverlayStep = Extract<Step, { readonly kind: `${string}-${"tunnel" | "forwarding"}` }>;

const isOverlayStep = (step: Step): step is OverlayStep =>
  step.kind.endsWith("-tunnel") || "forwarding" in step;

function applyRoute(step: RouteStep, netns: string): Result<null, KernelError> {
  switch (step.kind) {
    case "add-route":
      return changeRoute(netns, step.route, (route) => newRoute(route, "add"));
    case "replace-route":
      return changeRoute(netns, step.route, (route) => newRoute(route, "replace"));
    case "delete-route":
      return forgiving(changeRoute(netns, step.route, deleteRoute));
  }
}

function applyNeighbour(step: NeighbourStep, netns: string): Result<null, KernelError> {
  switch (step.kind) {
    case "add-neighbour":
      return changeNeighbour(netns, step.neighbour, newNeighbour);
    case "delete-neighbour":
      return forgiving(changeNeighbour(netns, step.neighbour, deleteNeighbour));
  }
}

function applyAddress(step: AddressStep, netns: string): Result<null, KernelError> {
  switch (step.kind) {
    case "add-address":
      return changeAddress(netns, step.deviceAddress, addGateway);
    case "delete-address":
      return forgiving(
        changeAddress(netns, step.deviceAddress, (socket, own) =>
          sendOne(socket, deleteAddress(own)),
        ),
      );
  }
}

function applyOverlay(step: OverlayStep, socket: RouteSocket): Result<null, KernelError> {
  switch (step.kind) {
    case "add-tunnel":
      return createTunnel(socket, step.tunnel);
    case "replace-tunnel": {
      const deleted = deleteTunnel(socket);
      return deleted.ok ? createTunnel(socket, step.tunnel) : deleted;
    }
    case "delete-tunnel":
      return deleteTunnel(socket);
    case "add-forwarding":
      return addForwarding(socket, step.forwarding);
    case "delete-forwarding":
      return forgiving(deleteForwarding(socket, step.forwarding));
  }
}

function observeLinks(
  socket: RouteSocket,
): Result<
  Pick<NodeState, "routes" | "neighbours" | "deviceAddresses" | "tunnel" | "forwarding">,
  KernelError
> {
  const links = listLinks(socket);
  if (!links.ok) return links;
  const routes = listRoutes(socket);
  if (!routes.ok) return routes;
  const neighbours = listNeighbours(socket);
  if (!neighbours.ok) return neighbours;
  const addresses = listAddresses(socket);
  if (!addresses.ok) return addresses;
  const tunnel = observeTunnel(socket);
  if (!tunnel.ok) return tunnel;
  const names = new Map(links.value.map(({ index, name }) => [index, name]));
  return ok({
    ...tunnel.value,
    routes: routes.value.map((route) => namedRoute(route, names)),
    neighbours: neighbours.value.flatMap(({ address, mac, index }) => {
      const device = names.get(index);
      return device !== undefined && isOwnDevice(device) ? [{ address, mac, device }] : [];
    }),
    deviceAddresses: addresses.value.flatMap(({ index, address, length }) => {
      const device = names.get(index) ?? "";
      return isPodDevice(device) ? [{ device, address, length }] : [];
    }),
  });
}

const isOwnDevice = (name: string): boolean => isPodDevice(name) || name === TUNNEL_DEVICE;

const namedRoute = (
  { destination, via, index }: LinkRoute,
  names: ReadonlyMap<Ifindex, string>,
): Route => ({ destination, via, device: index === null ? null : (names.get(index) ?? null) });

function changeRoute(
  netns: string,
  { destination, via, device }: Route,
  request: (route: LinkRoute) => Request,
): Result<null, KernelError> {
  return withRouteSocket(netns, (socket) => {
    const link = device === null ? null : linkNamed(socket, device);
    if (link !== null && !link.ok) return link;
    return sendOne(socket, request({ destination, via, index: link?.value.index ?? null }));
  });
}

function changeNeighbour(
  netns: string,
  { address, mac, device }: Neighbour,
  request: (neighbour: LinkNeighbour) => Request,
): Result<null, KernelError> {
  return withRouteSocket(netns, (socket) => {
    const link = linkNamed(socket, device);
    return link.ok ? sendOne(socket, request({ address, mac, index: link.value.index })) : link;
  });
}

function changeAddress(
  netns: string,
  { device, address, length }: DeviceAddress,
  change: (socket: RouteSocket, own: LinkAddress) => Result<null, KernelError>,
): Result<null, KernelError> {
  return withRouteSocket(netns, (socket) => {
    const link = linkNamed(socket, device);
    return link.ok ? change(socket, { index: link.value.index, address, length }) : link;
  });
}

/** The route may have outlived the address. */
function addGateway(socket: RouteSocket, own: LinkAddress): Result<null, KernelError> {
  const added = sendOne(socket, newGatewayAddress(own));
  if (!added.ok || own.address.family === "ipv4") return added;
  const routed = sendOne(socket, newLinkLocalRoute(own.index));
  return !routed.ok && routed.error.errno === "EEXIST" ? added : routed;
}

function sendOne(socket: RouteSocket, request: Request): Result<null, KernelError> {
  const answer = socket.change([request]);
  return answer.ok ? ok(null) : answer;
}

/** What is to be deleted may have gone with its link since it was observed. */
function forgiving(result: Result<null, KernelError>): Result<null, KernelError> {
  const gone = ["ESRCH", "ENOENT", "ENODEV", "EADDRNOTAVAIL"];
  return !result.ok && gone.includes(result.error.errno) ? ok(null) : result;
}

function readSysctls(keys: readonly string[]): Result<readonly Sysctl[], KernelError> {
  const sysctls: Sysctl[] = [];
  for (const key of keys) {
    const value = attempt(`read ${key}`, () => readFileSync(sysctlPath(key), "utf8").trim());
    if (value.ok) sysctls.push({ key, value: value.value });
    else if (value.error.errno !== "ENOENT") return err(value.error);
  }
  return ok(sysctls);
}

const writeSysctl = ({ key, value }: Sysctl): Result<null, KernelError> =>
  attempt(`set ${key}`, () => {
    writeFileSync(sysctlPath(key), value);
    return null;
  });

/** Where settings are; a container that may not write its own `/proc/sys` has the node's elsewhere. */
const SETTINGS = process.env["SEAM_PROC_SYS"] ?? "/proc/sys";

/** As for sysctl(8): a slash in a key stands for a dot in a device name. */
const sysctlPath = (key: string): string =>
  `${SETTINGS}/${key.replaceAll(/[./]/g, (character) => (character === "." ? "/" : "."))}`;
