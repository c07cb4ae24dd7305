/** Who is signed in, and how one gets in and out. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactElement, type ReactNode, useContext, useEffect } from "react";
import type { Identity } from "../gen/api.ts";
import { ApiError, call } from "./call.ts";
import { credentials } from "./credentials.ts";
import { followChanges } from "./live.ts";

/** What somebody types to sign in. */
export type SignIn =
  | { readonly name: string; readonly password: string }
  | { readonly token: string };

type Session = {
  readonly identity: Identity;
  readonly signOut: () => Promise<void>;
};

const SessionContext = createContext<Session | null>(null);
export const SESSION_KEY = ["session"];

/** The session of pages that are shown to whoever is signed in. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("this is for pages inside Session");
  return session;
}

/** Null when nobody is signed in. */
async function findIdentity(): Promise<Identity | null> {
  try {
    const identity = await call("getSession", {});
    credentials.setMark(identity.csrf);
    return identity;
  } catch (error) {
    if (error instanceof ApiError && error.problem.status === 401) {
      credentials.setToken(null);
      return null;
    }
    throw error;
  }
}

/** Signs in; throws an `ApiError`. */
export async function signIn(by: SignIn): Promise<void> {
  if ("token" in by) credentials.setToken(by.token.trim());
  const identity = "token" in by ? await findIdentity() : await call("signIn", { body: by });
  if (identity === null) throw unknownToken();
  credentials.setMark(identity.csrf);
}

const unknownToken = (): ApiError =>
  new ApiError({
    status: 401,
    title: "Nobody is signed in",
    detail: "this token is unknown, over or revoked",
    hint: "seam server --new-admin-token prints a new one for the account admin.",
  });

type Shown = { readonly identity: Identity; readonly children: ReactNode };

/** What is shown to whoever is signed in; it follows what changes. */
export function SessionProvider({ identity, children }: Shown): ReactElement {
  const client = useQueryClient();
  useEffect(() => {
    const stop = new AbortController();
    void followChanges(client, stop.signal);
    return () => stop.abort();
  }, [client, identity.user]);
  const signOut = async (): Promise<void> => {
    // A token stays good elsewhere: only this tab forgets it.
    if (credentials.token() === null) await call("signOut", {});
    credentials.setToken(null);
    credentials.setMark(null);
    client.setQueryData(SESSION_KEY, null);
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
  };
  return <SessionContext value={{ identity, signOut }}>{children}</SessionContext>;
}

/** The identity as a query: undefined while it is looked for, null when nobody is signed in. */
export const useIdentity = (): ReturnType<typeof useQuery<Identity | null>> =>
  useQuery({ queryKey: SESSION_KEY, queryFn: findIdentity, staleTime: Infinity, retry: false });
