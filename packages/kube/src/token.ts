/** The bearer token of requests; one in a file is kept for a while, as each reading costs a request four trips to the file system. */
import { readFile } from "node:fs/promises";
import { millis, type Millis } from "@seam/base";
import type { Token } from "./kubeconfig.ts";

/** The token as it is now. */
export type TokenSource = {
  readonly read: () => Promise<string | null>;
  /** The API server has refused it: the next one is read anew. */
  readonly refused: () => void;
};

/**
 * So long is a file not read again. The kubelet writes a new token when a fifth of the old one's time is left, and at least two
 * minutes (client-go, transport/token_source.go, keeps it as long).
 */
const KEPT = millis(60_000);

/** The source of a token. */
export function tokenSource(token: Token, kept: Millis = KEPT): TokenSource {
  if (token.kind !== "file")
    return { read: async () => readToken(token), refused: () => undefined };
  let last: { readonly text: Promise<string | null>; readonly at: number } | null = null;
  const refused = (): void => void (last = null);
  const readAnew = async (): Promise<string | null> => {
    const text = readToken(token);
    last = { text, at: performance.now() };
    text.catch(refused);
    return text;
  };
  return {
    refused,
    read: async () =>
      last !== null && performance.now() - last.at < kept ? last.text : readAnew(),
  };
}

/** The bearer token, as the file has it when it is in one. */
export async function readToken(token: Token): Promise<string | null> {
  switch (token.kind) {
    case "none":
      return null;
    case "text":
      return token.text;
    case "file":
      return (await readFile(token.path, "utf8")).trim();
  }
}
