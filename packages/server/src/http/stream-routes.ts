/** Changes as they come, as server-sent events (HTML Living Standard, section 9.2) that a watcher can go on with after a cut. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { err, ok, type Result } from "@seam/base";
import type { Change } from "@seam/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Question } from "./access.ts";
import type { App } from "./bare-app.ts";
import type { Told } from "./change-hub.ts";
import type { Context, Principal } from "./context.ts";
import { described } from "./openapi.ts";
import { badField, ofStore, type Problem } from "./problem.ts";
import { principalOf, send } from "./reply.ts";
import { Query, StreamHeaders } from "./schemas.ts";

/** More watchers are sent away, to come again. */
const MOST_STREAMS = 5000;
/** So often something is sent, so that nothing on the way takes the connection for dead. */
const HEARTBEAT_MS = 15_000;
/** So often it is looked whether the credential is still good, and whether somebody may still see what they see. */
const LOOK_MS = 10_000;

/** Adds the route. */
export function addStreamRoutes(app: App, context: Context): void {
  let open = 0;
  app.get(
    "/api/v1/changes",
    {
      schema: {
        ...described({
          operationId: "watchChanges",
          summary: "What is recorded, as it comes; goes on after Last-Event-ID",
          tag: "records",
          answers: {
            200: {
              description:
                "Events whose `id` is the change's number and whose name is its topic; `reset`: changes in between are no longer kept, read everything anew.",
              content: { "text/event-stream": { schema: Type.String() } },
            },
          },
        }),
        querystring: Query.changes,
        headers: StreamHeaders,
      },
      config: { scope: "read" },
    },
    async (request, reply) => {
      if (open >= MOST_STREAMS) return send(request, reply, crowded);
      const after = await beginning(context, request.headers["last-event-id"], request.query.after);
      if (!after.ok) return send(request, reply, after.error);
      open += 1;
      try {
        const { project } = request.query;
        await stream(context, { request, reply }, { after: after.value, project });
      } finally {
        open -= 1;
      }
      return reply;
    },
  );
}

const crowded: Problem = {
  code: "too-many-requests",
  detail: `there are ${MOST_STREAMS} watchers already`,
  retryAfterSeconds: 5,
};

/** The number of the last change that a watcher knows; the newest when it names none. */
async function beginning(
  { hub }: Context,
  header: string | undefined,
  query: number | undefined,
): Promise<Result<number, Problem>> {
  const head = await hub.head();
  if (!head.ok) return err(ofStore(head.error));
  const named = header === undefined ? query : Number(header);
  if (named === undefined) return head;
  const expected = `expected the id of an event, ${head.value} at most`;
  return named <= head.value ? ok(named) : err(badField("headers.last-event-id", expected));
}

type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply };
type Watched = { readonly after: number; readonly project: string | undefined };

async function stream(
  context: Context,
  { request, reply }: Exchange,
  { after, project }: Watched,
): Promise<void> {
  const principal = principalOf(request);
  const closed = new AbortController();
  const { raw } = reply;
  raw.once("close", () => closed.abort());
  reply.hijack();
  raw.writeHead(200, headersOf(reply));
  raw.write("retry: 1000\n\n");
  const beat = setInterval(() => raw.write(":\n\n"), HEARTBEAT_MS);
  const look = setInterval(() => void endWhenOver(context, principal, closed), LOOK_MS);
  const signal = AbortSignal.any([context.signal, closed.signal]);
  try {
    await tell(context, { raw, principal, signal }, { after, project });
  } finally {
    clearInterval(beat);
    clearInterval(look);
    raw.end();
  }
}

function headersOf(reply: FastifyReply): { readonly [name: string]: string } {
  const headers = Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]);
  return {
    ...Object.fromEntries(headers),
    "content-type": "text/event-stream; charset=utf-8",
    // Nothing on the way may keep events back.
    "x-accel-buffering": "no",
  };
}

async function endWhenOver(
  { store }: Context,
  { kind, secretHash }: Principal,
  closed: AbortController,
): Promise<void> {
  const found = await store.credentials.find(kind, secretHash);
  if (found.ok && found.value === null) closed.abort();
}

type Watcher = {
  readonly raw: ServerResponse;
  readonly principal: Principal;
  readonly signal: AbortSignal;
};

/** Ends when the watcher goes, the server ends, or the store is away: the watcher comes again. */
async function tell(context: Context, watcher: Watcher, watched: Watched): Promise<void> {
  const { raw, signal } = watcher;
  const sees = createSight(context, watcher.principal, watched.project);
  let { after } = watched;
  while (!signal.aborted) {
    const news = await context.hub.after(after, signal);
    if (!news.ok && news.error.code !== "gone") return;
    const told = news.ok ? await textOf(news.value, sees) : await reset(context);
    if (told === null || signal.aborted) return;
    after = told.last ?? after;
    if (told.text !== "" && !raw.write(told.text)) await drained(raw, signal);
  }
}

type Text = { readonly text: string; readonly last: number | undefined };

/** What is not seen still moves the number on, by an event without data, which a browser does not tell its page. */
async function textOf(news: readonly Told[], sees: Sight): Promise<Text | null> {
  const frames: string[] = [];
  let isSilent = false;
  for (const { change, frame } of news) {
    const seen = await sees(change);
    if (!seen.ok) return null;
    if (seen.value) frames.push(frame);
    isSilent = !seen.value;
  }
  const last = news.at(-1)?.change.sequence;
  return { text: frames.join("") + (isSilent ? `id: ${last}\n\n` : ""), last };
}

async function reset({ hub }: Context): Promise<Text | null> {
  const head = await hub.head();
  if (!head.ok) return null;
  return { text: `id: ${head.value}\nevent: reset\ndata: {}\n\n`, last: head.value };
}

async function drained(raw: ServerResponse, signal: AbortSignal): Promise<void> {
  await once(raw, "drain", { signal }).catch(() => undefined);
}

/** Whether a watcher may see a change. */
type Sight = (change: Change) => Promise<Result<boolean, Problem>>;

function createSight(
  { access }: Context,
  { person }: Principal,
  project: string | undefined,
): Sight {
  const known = new Map<string, { readonly answer: boolean; readonly untilMs: number }>();
  return async (change) => {
    if (project !== undefined && change.project !== project) return ok(false);
    const key = `${change.topic}/${change.project}`;
    const kept = known.get(key);
    if (kept !== undefined && kept.untilMs > performance.now()) return ok(kept.answer);
    const may = await access.may(person, questionOf(change));
    if (may.ok) known.set(key, { answer: may.value, untilMs: performance.now() + LOOK_MS });
    return may;
  };
}

/** What is in the store is seen by whoever may list it in the project; what is of no project, in the cluster. */
const questionOf = ({ topic, project }: Change): Question => ({
  verb: "list",
  ...TOPICS[topic],
  ...(project === "" ? {} : { namespace: project }),
});

const TOPICS = {
  revision: { group: "seam.ucsd.edu", resource: "revisions" },
  audit: { group: "seam.ucsd.edu", resource: "audits" },
  benchmark: { group: "seam.ucsd.edu", resource: "benchmarks" },
  event: { group: "", resource: "events" },
  log: { group: "", resource: "pods", subresource: "log" },
} as const;
