/** What changes, as it comes, through one connection: what is shown and may have changed is asked for anew. */
import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { OPERATIONS } from "../gen/api.ts";
import { answerTo } from "./call.ts";
import { credentials } from "./credentials.ts";
import { createEventReader } from "./event-stream.ts";
import { refreshAll } from "./refresh.ts";

/** Whether changes come by themselves. */
export type LiveState = "connecting" | "live" | "cut";

/** Many changes at once ask once. */
const GATHER_MS = 300;
const AGAIN_MS = 2000;

let state: LiveState = "connecting";
const listeners = new Set<() => void>();

function setState(next: LiveState): void {
  state = next;
  for (const listener of listeners) listener();
}

/** The state of the connection. */
export const useLiveState = (): LiveState =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );

/** Follows changes until the signal; after a cut it goes on after the last one that was seen. */
export async function followChanges(client: QueryClient, signal: AbortSignal): Promise<void> {
  const refresh = gathered(() => void refreshAll(client));
  let last = "";
  while (!signal.aborted) {
    try {
      await readStream({ last, signal }, (id, isNews) => {
        last = id === "" ? last : id;
        if (isNews) refresh();
      });
    } catch {
      // Whatever it was: the state says it, and it is tried again.
    }
    if (signal.aborted) return;
    setState("cut");
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    refresh();
  }
}

type From = { readonly last: string; readonly signal: AbortSignal };

async function readStream(
  { last, signal }: From,
  onEvent: (id: string, isNews: boolean) => void,
): Promise<void> {
  const headers = {
    ...credentials.headers("GET"),
    ...(last === "" ? {} : { "last-event-id": last }),
  };
  const answer = await answerTo(OPERATIONS.watchChanges.path, { headers, signal });
  if (answer.body === null) return;
  setState("live");
  const read = createEventReader();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const { id, data } of read(value)) onEvent(id, data !== "");
  }
}

function gathered(work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      work();
    }, GATHER_MS);
  };
}
