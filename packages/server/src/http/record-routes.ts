/** What the store keeps beyond single objects: histories of projects, the audit, results of benchmarks. */
import { err, ok } from "@seam/base";
import type { Static } from "typebox";
import { mayListRecords } from "./access.ts";
import { Answer } from "./answers.ts";
import type { App } from "./bare-app.ts";
import type { Context } from "./context.ts";
import { describedIn } from "./openapi.ts";
import { ofStore, type Problem } from "./problem.ts";
import { answer, principalOf, send } from "./reply.ts";
import { Params, Query } from "./schemas.ts";
import { pageIn } from "./store-page.ts";

const config = { scope: "read" } as const;

/** Adds the routes. */
export function addRecordRoutes(app: App, context: Context): void {
  addRevisions(app, context);
  addAudit(app, context);
  addWholeAudit(app, context);
  addBenchmarks(app, context);
  addBenchmark(app, context);
}

const schemaOf = describedIn("records");

/** Which rows of the audit, and the page of them. */
function asked({ limit, cursor, direction, ...filter }: Static<typeof Query.audit>) {
  const start = cursor === undefined ? {} : { cursor };
  return { filter, page: { limit, direction, sort: "time", ...start } as const };
}

function addRevisions(app: App, context: Context): void {
  app.get(
    "/api/v1/projects/:project/history",
    {
      schema: {
        ...schemaOf("listHistory", "What was changed in a project", { 200: Answer.revisions }),
        params: Params.project,
        querystring: Query.rows,
      },
      config,
    },
    async (request, reply) => {
      const { project } = request.params;
      const wanted = { resource: "revisions", project };
      const may = await mayListRecords(context.access, principalOf(request).person, wanted);
      if (!may.ok) return send(request, reply, may.error);
      const page = { ...request.query, sort: "time" } as const;
      return answer(request, reply, await pageIn(context.store.revisions.list({ project }, page)));
    },
  );
}

function addAudit(app: App, context: Context): void {
  app.get(
    "/api/v1/projects/:project/audit",
    {
      schema: {
        ...schemaOf("listProjectAudit", "Who did what in a project", { 200: Answer.audit }),
        params: Params.project,
        querystring: Query.audit,
      },
      config,
    },
    async (request, reply) => {
      const { project } = request.params;
      const may = await mayListRecords(context.access, principalOf(request).person, {
        resource: "audits",
        project,
      });
      if (!may.ok) return send(request, reply, may.error);
      const { filter, page } = asked(request.query);
      const found = context.store.audit.list({ ...filter, project }, page);
      return answer(request, reply, await pageIn(found));
    },
  );
}

function addWholeAudit(app: App, context: Context): void {
  app.get(
    "/api/v1/audit",
    {
      schema: {
        ...schemaOf("listAudit", "Who did what, everywhere", { 200: Answer.audit }),
        querystring: Query.audit,
      },
      config,
    },
    async (request, reply) => {
      const wanted = { resource: "audits", project: null };
      const may = await mayListRecords(context.access, principalOf(request).person, wanted);
      if (!may.ok) return send(request, reply, may.error);
      const { filter, page } = asked(request.query);
      return answer(request, reply, await pageIn(context.store.audit.list(filter, page)));
    },
  );
}

function addBenchmarks(app: App, context: Context): void {
  app.get(
    "/api/v1/projects/:project/benchmarks",
    {
      schema: {
        ...schemaOf("listBenchmarks", "Results of a project's benchmarks", {
          200: Answer.benchmarks,
        }),
        params: Params.project,
        querystring: Query.benchmarks,
      },
      config,
    },
    async (request, reply) => {
      const { project } = request.params;
      const wanted = { resource: "benchmarks", project };
      const may = await mayListRecords(context.access, principalOf(request).person, wanted);
      if (!may.ok) return send(request, reply, may.error);
      const { name, ...page } = request.query;
      const filter = name === undefined ? { project } : { project, name };
      const found = context.store.benchmarks.list(filter, page);
      return answer(request, reply, await pageIn(found));
    },
  );
}

function addBenchmark(app: App, context: Context): void {
  app.get(
    "/api/v1/projects/:project/benchmarks/:id",
    {
      schema: {
        ...schemaOf("getBenchmark", "One result, with its specification and figures", {
          200: Answer.benchmark,
        }),
        params: Params.idInProject,
      },
      config,
    },
    async (request, reply) => {
      const { project, id } = request.params;
      const wanted = { resource: "benchmarks", project };
      const may = await mayListRecords(context.access, principalOf(request).person, wanted);
      if (!may.ok) return send(request, reply, may.error);
      const found = await context.store.benchmarks.get(id);
      if (!found.ok) return send(request, reply, ofStore(found.error));
      // Another project's is not told of.
      const absent: Problem = { code: "not-found", detail: `${project} has no result ${id}` };
      const result = found.value.project === project ? ok(found.value) : err(absent);
      return answer(request, reply, result);
    },
  );
}
