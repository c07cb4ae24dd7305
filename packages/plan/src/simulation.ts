/** A small node without a kernel: what each step does to a state, for tests and dry runs. */
import { formatAddress } from "@seam/base";
import type { Neighbour, NodeState, Route } from "@seam/state";
import { neighbourKey, routeKey } from "./equality.ts";
import type { Step } from "./step.ts";

/** The state after `step`; throws where the kernel would refuse it (EEXIST, ESRCH, ENOENT). */
export function simulateStep(state: NodeState, step: Step): NodeState {
  switch (step.kind) {
    case "set-sysctl": {
      const others = state.sysctls.filter(({ key }) => key !== step.sysctl.key);
      return { ...state, sysctls: [...others, step.sysctl] };
    }
    case "add-route":
      return addRoute(state, step.route);
    case "replace-route":
      return addRoute({ ...state, routes: withoutFirst(state, step.route) }, step.route);
    case "delete-route":
      return deleteRoute(state, step.route);
    case "add-neighbour":
      return { ...state, neighbours: [...without(state, step.neighbour), step.neighbour] };
    case "delete-neighbour": {
      const neighbours = without(state, step.neighbour);
      if (neighbours.length < state.neighbours.length) return { ...state, neighbours };
      throw new Error(`ENOENT: ${neighbourKey(step.neighbour)}`);
    }
    case "set-masquerade":
      return { ...state, masquerade: step.masquerade };
    case "clear-masquerade":
      return { ...state, masquerade: null };
    case "set-port-forwards":
      return { ...state, portForwards: step.portForwards };
    case "set-source-guard":
      return { ...state, sourceGuard: step.sourceGuard };
  }
}

function without(state: NodeState, neighbour: Neighbour): readonly Neighbour[] {
  const key = neighbourKey(neighbour);
  return state.neighbours.filter((other) => neighbourKey(other) !== key);
}

function addRoute(state: NodeState, route: Route): NodeState {
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
