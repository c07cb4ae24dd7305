/** Calls of the API by their operation: where each is, and what it takes and answers, is of the OpenAPI document. */
import { OPERATIONS, type Operations, type Problem } from "../gen/api.ts";
import { credentials } from "./credentials.ts";

/** Name of an operation of the API. */
export type OperationId = keyof Operations;
type Input<K extends OperationId> = Operations[K]["input"];
/** What an operation answers. */
type Output<K extends OperationId> = Operations[K]["output"];

type Text = { readonly [name: string]: string | number | boolean | undefined };
type Parts = {
  readonly path?: Text;
  readonly query?: Text;
  readonly header?: Text;
  readonly body?: unknown;
};

/** A call that failed, with what the server says of it; `status` 0: no answer came. */
export class ApiError extends Error {
  readonly problem: Pick<Problem, "status" | "title" | "detail" | "hint" | "errors">;
  constructor(problem: ApiError["problem"]) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Makes a call; throws an `ApiError`. */
export async function call<K extends OperationId>(
  id: K,
  input: Input<K>,
  signal?: AbortSignal,
): Promise<Output<K>> {
  const { method, path } = OPERATIONS[id];
  const parts: Parts = input;
  const answer = await answerTo(`${filled(path, parts.path)}${queryOf(parts.query)}`, {
    method,
    headers: headersOf(method, parts),
    ...(parts.body === undefined ? {} : { body: JSON.stringify(parts.body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  return answer.status === 204 ? null : answer.json();
}

/** A query of it, for `useQuery`; its key starts with the operation. */
export const ask = <K extends OperationId>(id: K, input: Input<K>): Asked<K> => ({
  queryKey: [id, input],
  queryFn: ({ signal }) => call(id, input, signal),
});

type Asked<K extends OperationId> = {
  readonly queryKey: readonly unknown[];
  readonly queryFn: (context: { readonly signal: AbortSignal }) => Promise<Output<K>>;
};

/** An answer that is no failure. */
export async function answerTo(where: string, request: RequestInit): Promise<Response> {
  const answer = await fetch(where, request).catch((error: unknown) => {
    throw error instanceof DOMException && error.name === "AbortError" ? error : unreachable();
  });
  if (answer.ok) return answer;
  const said: Problem | null = await answer.json().catch(() => null);
  const { status, statusText } = answer;
  throw new ApiError(said ?? { status, title: statusText, detail: statusText });
}

const unreachable = (): ApiError =>
  new ApiError({
    status: 0,
    title: "No answer",
    detail: "the server cannot be reached",
    hint: "Look whether `seam server` runs; this page goes on by itself.",
  });

function headersOf(method: string, { header = {}, body }: Parts): Record<string, string> {
  const own = Object.entries(header).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return {
    ...credentials.headers(method),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...Object.fromEntries(own),
  };
}

const filled = (path: string, values: Text = {}): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));

function queryOf(values: Text = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== "") query.set(name, String(value));
  return query.size === 0 ? "" : `?${query.toString()}`;
}
