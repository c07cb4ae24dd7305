/** Members of a project, as its specification names them; changed by whoever may change the project. */
import { parseProject, type Project } from "@seam/api";
import { err, ok, type Result } from "@seam/base";
import { asWritten } from "@seam/client";
import { Answer } from "./answers.ts";
import type { App } from "./bare-app.ts";
import { change, type Wish } from "./change.ts";
import type { Context, Principal } from "./context.ts";
import { describedIn } from "./openapi.ts";
import { invalidFields, ofKube, type Problem } from "./problem.ts";
import { answer, principalOf, send } from "./reply.ts";
import { PROJECTS, refAt } from "./resources.ts";
import { Body, ChangeHeaders, MemberParams, Params, Query } from "./schemas.ts";
import { wishOf } from "./served.ts";

type Member = NonNullable<Project["spec"]["members"]>[number];

/** Adds the routes. */
export function addMemberRoutes(app: App, context: Context): void {
  addList(app, context);
  addPut(app, context);
  addDelete(app, context);
}

async function projectOf(
  { kube }: Context,
  { person }: Principal,
  name: string,
): Promise<Result<Project, Problem>> {
  const found = await kube.inNameOf(person).get(refAt(PROJECTS, { name }));
  if (!found.ok) return err(ofKube(found.error));
  const parsed = parseProject(asWritten(found.value));
  return parsed.ok ? parsed : err(invalidFields(parsed.error));
}

const schemaOf = describedIn("members");

function addList(app: App, context: Context): void {
  app.get(
    "/api/v1/projects/:project/members",
    {
      schema: {
        ...schemaOf("listMembers", "Who belongs to a project", { 200: Answer.members }),
        params: Params.project,
      },
      config: { scope: "read" },
    },
    async (request, reply) => {
      const project = await projectOf(context, principalOf(request), request.params.project);
      const items = project.ok ? ok({ items: project.value.spec.members ?? [] }) : project;
      return answer(request, reply, items);
    },
  );
}

type Named = { readonly type: "user" | "group"; readonly member: string };

const isNamed =
  ({ type, member }: Named) =>
  (each: Member): boolean =>
    each[type] === member;

function addPut(app: App, context: Context): void {
  app.put(
    "/api/v1/projects/:project/members/:type/:member",
    {
      schema: {
        ...schemaOf("setMember", "Gives a member a role in a project", { 200: Answer.changed }),
        params: MemberParams,
        querystring: Query.change,
        headers: ChangeHeaders,
        body: Body.member,
      },
      config: { scope: "write" },
    },
    async (request, reply) => {
      const { project: name, type, member } = request.params;
      const project = await projectOf(context, principalOf(request), name);
      if (!project.ok) return send(request, reply, project.error);
      const others = (project.value.spec.members ?? []).filter(
        (each) => !isNamed(request.params)(each),
      );
      const members = [...others, { [type]: member, role: request.body.role }];
      const wish = wishOf(request, withMembers(project.value, members));
      return answer(request, reply, await change(context, wish));
    },
  );
}

const withMembers = (
  project: Project,
  members: readonly Member[],
): Pick<Wish, "resource" | "place" | "manifest" | "action"> => ({
  resource: PROJECTS,
  place: { name: project.metadata.name },
  manifest: { ...project, spec: { ...project.spec, members } },
  action: "set members",
});

function addDelete(app: App, context: Context): void {
  app.delete(
    "/api/v1/projects/:project/members/:type/:member",
    {
      schema: {
        ...schemaOf("removeMember", "Takes a member out of a project", { 200: Answer.changed }),
        params: MemberParams,
        querystring: Query.change,
        headers: ChangeHeaders,
      },
      config: { scope: "write" },
    },
    async (request, reply) => {
      const { project: name, type, member } = request.params;
      const project = await projectOf(context, principalOf(request), name);
      if (!project.ok) return send(request, reply, project.error);
      const all = project.value.spec.members ?? [];
      const members = all.filter((each) => !isNamed(request.params)(each));
      if (members.length === all.length)
        return send(request, reply, {
          code: "not-found",
          detail: `project ${name} has no member ${type} ${member}`,
        });
      const wish = wishOf(request, withMembers(project.value, members));
      return answer(request, reply, await change(context, wish));
    },
  );
}
