/** What routes share: who asks, and how results are answered. */
import { invariant, type Result } from "@seam/base";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Principal } from "./context.ts";
import { type Problem, problemDocument, PROBLEMS } from "./problem.ts";

/** A failed check on its way to the error handler; Fastify wants an `Error`. */
export class InvalidRequest extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Who asks; a guarded route is not reached by nobody. */
export function principalOf({ principal }: Pick<FastifyRequest, "principal">): Principal {
  invariant(principal !== null, "a guarded route is reached by somebody");
  return principal;
}

/** Answers with a problem. */
export function send(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const { code, retryAfterSeconds } = problem;
  if (retryAfterSeconds !== undefined) reply.header("retry-after", String(retryAfterSeconds));
  if (code === "unauthenticated") reply.header("www-authenticate", 'Bearer realm="seam"');
  return reply
    .code(PROBLEMS[code][0])
    .type("application/problem+json")
    .serializer(String)
    .send(JSON.stringify(problemDocument(problem, request.id)));
}

/** Answers with a value, or with why there is none. */
export const answer = <T>(
  request: FastifyRequest,
  reply: FastifyReply,
  result: Result<T, Problem>,
): FastifyReply => (result.ok ? reply.send(result.value) : send(request, reply, result.error));
