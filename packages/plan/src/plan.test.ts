/** Planning reaches the desired state from any observed one, and then has nothing left to do. */
import {
  type Address,
  addressAt,
  bitsPerSecond,
  bytes,
  type Cidr,
  formatAddress,
  invariant,
  parseAddress,
  parseCidr,
} from "@seam/base";
import {
  type Forwarding,
  type Masquerade,
  type Neighbour,
  type NodeState,
  type PodShaping,
  type Route,
  shareUplink,
  type Source,
  type Tunnel,
  TUNNEL_DEVICE,
  uplinkText,
} from "@seam/state";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  forwardingText,
  neighbourKey,
  routeKey,
  routeSatisfies,
  sameMasquerade,
  sameTunnel,
  sourceText,
} from "./equality.ts";
import { plan } from "./plan.ts";
import { emptyNode, simulateStep } from "./simulation.ts";

const address = (text: string): Address => {
  const parsed = parseAddress(text);
  invariant(parsed.ok, text);
  return parsed.value;
};
const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text);
  invariant(parsed.ok, text);
  return parsed.value;
};

const addresses = ["10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"].map(address);
const prefixes = ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/24", "fd00::/64", "fd00::1/128"].map(cidr);
const anAddress = fc.constantFrom(...addresses);
const aPrefix = fc.constantFrom(...prefixes);
const aDevice = fc.constantFrom("seam0", "eth0", TUNNEL_DEVICE);

const route = (device: fc.Arbitrary<string | null>): fc.Arbitrary<Route> =>
  fc.record({ destination: aPrefix, via: fc.option(anAddress), device });
const neighbour: fc.Arbitrary<Neighbour> = fc.record({
  address: anAddress,
  mac: fc.constantFrom("02:00:00:00:00:01", "02:00:00:00:00:02"),
  device: aDevice,
});
const masquerade: fc.Arbitrary<Masquerade> = fc.record({
  sources: fc.array(aPrefix),
  exceptions: fc.array(aPrefix),
});
const sysctls = fc.uniqueArray(
  fc.record({ key: fc.constantFrom("a.b", "a.c", "d"), value: fc.constantFrom("0", "1") }),
  { selector: ({ key }) => key },
);
const portForwards = fc.array(
  fc
    .record({
      protocol: fc.constantFrom("tcp", "udp"),
      hostAddress: fc.option(anAddress),
      hostPort: fc.constantFrom(80, 443),
      target: anAddress,
      targetPort: fc.constantFrom(8080, 8443),
    })
    .filter(({ hostAddress, target }) => (hostAddress ?? target).family === target.family),
);
const neighbours = fc.uniqueArray(neighbour, { selector: neighbourKey });
/** A device may have several addresses, but one of them only once. */
const deviceAddresses = fc.uniqueArray(
  fc.record({
    device: fc.constantFrom("seam0", "seam1"),
    address: anAddress,
    length: fc.constantFrom(32, 24),
  }),
  { selector: (each) => `${each.device} ${formatAddress(each.address)}` },
);
const aMac = fc.constantFrom("02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03");
const tunnel: fc.Arbitrary<Tunnel> = fc.record({
  vni: fc.constantFrom(0, 83),
  port: fc.constant(4789),
  local: anAddress,
  mac: aMac,
  mtu: fc.constantFrom(bytes(1450), bytes(1430)),
  addresses: fc.uniqueArray(anAddress),
  ready: fc.boolean(),
});
const forwarding: fc.Arbitrary<readonly Forwarding[]> = fc.uniqueArray(
  fc.record({ mac: aMac, remote: anAddress }),
  { selector: ({ mac }) => mac },
);
const sources: fc.Arbitrary<readonly Source[]> = fc.uniqueArray(
  fc.record({
    device: fc.constantFrom("seam0", "seam1", "seam2"),
    mac: aMac,
    addresses: fc.uniqueArray(anAddress),
  }),
  { selector: ({ device }) => device },
);
const uplinks: fc.Arbitrary<NodeState["uplinks"]> = fc.uniqueArray(
  fc
    .record({
      device: fc.constantFrom("eth0", "eth1"),
      capacity: fc.constantFrom(...[1e8, 1e9].map(bitsPerSecond)),
      rates: fc.array(fc.constantFrom(1e6, 1e7), { minLength: 1, maxLength: 3 }),
    })
    .map(({ device, capacity, rates }) =>
      shareUplink({
        device,
        capacity,
        guarantees: rates.map((rate, at) => ({
          devices: [`seam${at}`],
          rate: bitsPerSecond(rate),
        })),
      }),
    ),
  { selector: ({ device }) => device },
);
/** A pod keeps its ends; in the kernel it is there only with a rate. */
const shaping: fc.Arbitrary<readonly PodShaping[]> = fc
  .uniqueArray(
    fc.record({
      device: fc.constantFrom("seam0", "seam1", "seam2"),
      ul: fc.option(fc.constantFrom(...[1e6, 1e7].map(bitsPerSecond))),
      dl: fc.option(fc.constantFrom(...[1e6, 1e7].map(bitsPerSecond))),
    }),
    { selector: ({ device }) => device },
  )
  .map((all) =>
    all
      .filter(({ ul, dl }) => ul !== null || dl !== null)
      .map((each) => ({ ...each, podNetns: `/run/netns/${each.device}`, podDevice: "eth0" })),
  );
/** What a node without the device, or without the guard, cannot have. */
function possible(given: NodeState): NodeState {
  const state = given.sourceGuard ? given : { ...given, sources: [] };
  if (state.tunnel !== null) return state;
  return {
    ...state,
    routes: state.routes.filter(({ device }) => device !== TUNNEL_DEVICE),
    neighbours: state.neighbours.filter(({ device }) => device !== TUNNEL_DEVICE),
    forwarding: [],
  };
}
/** The kernel may hold several routes to one destination, but not one route twice. */
const observedState: fc.Arbitrary<NodeState> = fc
  .record({
    sysctls,
    routes: fc.uniqueArray(route(aDevice), { selector: (value) => JSON.stringify(value) }),
    neighbours,
    deviceAddresses,
    masquerade: fc.option(masquerade),
    tunnel: fc.option(tunnel),
    forwarding,
    portForwards,
    sourceGuard: fc.boolean(),
    sources,
    shaping,
    uplinks,
  })
  .map(possible);
const desiredState: fc.Arbitrary<NodeState> = fc
  .record({
    sysctls,
    routes: fc.uniqueArray(route(fc.option(aDevice)), { selector: routeKey }),
    neighbours,
    deviceAddresses,
    masquerade: fc.option(masquerade),
    tunnel: fc.option(tunnel),
    forwarding,
    portForwards,
    sourceGuard: fc.boolean(),
    sources,
    shaping,
    uplinks,
  })
  .map(possible);

test("the steps lead to the desired state, and planning again yields none", () => {
  fc.assert(
    fc.property(observedState, desiredState, (observed, desired) => {
      const reached = plan(observed, desired).reduce(simulateStep, observed);
      expect(plan(reached, desired)).toEqual([]);
      expect(reached.routes).toHaveLength(desired.routes.length);
      for (const wanted of desired.routes) {
        expect(reached.routes.some((actual) => routeSatisfies(actual, wanted))).toBe(true);
      }
      expect(new Set(reached.neighbours)).toEqual(new Set(desired.neighbours));
      expect(new Set(reached.deviceAddresses)).toEqual(new Set(desired.deviceAddresses));
      expect(reached.sysctls).toEqual(expect.arrayContaining([...desired.sysctls]));
      expect(sameMasquerade(reached.masquerade, desired.masquerade)).toBe(true);
      expect(sameTunnel(reached.tunnel, desired.tunnel)).toBe(true);
      expect(reached.forwarding.map(forwardingText).sort()).toEqual(
        desired.forwarding.map(forwardingText).sort(),
      );
      expect(new Set(reached.shaping)).toEqual(new Set(desired.shaping));
      expect(reached.uplinks.map(uplinkText).sort()).toEqual(
        desired.uplinks.map(uplinkText).sort(),
      );
      expect(reached.sourceGuard).toBe(desired.sourceGuard);
      expect(reached.sources.map(sourceText).sort()).toEqual(
        desired.sources.map(sourceText).sort(),
      );
      expect(reached.portForwards.length).toBeLessThanOrEqual(desired.portForwards.length);
      expect(desired.portForwards).toEqual(expect.arrayContaining([...reached.portForwards]));
    }),
    { numRuns: 2000 },
  );
}, 60_000);

test("a change of overlay moves a route in one step: the device comes before and goes after", () => {
  const destination = cidr("10.1.0.0/16");
  const via = address("10.0.0.2");
  const direct: NodeState = { ...emptyNode, routes: [{ destination, via, device: "eth0" }] };
  const gateway = addressAt(destination, 0n) ?? via;
  const mac = "02:00:00:00:00:02";
  const encapsulated: NodeState = {
    ...emptyNode,
    routes: [{ destination, via: gateway, device: TUNNEL_DEVICE }],
    neighbours: [{ address: gateway, mac, device: TUNNEL_DEVICE }],
    tunnel: {
      vni: 83,
      port: 4789,
      local: address("10.0.0.1"),
      mac: "02:00:00:00:00:01",
      mtu: bytes(1450),
      addresses: [],
      ready: true,
    },
    forwarding: [{ mac, remote: via }],
  };
  const kinds = (from: NodeState, to: NodeState): readonly string[] =>
    plan(from, to).map(({ kind }) => kind);
  expect(kinds(direct, encapsulated)).toEqual([
    "add-tunnel",
    "add-neighbour",
    "add-forwarding",
    "replace-route",
  ]);
  expect(kinds(encapsulated, direct)).toEqual(["replace-route", "delete-tunnel"]);
  expect(kinds(encapsulated, emptyNode)).toEqual(["delete-route", "delete-tunnel"]);
});

test("a duplicate is deleted before the route is replaced, gateways follow on-link routes", () => {
  const destination = cidr("10.1.0.0/16");
  const observed: NodeState = {
    ...emptyNode,
    routes: [
      { destination, via: address("10.0.0.1"), device: "eth0" },
      { destination, via: address("10.0.0.2"), device: "eth0" },
    ],
  };
  const onLink: Route = { destination: cidr("10.2.0.0/24"), via: null, device: "seam0" };
  const moved: Route = { destination, via: addressAt(onLink.destination, 9n), device: null };
  expect(plan(observed, { ...emptyNode, routes: [moved, onLink] })).toEqual([
    { kind: "delete-route", route: observed.routes[1] },
    { kind: "add-route", route: onLink },
    { kind: "replace-route", route: moved },
  ]);
});
