/** Pods as people name them: a pod, all pods of an experiment, or those of one of its workloads. */
import { EXPERIMENT_LABEL, WORKLOAD_LABEL } from "@seam/api";
import { err, ok, type Result } from "@seam/base";
import { isNotFound, type KubeObject } from "@seam/kube";
import { fromKube, type SeamError } from "./error.ts";
import { fieldOf, itemsOf, textOf } from "./fields.ts";
import { EXPERIMENT, findKind } from "./kinds.ts";
import { listObjects, type Reply } from "./list.ts";
import type { Seam } from "./seam.ts";

/** What a word names. */
export type PodsName =
  | { readonly kind: "pod"; readonly pod: string }
  | { readonly kind: "experiment"; readonly experiment: string; readonly workload?: string };

/** Reads POD, pod/POD, experiment/NAME, NAME/WORKLOAD or experiment/NAME/WORKLOAD. */
export function parsePodsName(word: string): Result<PodsName, SeamError> {
  const parts = word.split("/");
  const [first = "", second = "", third] = parts;
  if (parts.length > 3 || parts.includes("")) return err(unreadable(word));
  if (parts.length === 1) return ok({ kind: "pod", pod: first });
  const known = findKind(first);
  const kind = known.ok ? known.value.kind : "";
  if (kind === EXPERIMENT.kind) return ok(experimentName(second, third));
  if (third !== undefined) return err(unreadable(word));
  return ok(kind === "Pod" ? { kind: "pod", pod: second } : experimentName(first, second));
}

const experimentName = (experiment: string, workload: string | undefined): PodsName =>
  workload === undefined
    ? { kind: "experiment", experiment }
    : { kind: "experiment", experiment, workload };

const unreadable = (word: string): SeamError => ({
  code: "BadInput",
  message: `cannot tell which pods "${word}" names`,
  hint: "Expected POD, experiment/NAME or NAME/WORKLOAD, for example server-0, experiment/two-tier or two-tier/server.",
  details: [],
});

/** The pods that a word names, in the order of their names; an error when there is none. */
export async function findPods(seam: Seam, word: string): Reply<readonly KubeObject[]> {
  const name = parsePodsName(word);
  if (!name.ok) return name;
  return name.value.kind === "pod" ? onePod(seam, name.value.pod) : podsOf(seam, name.value);
}

/** The experiment that a pod belongs to. */
export const experimentOf = (pod: KubeObject): string | undefined =>
  textOf(pod, "metadata", "labels", EXPERIMENT_LABEL);

async function onePod(seam: Seam, name: string): Reply<readonly KubeObject[]> {
  const { kube, namespace } = seam;
  const found = await kube.get({ apiVersion: "v1", kind: "Pod", name, namespace });
  if (found.ok) return ok([found.value]);
  const error = fromKube(`get pod ${namespace}/${name}`, found.error);
  if (!isNotFound(found.error)) return err(error);
  const experiment = await seam.experiments.get({ name });
  const hint = experiment.ok
    ? `There is an experiment of that name: use experiment/${name}.`
    : `List what there is: seam get pods -n ${namespace}`;
  return err({ ...error, hint });
}

async function podsOf(
  { kube, namespace }: Seam,
  { experiment, workload }: Extract<PodsName, { kind: "experiment" }>,
): Reply<readonly KubeObject[]> {
  const labels = [`${EXPERIMENT_LABEL}=${experiment}`];
  if (workload !== undefined) labels.push(`${WORKLOAD_LABEL}=${workload}`);
  const ref = { apiVersion: "v1", kind: "Pod", namespace };
  const pods = await listObjects(kube, ref, { labelSelector: labels.join(",") });
  if (!pods.ok || pods.value.length > 0) return pods;
  const what = workload === undefined ? "" : ` with a workload ${workload}`;
  return err({
    code: "NotFound",
    message: `no pod of an experiment ${experiment}${what} in namespace ${namespace}`,
    hint: `See what it says: seam describe experiment ${experiment} -n ${namespace}`,
    details: [],
  });
}

/** The container that is meant: the named one, else the pod's default or first one. */
export function containerOf(pod: KubeObject, named?: string): Result<string, SeamError> {
  const lists = ["containers", "initContainers", "ephemeralContainers"];
  const names = lists
    .flatMap((list) => itemsOf(pod, "spec", list))
    .map((each) => textOf(each, "name") ?? "");
  const preferred = textOf(
    pod,
    "metadata",
    "annotations",
    "kubectl.kubernetes.io/default-container",
  );
  const wanted = named ?? preferred ?? names[0] ?? "";
  return names.includes(wanted)
    ? ok(wanted)
    : err({
        code: "NotFound",
        message: `pod ${pod.metadata.name} has no container "${wanted}"`,
        hint: `Its containers are: ${names.join(", ")}.`,
        details: [],
      });
}

/** Whether a command could run in the pod: it runs and is not being deleted. */
export const runsNow = (pod: KubeObject): boolean =>
  fieldOf(pod, "status", "phase") === "Running" &&
  fieldOf(pod, "metadata", "deletionTimestamp") === undefined;
