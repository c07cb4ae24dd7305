/** `seam.v1.Policy`: each call is made towards the API server with the caller's own token, and holds nothing of its own. */
import { create } from "@bufbuild/protobuf";
import { err, ok, type Result } from "@seam/base";
import type { KubeClient } from "@seam/kube";
import {
  type Answers,
  type Call,
  DeletePolicyResponseSchema,
  type ListPoliciesRequest,
  type ListPoliciesResponse,
  ListPoliciesResponseSchema,
  type Method,
  Policy,
  type PolicyEventSchema,
  serverStreaming,
  type Status,
  unary,
  type WatchPoliciesRequest,
} from "@seam/wire";

import { makeSo, takeAway } from "./policy-changes.ts";
import { kindIn, messageOf, refOf, wishOf } from "./policy-message.ts";
import { watchPolicies } from "./policy-watch.ts";
import { statusOf } from "./status.ts";

const LARGEST_PAGE = 500;

/** The methods of the service over a client without an identity; `stop` ends its watches. */
export function policyService(client: KubeClient, stop: AbortSignal): readonly Method[] {
  const methods: { readonly [name in keyof typeof Policy.method]: Method } = {
    update: unary(Policy.method.update, async ({ policy }, call) => {
      const wish = wishOf(policy);
      if (!wish.ok) return wish;
      const caller = callerOf(client, call);
      if (!caller.ok) return caller;
      const object = await makeSo(caller.value, wish.value);
      return object.ok ? ok(messageOf(object.value)) : object;
    }),
    delete: unary(Policy.method.delete, async (request, call) => {
      const ref = refOf(request);
      if (!ref.ok) return ref;
      const caller = callerOf(client, call);
      if (!caller.ok) return caller;
      const gone = await takeAway(caller.value, ref.value);
      return gone.ok ? ok(create(DeletePolicyResponseSchema)) : gone;
    }),
    get: unary(Policy.method.get, async (request, call) => {
      const ref = refOf(request);
      if (!ref.ok) return ref;
      const caller = callerOf(client, call);
      if (!caller.ok) return caller;
      const found = await caller.value.get(ref.value);
      return found.ok ? ok(messageOf(found.value)) : err(statusOf(found.error));
    }),
    list: unary(Policy.method.list, async (request, call) => {
      const caller = callerOf(client, call);
      return caller.ok ? listPage(caller.value, request) : caller;
    }),
    watch: serverStreaming(Policy.method.watch, (request, call) =>
      watch(callerOf(client, call), request, AbortSignal.any([call.signal, stop])),
    ),
  };
  return Object.values(methods);
}

/** The cluster as the caller may see it. */
function callerOf(client: KubeClient, { token }: Call): Result<KubeClient, Status> {
  return token === null
    ? err({
        code: "UNAUTHENTICATED",
        message:
          "authorization: expected the metadata `authorization: Bearer TOKEN` with a token of the cluster, for example that of: kubectl create token NAME",
      })
    : ok(client.as(token));
}

async function* watch(
  caller: Result<KubeClient, Status>,
  request: WatchPoliciesRequest,
  signal: AbortSignal,
): Answers<typeof PolicyEventSchema> {
  return caller.ok ? yield* watchPolicies(caller.value, request, signal) : caller;
}

async function listPage(
  client: KubeClient,
  request: ListPoliciesRequest,
): Promise<Result<ListPoliciesResponse, Status>> {
  const kind = kindIn(request.namespace);
  if (!kind.ok) return kind;
  const { labelSelector, pageSize, pageToken } = request;
  const page = await client.list(kind.value, {
    limit: pageSize > 0 ? Math.min(pageSize, LARGEST_PAGE) : LARGEST_PAGE,
    ...(labelSelector === "" ? {} : { labelSelector }),
    ...(pageToken === "" ? {} : { continue: pageToken }),
  });
  if (!page.ok) return err(statusOf(page.error));
  const { items, resourceVersion, next } = page.value;
  const policies = items.map(messageOf);
  return ok(
    create(ListPoliciesResponseSchema, { policies, resourceVersion, nextPageToken: next ?? "" }),
  );
}
