/** Keeps an object in the cluster as the agent says, one write after the other; what fails is tried again. */
import { millis } from "@seam/base";
import type { Log } from "@seam/daemon";
import { AGENT_NAME } from "@seam/api";
import { backoff, type KubeClient, type KubeObject, sleep } from "@seam/kube";

/** One object, until disposed of; it stays in the cluster. */
export type Telling = Disposable & {
  /** What the object says may have changed. */
  readonly request: () => void;
};

/** What is written, and how often. */
export type TellingOptions = {
  readonly client: Pick<KubeClient, "apply">;
  readonly log: Pick<Log, "warn">;
  /** For the log: telling this failed. */
  readonly what: string;
  /** What the object says now; null while there is nothing to say. It is written when this differs from what was written last. */
  readonly content: () => string | null;
  readonly object: () => KubeObject;
  /** How long to wait after each write before the next, in milliseconds. */
  readonly pauseMs: () => number;
};

const RETRY = { first: millis(250), longest: millis(15_000) };
const APPLIER = { fieldManager: AGENT_NAME, force: true } as const;

/** An object that is not written yet. */
export function createTelling(options: TellingOptions): Telling {
  const { client, log, what, content, object, pauseMs } = options;
  const stop = new AbortController();
  let written: string | null = null;
  let isWriting = false;
  const isDue = (): boolean => {
    const said = content();
    return said !== null && said !== written;
  };
  const write = async (): Promise<void> => {
    isWriting = true;
    let failures = 0;
    while (isDue() && !stop.signal.aborted) {
      const said = content();
      const answer = await client.apply(object(), APPLIER);
      failures = answer.ok ? 0 : failures + 1;
      if (answer.ok) written = said;
      else if (!stop.signal.aborted)
        log.warn({ error: answer.error }, `telling ${what} failed; trying again`);
      await sleep(answer.ok ? millis(pauseMs()) : backoff(failures, RETRY), stop.signal);
    }
    isWriting = false;
  };
  return {
    request: () => {
      if (!isWriting && isDue()) void write();
    },
    [Symbol.dispose]: () => stop.abort(),
  };
}
