/**
 * Failures and changes of this node as Kubernetes Events: on the pod that a CNI call was for, on the Node for all else.
 * A node's events name it as kubelet's do, with its name as uid, so that they can be told before the API server was
 * ever asked.
 */
import { type EventRecorder, type EventSubject, isJson, type News } from "@seam/kube";

import { cniArguments, type CniError, type CniRequest, codes } from "./cni-message.ts";
import { listAt } from "./json.ts";

/** Tells what happened on one node; returns at once. */
export type Reports = {
  /** News about the node itself. */
  readonly node: (news: Omit<News, "action">) => void;
  /** News about a pod of this node. */
  readonly pod: (
    pod: { readonly pod: string; readonly podUid: string },
    news: Omit<News, "action">,
  ) => void;
  /** A CNI command that failed, on its pod when the runtime named it. */
  readonly cni: (request: CniRequest, error: CniError) => void;
};

/** Reports of node `nodeName`. */
export function createReports(
  nodeName: string,
  { report }: Pick<EventRecorder, "report">,
): Reports {
  const node: EventSubject = {
    apiVersion: "v1",
    kind: "Node",
    namespace: null,
    name: nodeName,
    uid: nodeName,
  };
  return {
    node: (news) => report(node, { ...news, action: "Reconcile" }),
    pod: ({ pod, podUid }, news) => {
      const [namespace = "", name = ""] = pod.split("/");
      const about = { apiVersion: "v1", kind: "Pod", namespace, name, uid: podUid };
      report(about, { ...news, action: "Enforce" });
    },
    cni: (request, error) => {
      const pod = podOf(request);
      // STATUS fails while the node is being made ready; the runtime shows that in the node's conditions.
      if (pod !== null || request.command === "GC") report(pod ?? node, cniNews(request, error));
    },
  };
}

/** The pod that a call is for; null when the runtime did not name it. */
function podOf(request: CniRequest): EventSubject | null {
  const named = cniArguments(request);
  const name = named.get("K8S_POD_NAME") ?? "";
  const namespace = named.get("K8S_POD_NAMESPACE") ?? "";
  if (name === "" || namespace === "") return null;
  return { apiVersion: "v1", kind: "Pod", namespace, name, uid: named.get("K8S_POD_UID") ?? "" };
}

/** What a failed call tells. */
const cniNews = (request: CniRequest, error: CniError): News => ({
  severity: "Warning",
  reason: reasonOf(request, error),
  action: `Cni${request.command}`,
  message: `CNI ${request.command} failed on this pod's node: ${error.msg}${error.details === "" ? "" : `: ${error.details}`}`,
});

function reasonOf({ command, config }: CniRequest, { code, msg }: CniError): string {
  switch (code) {
    case codes.tryAgainLater:
    case codes.notAvailable:
      return "NetworkNotReady";
    case codes.noAddress:
      return asksForAddress(config) ? "AddressRefused" : "NoAddressLeft";
    case codes.invalidConfig:
      return msg.startsWith("runtimeConfig.portMappings") ? "HostPortRefused" : "RequestRefused";
    case codes.unknownContainer:
      return "PodUnknown";
    case codes.kernelRefused:
      return command === "CHECK" ? "InterfaceChanged" : "KernelRefused";
    default:
      return "RequestRefused";
  }
}

const asksForAddress = ({ runtimeConfig }: CniRequest["config"]): boolean =>
  isJson(runtimeConfig) && listAt(runtimeConfig, "ips").length > 0;
