/** What pods print, what is told about a project's objects, and what a node's agent says of it. */
import { err, ok, type Result } from "@seam/base";
import {
  fieldOf,
  listObjects,
  numberOf,
  readLogs,
  textOf,
  viewNode,
  type SeamError,
} from "@seam/client";
import type { KubeClient, KubeObject } from "@seam/kube";
import type { Static } from "typebox";
import { Type } from "typebox";
import { Answer } from "./answers.ts";
import type { App } from "./bare-app.ts";
import type { Context } from "./context.ts";
import { describedIn } from "./openapi.ts";
import { EventSearch, LogSearch } from "./pod-schemas.ts";
import { ofKube, ofSeam, type Problem } from "./problem.ts";
import { answer, principalOf, send } from "./reply.ts";
import { Params } from "./schemas.ts";

const config = { scope: "read" } as const;

/** Adds the routes. */
export function addPodRoutes(app: App, context: Context): void {
  addLog(app, context);
  addEvents(app, context);
  addNodeView(app, context);
}

function addLog(app: App, context: Context): void {
  app.get(
    "/api/v1/projects/:project/pods/:name/log",
    {
      schema: {
        ...describedIn("pods")("getPodLog", "The end of what a container printed, 1 MiB at most", {
          200: {
            description: "As it was printed; `x-seam-truncated: true` when its beginning is cut.",
            content: { "text/plain": { schema: Type.String() } },
          },
        }),
        params: Params.inProject,
        querystring: LogSearch,
      },
      config,
    },
    async (request, reply) => {
      const kube = context.kube.inNameOf(principalOf(request).person);
      const { project, name } = request.params;
      const pod = await kube.get({ apiVersion: "v1", kind: "Pod", namespace: project, name });
      if (!pod.ok) return send(request, reply, ofKube(pod.error));
      const log = await logOf(kube, pod.value, request.query);
      if (!log.ok) return send(request, reply, ofSeam(log.error));
      if (log.value.isCut) reply.header("x-seam-truncated", "true");
      return reply.type("text/plain; charset=utf-8").serializer(String).send(log.value.text);
    },
  );
}

const MOST_LOG_BYTES = 1_048_576;
/** A container that prints faster than it can be read is not waited for. */
const LOG_PATIENCE_MS = 20_000;

type Log = { readonly text: string; readonly isCut: boolean };

async function logOf(
  kube: KubeClient,
  pod: KubeObject,
  { container, tailLines, previous }: Static<typeof LogSearch>,
): Promise<Result<Log, SeamError>> {
  const kept: Buffer[] = [];
  let size = 0;
  let isCut = false;
  const failed = await readLogs(kube, [pod], {
    tailLines,
    previous,
    signal: AbortSignal.timeout(LOG_PATIENCE_MS),
    ...(container === undefined ? {} : { container }),
    onBytes: (part) => {
      kept.push(Buffer.from(part));
      size += part.length;
      while (size - (kept[0]?.length ?? 0) >= MOST_LOG_BYTES) {
        size -= kept.shift()?.length ?? 0;
        isCut = true;
      }
    },
  });
  const [first] = failed;
  if (first !== undefined) return err(first);
  const all = Buffer.concat(kept);
  const end = all.subarray(Math.max(0, all.length - MOST_LOG_BYTES));
  isCut ||= end.length < all.length;
  // A line whose beginning is missing would be taken for a whole one.
  const text = (isCut ? end.subarray(end.indexOf("\n") + 1) : end).toString("utf8");
  return ok({ text, isCut });
}

function addEvents(app: App, context: Context): void {
  app.get(
    "/api/v1/projects/:project/events",
    {
      schema: {
        ...describedIn("events")("listEvents", "What is told about a project's objects", {
          200: Answer.events,
        }),
        params: Params.project,
        querystring: EventSearch,
      },
      config,
    },
    async (request, reply) => {
      const kube = context.kube.inNameOf(principalOf(request).person);
      return answer(request, reply, await eventsIn(kube, request.params.project, request.query));
    },
  );
}

async function eventsIn(
  kube: KubeClient,
  namespace: string,
  { limit, kind, name, type }: Static<typeof EventSearch>,
): Promise<Result<object, Problem>> {
  const wanted = { "involvedObject.kind": kind, "involvedObject.name": name, type };
  const fieldSelector = Object.entries(wanted)
    .flatMap(([field, value]) => (value === undefined ? [] : [`${field}=${value}`]))
    .join(",");
  const selector = fieldSelector === "" ? {} : { fieldSelector };
  const listed = await listObjects(kube, { apiVersion: "v1", kind: "Event", namespace }, selector);
  if (!listed.ok) return err(ofSeam(listed.error));
  const items = listed.value
    .map(eventOf)
    .toSorted((one, other) => other.at.localeCompare(one.at))
    .slice(0, limit);
  return ok({ items, truncated: listed.value.length > limit });
}

/** An Event in either of its forms: events.k8s.io counts in a series (KEP-383), core/v1 in the Event. */
const eventOf = (event: KubeObject) => ({
  at: new Date(timeOf(event)).toISOString(),
  type: textOf(event, "type") ?? "Normal",
  reason: textOf(event, "reason") ?? "",
  message: textOf(event, "message") ?? "",
  count: numberOf(event, "series", "count") ?? numberOf(event, "count") ?? 1,
  source: textOf(event, "reportingComponent") || (textOf(event, "source", "component") ?? ""),
  object: {
    kind: textOf(event, "involvedObject", "kind") ?? "",
    name: textOf(event, "involvedObject", "name") ?? "",
  },
});

function timeOf(event: KubeObject): number {
  const times = [
    fieldOf(event, "series", "lastObservedTime"),
    fieldOf(event, "lastTimestamp"),
    fieldOf(event, "eventTime"),
    event.metadata["creationTimestamp"],
  ];
  return times.map((each) => Date.parse(String(each))).find((each) => !Number.isNaN(each)) ?? 0;
}

/** An agent that is not there, or cannot tell, has no view to be found. */
const unseen = (error: SeamError): Problem =>
  error.code === "Failed" ? { ...ofSeam(error), code: "not-found" } : ofSeam(error);

function addNodeView(app: App, context: Context): void {
  app.get(
    "/api/v1/nodes/:name/view",
    {
      schema: {
        ...describedIn("nodes")("viewNode", "What a node should look like, and its plan", {
          200: Answer.nodeView,
        }),
        params: Params.name,
      },
      config,
    },
    async (request, reply) => {
      const kube = context.kube.inNameOf(principalOf(request).person);
      const view = await viewNode(kube, request.params.name);
      return answer(request, reply, view.ok ? view : err(unseen(view.error)));
    },
  );
}
