/**
 * The JSON that kube-scheduler and its extenders exchange (k8s.io/kube-scheduler, extender/v1). The Go types have no field tags, so
 * names are capitalised; pods are as in the API.
 */
import { err, ok, type Result } from "@seam/base";
import { child, isJson, type Json, textAt } from "@seam/kube";

/** What filter and prioritise ask: one pod, and the names of nodes (`nodeCacheCapable: true`). */
export type NodesQuestion = { readonly pod: Json; readonly nodes: readonly string[] };

/** Why nodes are no place for a pod, by their names. */
export type FailedNodes = { readonly [node: string]: string };

/** The answer to filter. */
export type FilterAnswer = {
  readonly NodeNames: readonly string[];
  readonly FailedNodes: FailedNodes;
  /** Where evicting others would not help either. */
  readonly FailedAndUnresolvableNodes: FailedNodes;
  readonly Error: string;
};

/** The answer to prioritise: 0 to 10 for each node. */
export type PrioritizeAnswer = readonly { readonly Host: string; readonly Score: number }[];

/** Pods to evict from nodes. */
export type Victims = {
  readonly [node: string]: {
    readonly Pods: readonly { readonly UID: string }[];
    readonly NumPDBViolations: number;
  };
};

/** What preempt asks. */
export type PreemptQuestion = { readonly pod: Json; readonly victims: Victims };

/** The answer to preempt. */
export type PreemptAnswer = { readonly NodeNameToMetaVictims: Victims };

/** What bind asks. */
export type BindQuestion = {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly node: string;
};

/** The answer to bind; an empty text is success. */
export type BindAnswer = { readonly Error: string };

/** Reads the arguments of filter or prioritise. */
export function readNodesQuestion(body: unknown): Result<NodesQuestion, string> {
  const pod = podIn(body);
  if (!isJson(body) || pod === null) return err("expected an object with the field Pod");
  const names = body["NodeNames"];
  return isTexts(names)
    ? ok({ pod, nodes: names })
    : err("expected NodeNames: set nodeCacheCapable: true for this extender");
}

/** Reads the arguments of preempt. */
export function readPreemptQuestion(body: unknown): Result<PreemptQuestion, string> {
  const pod = podIn(body);
  if (!isJson(body) || pod === null) return err("expected an object with the field Pod");
  const victims = child(body, "NodeNameToMetaVictims");
  return ok({
    pod,
    victims: Object.fromEntries(
      Object.keys(victims).map((node) => [node, victimsIn(child(victims, node))]),
    ),
  });
}

/** Reads the arguments of bind. */
export function readBindQuestion(body: unknown): Result<BindQuestion, string> {
  const of = (key: string): string => (isJson(body) ? (textAt(body, key) ?? "") : "");
  const question = {
    name: of("PodName"),
    namespace: of("PodNamespace"),
    uid: of("PodUID"),
    node: of("Node"),
  };
  return Object.values(question).includes("")
    ? err("expected the fields PodName, PodNamespace, PodUID and Node")
    : ok(question);
}

const podIn = (body: unknown): Json | null => {
  const pod = isJson(body) ? body["Pod"] : null;
  return isJson(pod) ? pod : null;
};

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");

function victimsIn(of: Json): Victims[string] {
  const pods: unknown = of["Pods"];
  const violations = of["NumPDBViolations"];
  return {
    Pods: (Array.isArray(pods) ? pods : []).flatMap((each: unknown) => {
      const uid = isJson(each) ? textAt(each, "UID") : null;
      return uid === null ? [] : [{ UID: uid }];
    }),
    NumPDBViolations: typeof violations === "number" ? violations : 0,
  };
}
