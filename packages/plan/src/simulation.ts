/** A small node without a kernel: what each step does to a state, for tests and dry runs. */
import { formatAddress } from "@seam/base";
import type { NodeState, Route } from "@seam/state";
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
    case "add-neighbour": {
      const key = neighbourKey(step.neighbour);
      const others = state.neighbours.filter((neighbour) => neighbourKey(neighbour) !== key);
      return { ...state, neighbours: [...others, step.neighbour] };
    }
    case "delete-neighbour": {
      const key = neighbourKey(step.neighbour);
      const others = state.neighbours.filter((neighbour) => neighbourKey(neighbour) !== key);
      if (others.length === state.neighbours.length) throw new Error(`ENOENT: ${key}`);
      return { ...state, neighbours: others };
    }
    case "set-masquerade":
      return { ...state, masquerade: step.masquerade };
    case "clear-masquerade":
      return { ...state, masquerade: null };
  }
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
