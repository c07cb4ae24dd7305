/**
 * The difference between what a node is and what it should be, as ordered steps. What would conflict is
 * deleted first; neighbours come before the routes that use them, and on-link routes before routes
 * through a gateway, which the kernel refuses while it cannot reach the gateway.
 */
import type { Neighbour, NodeState, Route } from "@seam/state";
import {
  distinctForwards,
  neighbourKey,
  routeKey,
  routeSatisfies,
  sameForwards,
  sameMasquerade,
} from "./equality.ts";
import type { Step } from "./step.ts";

/** The steps from `observed` to `desired`; none when nothing has to change. */
export function plan(observed: NodeState, desired: NodeState): readonly Step[] {
  const routes = planRoutes(observed.routes, desired.routes);
  const neighbours = planNeighbours(observed.neighbours, desired.neighbours);
  return [
    ...planSysctls(observed, desired),
    ...routes.deletions,
    ...neighbours.deletions,
    ...neighbours.additions,
    ...routes.additions,
    ...planGuard(observed, desired),
    ...planMasquerade(observed, desired),
    ...planForwards(observed, desired),
  ];
}

type Changes = { readonly deletions: readonly Step[]; readonly additions: readonly Step[] };

function planSysctls(observed: NodeState, desired: NodeState): readonly Step[] {
  const values = new Map(observed.sysctls.map(({ key, value }) => [key, value]));
  const wanted = new Map(desired.sysctls.map((sysctl) => [sysctl.key, sysctl]));
  return [...wanted.values()]
    .filter(({ key, value }) => values.get(key) !== value)
    .map((sysctl) => ({ kind: "set-sysctl", sysctl }));
}

function planRoutes(observed: readonly Route[], desired: readonly Route[]): Changes {
  const wanted = new Map(desired.map((route) => [routeKey(route), route]));
  const kept = new Map<string, Route>();
  const deletions: Step[] = [];
  for (const route of preferSatisfying(observed, wanted)) {
    const key = routeKey(route);
    if (wanted.has(key) && !kept.has(key)) kept.set(key, route);
    else deletions.push({ kind: "delete-route", route });
  }
  const additions = [...wanted.values()].flatMap((route): readonly Step[] => {
    const current = kept.get(routeKey(route));
    if (current === undefined) return [{ kind: "add-route", route }];
    return routeSatisfies(current, route) ? [] : [{ kind: "replace-route", route }];
  });
  return { deletions, additions: additions.toSorted((a, b) => gatewayRank(a) - gatewayRank(b)) };
}

/** Of several routes to one destination the right one, when there is one, comes first and so is kept. */
function preferSatisfying(
  observed: readonly Route[],
  wanted: ReadonlyMap<string, Route>,
): readonly Route[] {
  const isRight = (route: Route): boolean => {
    const desired = wanted.get(routeKey(route));
    return desired !== undefined && routeSatisfies(route, desired);
  };
  return [...observed.filter(isRight), ...observed.filter((route) => !isRight(route))];
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

const planGuard = (observed: NodeState, { sourceGuard }: NodeState): readonly Step[] =>
  observed.sourceGuard === sourceGuard ? [] : [{ kind: "set-source-guard", sourceGuard }];
