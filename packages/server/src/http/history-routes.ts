/** The history of one object: its revisions, and the restoration of one. */
import { err, ok, type Result } from "@seam/base";
import type { KubeObject } from "@seam/kube";
import { Type } from "typebox";
import { mayListRecords } from "./access.ts";
import { Answer } from "./answers.ts";
import type { App } from "./bare-app.ts";
import { change, withSecrets } from "./change.ts";
import type { Context, Principal } from "./context.ts";
import { described } from "./openapi.ts";
import { ofKube, ofStore, type Problem } from "./problem.ts";
import { answer, principalOf, send } from "./reply.ts";
import { historyOf, type Place, refAt, type Resource } from "./resources.ts";
import { ChangeHeaders, Query, RevisionNumber } from "./schemas.ts";
import { pageIn } from "./store-page.ts";
import { placeIn, type Served, titled, wishOf } from "./served.ts";

/** Adds the routes of a kind. */
export function addHistoryRoutes(app: App, context: Context, served: Served): void {
  addList(app, context, served);
  addGet(app, context, served);
  addRestore(app, context, served);
}

const mayRead = (
  { access }: Context,
  { person }: Principal,
  { resource, place }: { readonly resource: Resource; readonly place: Place },
): Promise<Result<null, Problem>> =>
  mayListRecords(access, person, {
    resource: "revisions",
    project: historyOf(resource, place).project,
  });

function addList(app: App, context: Context, { resource, item, params }: Served): void {
  app.get(
    `${item}/revisions`,
    {
      schema: {
        ...described({
          operationId: `list${titled(resource.word)}Revisions`,
          summary: `The revisions of one ${resource.word}`,
          tag: resource.path,
          answers: { 200: Answer.revisions },
        }),
        params,
        querystring: Query.rows,
      },
      config: { scope: "read" },
    },
    async (request, reply) => {
      const place = placeIn(request.params);
      const may = await mayRead(context, principalOf(request), { resource, place });
      if (!may.ok) return send(request, reply, may.error);
      const page = { ...request.query, sort: "time" } as const;
      const found = context.store.revisions.list(historyOf(resource, place), page);
      return answer(request, reply, await pageIn(found));
    },
  );
}

function addGet(app: App, context: Context, { resource, item, params }: Served): void {
  app.get(
    `${item}/revisions/:number`,
    {
      schema: {
        ...described({
          operationId: `get${titled(resource.word)}Revision`,
          summary: `One revision of one ${resource.word}`,
          tag: resource.path,
          answers: { 200: Answer.revision },
        }),
        params: Type.Object({ ...params.properties, ...RevisionNumber.properties }),
      },
      config: { scope: "read" },
    },
    async (request, reply) => {
      const place = placeIn(request.params);
      const may = await mayRead(context, principalOf(request), { resource, place });
      if (!may.ok) return send(request, reply, may.error);
      const name = historyOf(resource, place);
      const found = await context.store.revisions.get(name, request.params.number);
      return answer(request, reply, found.ok ? found : err(ofStore(found.error)));
    },
  );
}

function addRestore(app: App, context: Context, { resource, item, params }: Served): void {
  app.post(
    `${item}/revisions/:number/restore`,
    {
      schema: {
        ...described({
          operationId: `restore${titled(resource.word)}`,
          summary: `Makes one ${resource.word} as it was in an earlier revision`,
          tag: resource.path,
          answers: { 200: Answer.changed },
        }),
        params: Type.Object({ ...params.properties, ...RevisionNumber.properties }),
        querystring: Query.change,
        headers: ChangeHeaders,
      },
      config: { scope: "write" },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const place = placeIn(request.params);
      const may = await mayRead(context, principal, { resource, place });
      if (!may.ok) return send(request, reply, may.error);
      const { number } = request.params;
      const restored = await restoredFrom(context, principal, { resource, place, number });
      if (!restored.ok) return send(request, reply, restored.error);
      const action = `restore revision ${number}`;
      const wish = wishOf(request, { resource, place, manifest: restored.value, action });
      return answer(request, reply, await change(context, wish));
    },
  );
}

type Earlier = { readonly resource: Resource; readonly place: Place; readonly number: number };

async function restoredFrom(
  { store, kube }: Context,
  { person }: Principal,
  { resource, place, number }: Earlier,
): Promise<Result<KubeObject, Problem>> {
  const candidate = await store.revisions.restoreCandidate(historyOf(resource, place), number);
  if (!candidate.ok) return err(ofStore(candidate.error));
  const live = await kube.inNameOf(person).get(refAt(resource, place));
  if (!live.ok && live.error.code !== 404) return err(ofKube(live.error));
  const restored = withSecrets(
    candidate.value.object,
    candidate.value.redacted,
    live.ok ? live.value : null,
  );
  return restored.ok ? ok(restored.value) : restored;
}
