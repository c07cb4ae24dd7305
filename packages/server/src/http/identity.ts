/** Who asks: an API token in a header, or the session of a cookie, with the proof against forged requests that its page must send. */
import { err, ok, type Result } from "@seam/base";
import type { Bearer, Store } from "@seam/store";
import type { FastifyRequest } from "fastify";
import type { Principal, Scope } from "./context.ts";
import { ofStore, type Problem } from "./problem.ts";
import { remember } from "./recent.ts";
import { csrfOf, hashOfSecret, isSame } from "./secret.ts";

const COOKIE = "seam_session";
/** No secret is longer. */
const MOST_CHARACTERS = 256;

type Presented = { readonly kind: "session" | "token"; readonly secret: string };

/** What a request presents; a header wins over a cookie. */
export function presentedBy(request: FastifyRequest): Presented | null {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (token !== undefined) return { kind: "token", secret: token.slice(0, MOST_CHARACTERS) };
  const cookies = (request.headers.cookie ?? "").split(/; */);
  const mine = cookies.find((each) => each.startsWith(`${COOKIE}=`));
  const secret = mine?.slice(COOKIE.length + 1, COOKIE.length + 1 + MOST_CHARACTERS) ?? "";
  return secret === "" ? null : { kind: "session", secret };
}

/** The header that gives a browser its session, or takes it away when there is none. */
export function sessionCookie(
  secret: string | null,
  { isSecure, maxAgeSeconds }: { readonly isSecure: boolean; readonly maxAgeSeconds: number },
): string {
  const age = secret === null ? 0 : maxAgeSeconds;
  const secure = isSecure ? "; Secure" : "";
  return `${COOKIE}=${secret ?? ""}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${age}${secure}`;
}

/** Who asks, when they may use what they came with for `scope`; nothing is said of what the cluster lets them do. */
export type Identify = (
  request: FastifyRequest,
  scope: Scope | null,
) => Promise<Result<Principal, Problem>>;

/** So long is somebody known while the store is away, so that what the cluster tells can be read; changes need the store anyway. */
const KNOWN_MS = 600_000;
const MOST_KNOWN = 10_000;

type Known = { readonly bearer: Bearer; readonly untilMs: number };

/** Asks the store at each request. */
export function createIdentify(store: Store): Identify {
  const known = new Map<string, Known>();
  const find = async (
    { kind }: Presented,
    secretHash: string,
  ): Promise<Result<Bearer | null, Problem>> => {
    const found = await store.credentials.find(kind, secretHash);
    const key = `${kind} ${secretHash}`;
    if (!found.ok) {
      const last = found.error.code === "unavailable" ? stillGood(known.get(key)) : null;
      return last === null ? err(ofStore(found.error)) : ok(last);
    }
    const untilMs = performance.now() + KNOWN_MS;
    if (found.value === null) known.delete(key);
    else remember(known, [key, { bearer: found.value, untilMs }], MOST_KNOWN);
    return found;
  };
  return async (request, scope) => {
    const presented = presentedBy(request);
    if (presented === null)
      return err(nobody("expected a token in the header Authorization: Bearer"));
    const secretHash = hashOfSecret(presented.secret);
    const found = await find(presented, secretHash);
    if (!found.ok) return found;
    if (found.value === null)
      return err(nobody(`the ${presented.kind} is unknown, over or revoked`));
    const forged = forgeryIn(request, presented);
    if (forged !== null) return err(forged);
    const missing = scope !== null && !found.value.scopes.includes(scope);
    return missing ? err(outOfScope(scope)) : ok(principalOf(found.value, secretHash));
  };
}

const stillGood = (known: Known | undefined): Bearer | null =>
  known !== undefined &&
  known.untilMs > performance.now() &&
  known.bearer.expiresAt.getTime() > Date.now()
    ? known.bearer
    : null;

const principalOf = (bearer: Bearer, secretHash: string): Principal => ({
  person: { user: bearer.account, groups: bearer.groups },
  scopes: bearer.scopes,
  kind: bearer.kind,
  credentialId: bearer.id,
  secretHash,
});

const nobody = (detail: string): Problem => ({
  code: "unauthenticated",
  detail,
  hint: "Sign in (POST /api/v1/session), or ask for a token (POST /api/v1/tokens).",
});

const outOfScope = (scope: Scope): Problem => ({
  code: "forbidden",
  detail: `the token's scopes do not have "${scope}"`,
  hint: "Use a token with this scope, or sign in.",
});

/** A browser sends its cookies also with what another site's page asks for; that page does not know the session's mark. */
function forgeryIn(request: FastifyRequest, { kind, secret }: Presented): Problem | null {
  if (kind === "token" || request.method === "GET" || request.method === "HEAD") return null;
  const said = request.headers["x-csrf-token"];
  if (typeof said === "string" && isSame(said, csrfOf(secret))) return null;
  return {
    code: "forbidden",
    detail: "header x-csrf-token: expected the csrf of this session (GET /api/v1/session)",
  };
}
