/** Whether the rates of an experiment's pods are reserved where they run, by the `Bandwidth` of their nodes. Pure. */
import { children, textAt } from "@seam/kube";
import type { ObservedBandwidth } from "./bandwidth-observed.ts";
import type { Finding } from "./condition.ts";
import type { Progress } from "./experiment-plan.ts";
import type { ObservedPod } from "./observed.ts";

/** `overcommitted`: the pod is counted on a node of which pods have more than there is. */
export type PodReservation = "reserved" | "overcommitted";

/** The pods that their nodes count, by name. */
export function reservationsOf(
  pods: readonly ObservedPod[],
  bandwidthOf: (node: string) => ObservedBandwidth | undefined,
): ReadonlyMap<string, PodReservation> {
  return new Map(
    pods.flatMap(({ name, namespace, node }) => {
      const { status = {} } = bandwidthOf(node ?? "") ?? {};
      const isCounted = children(status, "reservations").some(
        (each) => each["podName"] === name && each["namespace"] === namespace,
      );
      const isOver = isCounted && textAt(status, "status") === "Created" && hasReason(status);
      return isCounted ? [[name, isOver ? "overcommitted" : "reserved"] as const] : [];
    }),
  );
}

/** Of an accounted node there is a reason for nothing else. */
const hasReason = (status: ObservedBandwidth["status"]): boolean =>
  textAt(status, "errorReason") !== null;

/** What to say about the workloads that ask for bandwidth; nothing when none does. */
export function bandwidthReserved(
  progress: readonly Progress[],
  reservations: ReadonlyMap<string, PodReservation>,
): readonly Finding[] {
  const asking = progress.filter(({ workload }) => workload.bandwidth !== undefined);
  if (asking.length === 0) return [];
  const names = asking.map(({ workload }) => workload.name).join(", ");
  const over = asking
    .flatMap(({ pods }) => pods)
    .filter(({ name }) => reservations.get(name) === "overcommitted");
  const not = (reason: string, message: string): readonly Finding[] => [
    { type: "BandwidthReserved", status: "False", reason, message },
  ];
  if (over.length > 0) {
    const places = over.slice(0, 5).map(({ name, node }) => `${name} on ${node ?? ""}`);
    return not(
      "Overcommitted",
      `pods have more of these nodes than there is, so nothing is sure: ${places.join(", ")}; place some of them elsewhere, or let them ask for less (kubectl get bandwidths)`,
    );
  }
  const isReserved = asking.every(
    ({ pods, desired }) => pods.filter(({ name }) => reservations.has(name)).length >= desired,
  );
  if (!isReserved)
    return not(WAITING, `${names}: reserved as soon as all of their pods are placed`);
  const message = `${names}: reserved on the node of each pod`;
  return [{ type: "BandwidthReserved", status: "True", reason: "Reserved", message }];
}

const WAITING = "WaitingForPods";

/** That pods are still to come is told of the workloads already. */
export const isWaitingForPlaces = ({ type, reason }: Finding): boolean =>
  type === "BandwidthReserved" && reason === WAITING;
