/** Who may speak to whom: a table of a project's pods, or of all, now and after a change; and one question, with what to change. */
import { err, ok, type Result } from "@seam/base";
import { askReach, type ReachAnswer, tabulateReach } from "@seam/client";
import type { ObjectRef } from "@seam/kube";
import { decidersOf, endName, isAllowed, type Matrix, type Side, trafficName } from "@seam/reach";
import type { Static } from "typebox";
import { Answer } from "./answers.ts";
import type { App } from "./bare-app.ts";
import type { Context, Principal } from "./context.ts";
import { describedIn } from "./openapi.ts";
import { ofSeam, type Problem } from "./problem.ts";
import { CanTalkQuery, ReachBody } from "./reach-schemas.ts";
import { answer, principalOf } from "./reply.ts";
import { Params } from "./schemas.ts";

const schemaOf = describedIn("reachability");
/** Nothing is written: what would be applied is tried as a dry run in the caller's name. */
const config = { scope: "read" } as const;
/** The table of as many takes a second or two of a processor. */
const MOST_PODS = 200;

/** Adds the routes. */
export function addReachRoutes(app: App, context: Context): void {
  app.post(
    "/api/v1/projects/:project/reachability",
    {
      schema: {
        ...schemaOf("tabulateReach", "Which pods of a project reach which, also after a change", {
          200: Answer.reachMatrix,
        }),
        params: Params.project,
        body: ReachBody,
      },
      config,
    },
    async (request, reply) => {
      const asked = { principal: principalOf(request), namespace: request.params.project };
      return answer(request, reply, await tableOf(context, asked, request.body));
    },
  );
  app.post(
    "/api/v1/reachability",
    {
      schema: {
        ...schemaOf("tabulateAllReach", "Which pods of the cluster reach which", {
          200: Answer.reachMatrix,
        }),
        body: ReachBody,
      },
      config,
    },
    async (request, reply) => {
      const asked = { principal: principalOf(request), namespace: null };
      return answer(request, reply, await tableOf(context, asked, request.body));
    },
  );
  addCanTalk(app, context);
}

type Asked = { readonly principal: Principal; readonly namespace: string | null };

async function tableOf(
  context: Context,
  { principal, namespace }: Asked,
  { ports, family, apply, remove }: Static<typeof ReachBody>,
): Promise<Result<object, Problem>> {
  const kube = context.kube.inNameOf(principal.person);
  const sources = apply.map((each, index) => ({
    name: `body.apply[${index}]`,
    text: JSON.stringify(each),
  }));
  const removed = remove.map(({ kind, name }): ObjectRef => {
    const ref = { apiVersion: "networking.k8s.io/v1", kind, name };
    return namespace === null ? ref : { ...ref, namespace };
  });
  // One table at a time for each who asks: it is the dearest thing to ask for.
  const found = await context.lanes(`reach ${principal.person.user}`, () =>
    tabulateReach({ kube, namespace }, { sources, removed, ports, family, mostPods: MOST_PODS }),
  );
  if (!found.ok) return err(ofSeam(found.error));
  return ok({ ...matrixOf(found.value.matrix), notes: found.value.notes });
}

const matrixOf = ({ groups, cells }: Matrix): object => ({
  groups: groups.map(({ name, pods }) => ({
    name: name.replace(/^[^/]*\//, ""),
    project: pods[0]?.namespace ?? "",
    pods: pods.map((pod) => pod.name),
  })),
  cells,
});

function addCanTalk(app: App, context: Context): void {
  app.get(
    "/api/v1/projects/:project/can-talk",
    {
      schema: {
        ...schemaOf("canTalk", "Whether one end may speak to another, and what to change", {
          200: Answer.reachAnswer,
        }),
        params: Params.project,
        querystring: CanTalkQuery,
      },
      config,
    },
    async (request, reply) => {
      const kube = context.kube.inNameOf(principalOf(request).person);
      const { from, to, port, family = null } = request.query;
      const place = { kube, namespace: request.params.project };
      const found = await askReach(place, { from, to, port, family });
      const result = found.ok ? ok(answerOf(found.value)) : err(ofSeam(found.error));
      return answer(request, reply, result);
    },
  );
}

function answerOf({ attempt, verdict, explanation, openings, notes }: ReachAnswer): object {
  const sideOf = (side: Side, text: string): object => ({
    allowed: isAllowed(side),
    text,
    policies: decidersOf(side).map(({ namespace, ...each }) => ({ ...each, project: namespace })),
  });
  return {
    allowed: verdict.allowed,
    from: endName(attempt.from),
    to: endName(attempt.to),
    traffic: trafficName(attempt),
    family: attempt.family,
    egress: sideOf(verdict.egress, explanation.egress),
    ingress: sideOf(verdict.ingress, explanation.ingress),
    remedies: explanation.remedies,
    manifests: openings,
    notes,
  };
}
