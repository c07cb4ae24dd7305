/** Which traffic of an experiment is measured: for each pair of workloads, family and place one pair of pods. Pure. */
import type { Experiment } from "@seam/api";

/** An address family, as people write it. */
export type IpFamily = "IPv4" | "IPv6";

/** A pod that takes part, and the address that is used. */
export type Endpoint = {
  readonly workload: string;
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  readonly address: string;
};

/** One thing to measure: `from` asks, `to` answers. */
export type Route = {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly family: IpFamily;
  readonly place: "same node" | "across nodes";
};

const FAMILIES: readonly IpFamily[] = ["IPv4", "IPv6"];
const PLACES = ["same node", "across nodes"] as const;

/**
 * The routes of an experiment. The later workload asks the earlier one, as a client is written after its server; an
 * experiment of one workload is measured between its own pods.
 */
export function selectRoutes(experiment: Experiment): readonly Route[] {
  const workloads = (experiment.status?.workloads ?? []).map((each) => each.name);
  const pairs = workloads.flatMap((to, at) =>
    (workloads.length === 1 ? [to] : workloads.slice(at + 1)).map((from) => ({ from, to })),
  );
  return pairs.flatMap((pair) =>
    FAMILIES.flatMap((family) =>
      PLACES.flatMap((place) => {
        const route = firstRoute(
          endpointsOf(experiment, pair.from, family),
          endpointsOf(experiment, pair.to, family),
          place,
        );
        return route === undefined ? [] : [{ ...route, family, place }];
      }),
    ),
  );
}

function firstRoute(
  froms: readonly Endpoint[],
  tos: readonly Endpoint[],
  place: Route["place"],
): Pick<Route, "from" | "to"> | undefined {
  return froms
    .flatMap((from) => tos.map((to) => ({ from, to })))
    .find(
      ({ from, to }) => from.pod !== to.pod && (from.node === to.node) === (place === "same node"),
    );
}

function endpointsOf(
  experiment: Experiment,
  workload: string,
  family: IpFamily,
): readonly Endpoint[] {
  const namespace = experiment.metadata.namespace ?? "default";
  const pods = experiment.status?.workloads?.find((each) => each.name === workload)?.pods ?? [];
  return pods.flatMap(({ name: pod, node, addresses }) => {
    const address = addresses.find((each) => familyOf(each) === family);
    return node === undefined || address === undefined
      ? []
      : [{ workload, namespace, pod, node, address }];
  });
}

/** The family of an address. */
export const familyOf = (address: string): IpFamily => (address.includes(":") ? "IPv6" : "IPv4");
