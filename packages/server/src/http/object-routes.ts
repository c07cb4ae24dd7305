/** The cluster's objects: lists, one by one, changes, and the history of each with its restoration. */
import { err, ok, type Result } from "@seam/base";
import { listObjects } from "@seam/client";
import { isKubeObject, type KubeObject, withoutManagers } from "@seam/kube";
import { type TSchema, Type } from "typebox";
import { Answer } from "./answers.ts";
import type { App } from "./bare-app.ts";
import { change } from "./change.ts";
import type { Context, Principal } from "./context.ts";
import { addHistoryRoutes } from "./history-routes.ts";
import { type ObjectPage, type ObjectQuery, pageOf } from "./object-page.ts";
import { described } from "./openapi.ts";
import { badField, ofKube, ofSeam, type Problem } from "./problem.ts";
import { answer, principalOf } from "./reply.ts";
import {
  IN_CLUSTER,
  IN_PROJECT,
  kindAt,
  type Place,
  PROJECTS,
  refAt,
  type Resource,
} from "./resources.ts";
import { ChangeHeaders, Manifests, Params, Query } from "./schemas.ts";
import { placeIn, type Served, titled, wishOf } from "./served.ts";
import { visibleProjects } from "./visible.ts";

/** Adds the routes of all kinds. */
export function addObjectRoutes(app: App, context: Context): void {
  const nothing = Type.Object({});
  addKind(app, context, {
    resource: PROJECTS,
    base: "/api/v1/projects",
    item: "/api/v1/projects/:project",
    listParams: nothing,
    params: Params.project,
  });
  for (const resource of IN_PROJECT) {
    const base = `/api/v1/projects/:project/${resource.path}`;
    const params = { listParams: Params.project, params: Params.inProject };
    addKind(app, context, { resource, base, item: `${base}/:name`, ...params });
  }
  for (const resource of IN_CLUSTER) {
    const base = `/api/v1/${resource.path}`;
    const params = { listParams: nothing, params: Params.name };
    addKind(app, context, { resource, base, item: `${base}/:name`, ...params });
  }
}

function addKind(app: App, context: Context, served: Served): void {
  addList(app, context, served);
  addGet(app, context, served);
  if (!served.resource.isWritable) return;
  addPut(app, context, served);
  addDelete(app, context, served);
  addHistoryRoutes(app, context, served);
}

function addList(app: App, context: Context, { resource, base, listParams }: Served): void {
  app.get(
    base,
    {
      schema: {
        ...described({
          operationId: `list${titled(resource.path)}`,
          summary: `Those ${resource.path} that you may see`,
          tag: resource.path,
          answers: { 200: Answer.objects },
        }),
        params: listParams,
        querystring: Query.objects,
      },
      config: { scope: "read" },
    },
    async (request, reply) => {
      const { project } = placeIn(request.params);
      const principal = principalOf(request);
      const page = await listPage(context, { principal, resource, project }, request.query);
      return answer(request, reply, page);
    },
  );
}

type Listed = {
  readonly principal: Principal;
  readonly resource: Resource;
  readonly project: string | undefined;
};

async function listPage(
  context: Context,
  listed: Listed,
  query: ObjectQuery,
): Promise<Result<ObjectPage, Problem>> {
  const { principal, resource, project } = listed;
  const kube = context.kube.inNameOf(principal.person);
  const { labelSelector } = query;
  const selector = labelSelector === undefined ? {} : { labelSelector };
  if (resource.scope === "project") {
    const { access } = context;
    const projects = await visibleProjects({ kube, access, person: principal.person }, selector);
    return projects.ok ? pageOf(projects.value, query) : projects;
  }
  const found = await listObjects(kube, kindAt(resource, project), selector);
  return found.ok ? pageOf(found.value, query) : err(ofSeam(found.error));
}

function addGet(app: App, context: Context, { resource, item, params }: Served): void {
  app.get(
    item,
    {
      schema: {
        ...described({
          operationId: `get${titled(resource.word)}`,
          summary: `One ${resource.word}`,
          tag: resource.path,
          answers: { 200: Answer.object },
        }),
        params,
      },
      config: { scope: "read" },
    },
    async (request, reply) => {
      const kube = context.kube.inNameOf(principalOf(request).person);
      const found = await kube.get(refAt(resource, placeIn(request.params)));
      const result = found.ok ? ok(withoutManagers(found.value)) : err(ofKube(found.error));
      return answer(request, reply, result);
    },
  );
}

const MANIFESTS: { readonly [kind: string]: TSchema } = Manifests;

function addPut(app: App, context: Context, { resource, item, params }: Served): void {
  app.put(
    item,
    {
      schema: {
        ...described({
          operationId: `apply${titled(resource.word)}`,
          summary: `Makes or changes one ${resource.word}, as its manifest says`,
          tag: resource.path,
          answers: { 200: Answer.changed },
        }),
        params,
        querystring: Query.change,
        headers: ChangeHeaders,
        body: MANIFESTS[resource.kind] ?? Answer.object,
      },
      config: { scope: "write" },
    },
    async (request, reply) => {
      const place = placeIn(request.params);
      const manifest = placed(resource, place, request.body);
      if (!manifest.ok) return answer(request, reply, manifest);
      const wish = wishOf(request, { resource, place, manifest: manifest.value, action: "apply" });
      return answer(request, reply, await change(context, wish));
    },
  );
}

/** The manifest, which must name what the path names. */
function placed(resource: Resource, place: Place, body: unknown): Result<KubeObject, Problem> {
  if (!isKubeObject(body)) return err(badField("body", "expected an object of Kubernetes"));
  const { name, namespace } = body.metadata;
  if (name !== place.name)
    return err(badField("body.metadata.name", `expected "${place.name}", as in the path`));
  const wanted = kindAt(resource, place.project).namespace;
  if (namespace !== undefined && namespace !== wanted)
    return err(badField("body.metadata.namespace", `expected "${wanted ?? ""}", or none`));
  const own = wanted === undefined ? {} : { namespace: wanted };
  return ok({ ...body, metadata: { ...body.metadata, ...own } });
}

function addDelete(app: App, context: Context, { resource, item, params }: Served): void {
  app.delete(
    item,
    {
      schema: {
        ...described({
          operationId: `delete${titled(resource.word)}`,
          summary: `Asks for the deletion of one ${resource.word}`,
          tag: resource.path,
          answers: { 200: Answer.changed },
        }),
        params,
        querystring: Query.delete,
        headers: ChangeHeaders,
      },
      config: { scope: "write" },
    },
    async (request, reply) => {
      const place = placeIn(request.params);
      const wish = wishOf(request, { resource, place, manifest: null, action: "delete" });
      return answer(request, reply, await change(context, wish));
    },
  );
}
