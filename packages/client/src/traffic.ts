/** Measures the traffic of an experiment, pod to pod, with the hosts' own network beside it; each row as soon as it is known. */
import { createBaseline } from "./traffic-baseline.ts";
import type { SeamError } from "./error.ts";
import { type Place, type Seam } from "./seam.ts";
import { measure, type Measurement } from "./traffic-measure.ts";
import { type Route, selectRoutes } from "./traffic-routes.ts";

/** One route, what its pods measured and what their nodes measured. */
export type TrafficRow = {
  readonly route: Route;
  readonly pods: Measurement;
  readonly host: Measurement;
};

/** One step of measuring; `failed` is the only one when nothing can be measured. */
export type TrafficEvent =
  | {
      readonly kind: "measuring";
      readonly route: Route;
      readonly index: number;
      readonly count: number;
    }
  | { readonly kind: "row"; readonly row: TrafficRow }
  | { readonly kind: "failed"; readonly error: SeamError };

/** Length of each measurement, and a way to stop early; temporary pods are deleted in any case. */
export type TrafficOptions = { readonly seconds?: number; readonly signal?: AbortSignal };

/** Measures each route of the experiment, one after another so that none disturbs another. */
export async function* measureTraffic(
  seam: Seam,
  place: Place,
  options: TrafficOptions = {},
): AsyncGenerator<TrafficEvent, void> {
  const experiment = await seam.experiments.get(place);
  if (!experiment.ok) {
    yield { kind: "failed", error: experiment.error };
    return;
  }
  const routes = selectRoutes(experiment.value);
  if (routes.length === 0) {
    yield { kind: "failed", error: noRoutes(place) };
    return;
  }
  const signal = options.signal ?? new AbortController().signal;
  const meter = { kube: seam.kube, seconds: options.seconds ?? 1, signal };
  const baseline = createBaseline(meter);
  try {
    for (const [index, route] of routes.entries()) {
      if (signal.aborted) return;
      yield { kind: "measuring", route, index, count: routes.length };
      const pods = await measure(meter, route);
      yield { kind: "row", row: { route, pods, host: await baseline.measure(route) } };
    }
  } finally {
    await baseline.end();
  }
}

const noRoutes = (place: Place): SeamError => ({
  code: "NotFound",
  message: `experiment ${place.name} has no two running pods with addresses`,
  hint: `Wait until it is Ready: seam wait experiment ${place.name} --for Ready`,
  details: [],
});
