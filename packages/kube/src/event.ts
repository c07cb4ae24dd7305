/** Kubernetes Events (events.k8s.io/v1) as objects: what happened to whom, and how often. Pure. */
import { createHash } from "node:crypto";
import { child, type Json, type KubeObject } from "./object.ts";

/** Whom an event is about; `kubectl describe` finds it by these. */
export type EventSubject = {
  readonly apiVersion: string;
  readonly kind: string;
  /** Null for objects without a namespace. */
  readonly namespace: string | null;
  readonly name: string;
  readonly uid: string;
};

/** What happened. */
export type News = {
  readonly severity: "Normal" | "Warning";
  /** One word for programs, such as `NoAddressLeft`. */
  readonly reason: string;
  /** What was being done, in one word, such as `Reconcile`. */
  readonly action: string;
  /** What is so and, when that is bad, what to do. */
  readonly message: string;
};

/** Who tells: a program, and which of its processes. */
export type EventReporter = { readonly controller: string; readonly instance: string };

/** How often and when, in milliseconds since the epoch. */
export type Occurrences = { readonly count: number; readonly first: number; readonly last: number };

/** Longest note that the API server takes, in bytes. */
const LONGEST_NOTE = 1024;

/** The name of the event: the same news about the same object is the same event, also for the next process. */
export function eventName(about: EventSubject, news: News): string {
  const { severity, reason, message } = news;
  const digest = createHash("sha256").update(
    JSON.stringify([about.uid, severity, reason, message]),
  );
  return `${about.name.slice(0, 200)}.${digest.digest("hex").slice(0, 16)}`;
}

/** Events about objects without a namespace are kept in `default`. */
export const eventNamespace = ({ namespace }: EventSubject): string => namespace ?? "default";

/** The event that tells `news` about `about`. */
export function eventOf(
  told: { readonly about: EventSubject; readonly news: News },
  reporter: EventReporter,
  occurrences: Occurrences,
): KubeObject {
  const { about, news } = told;
  const { apiVersion, kind, namespace, name, uid } = about;
  const place = namespace === null ? {} : { namespace };
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: eventName(about, news), namespace: eventNamespace(about) },
    eventTime: microTime(occurrences.first),
    regarding: { apiVersion, kind, ...place, name, uid },
    type: news.severity,
    reason: news.reason,
    action: news.action,
    note: shortened(news.message),
    reportingController: reporter.controller,
    reportingInstance: reporter.instance,
    ...(occurrences.count > 1 ? seriesOf(occurrences) : {}),
  };
}

/** The part of an event that tells repetitions; the only one that may change. */
export const seriesOf = ({ count, last }: Pick<Occurrences, "count" | "last">): Json => ({
  series: { count, lastObservedTime: microTime(last) },
});

/** How often an event tells that it happened. */
export function countOf(event: KubeObject): number {
  const { count } = child(event, "series");
  return typeof count === "number" ? count : 1;
}

/** RFC 3339 with exactly six digits of a second, as Kubernetes reads its MicroTime. */
const microTime = (at: number): string => `${new Date(at).toISOString().slice(0, -1)}000Z`;

function shortened(text: string): string {
  const whole = Buffer.from(text);
  if (whole.length <= LONGEST_NOTE) return text;
  // A cut character at the end becomes U+FFFD, which is as long as what it stands for, or longer.
  return `${whole.subarray(0, LONGEST_NOTE - 6).toString()}…`.replace("\uFFFD", "");
}
