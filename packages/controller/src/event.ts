/** Kubernetes Events: each piece of news is one event by its name, and the same news again only raises its count. */
import { createHash } from "node:crypto";
import type { KubeObject } from "@seam/kube";
import type { Finding } from "./condition.ts";
import type { Identity } from "./identity.ts";
import { FIELD_MANAGER } from "./names.ts";

/** Reasons of conditions that do not hold yet, as is usual on the way. */
const USUAL: ReadonlySet<string> = new Set([
  "WaitingForPods",
  "OlderInTheWay",
  "Creating",
  "NotAccepted",
]);

/** The event that tells a piece of news about `about`. */
export function eventOf(about: Identity, news: Finding, now: number): KubeObject {
  const { apiVersion, kind, name, namespace, uid } = about;
  const place = namespace === null ? {} : { namespace };
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  const digest = createHash("sha256").update([uid, news.type, news.reason, news.message].join(" "));
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: `${name.slice(0, 200)}.${digest.digest("hex").slice(0, 16)}`,
      // Events about objects without a namespace are kept in `default`.
      namespace: namespace ?? "default",
    },
    involvedObject: { apiVersion, kind, name, ...place, uid },
    type: isWarning(news) ? "Warning" : "Normal",
    reason: news.reason,
    message: news.message,
    source: { component: FIELD_MANAGER },
    reportingComponent: FIELD_MANAGER,
    reportingInstance: FIELD_MANAGER,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

/** `LifetimeEnding` is the one condition that is good when it is False. */
function isWarning({ type, status, reason }: Finding): boolean {
  const isGood = type === "LifetimeEnding" ? status === "False" : status === "True";
  return !isGood && !USUAL.has(reason);
}
