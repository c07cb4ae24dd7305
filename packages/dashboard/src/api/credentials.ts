/**
 * What calls carry: nothing but the mark of the session, whose cookie no program can read; or the token that was typed in, which is kept
 * for this tab alone and is gone with it.
 */
const KEY = "seam-token";
let csrf: string | null = null;

export const credentials = {
  token: (): string | null => sessionStorage.getItem(KEY),
  setToken: (token: string | null): void => {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  },
  setMark: (mark: string | null): void => {
    csrf = mark;
  },
  headers: (method: string): Record<string, string> => {
    const token = sessionStorage.getItem(KEY);
    if (token !== null) return { authorization: `Bearer ${token}` };
    return csrf === null || method === "GET" ? {} : { "x-csrf-token": csrf };
  },
} as const;
