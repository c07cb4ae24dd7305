/**
 * The store's feed for many watchers: read once, kept for a while, each change made into text once. A watcher that is behind what is kept
 * reads the store itself, so a slow one costs the others nothing and loses nothing.
 */
import { millis, ok, type Result } from "@seam/base";
import { sleep } from "@seam/kube";
import type { Change, Feed, StoreError } from "@seam/store";

/** A change, and the text that watchers are sent. */
export type Told = { readonly change: Change; readonly frame: string };

/** The feed, read once for all. */
export type ChangeHub = AsyncDisposable & {
  /** Changes after a number, as many as are at hand; waits until there are any or `signal` is aborted. */
  readonly after: (
    sequence: number,
    signal: AbortSignal,
  ) => Promise<Result<readonly Told[], StoreError>>;
  readonly head: Feed["head"];
};

const KEPT = 10_000;
const PAGE = 500;

/** A server-sent event (HTML Living Standard, section 9.2). */
const frameOf = (change: Change): string =>
  `id: ${change.sequence}\nevent: ${change.topic}\ndata: ${JSON.stringify(change)}\n\n`;

const toldOf = (change: Change): Told => ({ change, frame: frameOf(change) });

/** Follows the feed from its newest change on. */
export function createChangeHub(feed: Feed): ChangeHub {
  const stop = new AbortController();
  const kept: Told[] = [];
  let wakened = Promise.withResolvers<void>();
  const ring = (): void => {
    wakened.resolve();
    wakened = Promise.withResolvers<void>();
  };
  const running = keep(feed, stop.signal, (changes) => {
    if (changes === null) kept.length = 0;
    else kept.push(...changes.map(toldOf));
    kept.splice(0, Math.max(0, kept.length - KEPT));
    ring();
  });
  const atHand = (sequence: number): readonly Told[] | null => {
    const [first] = kept;
    if (first === undefined || sequence + 1 < first.change.sequence) return null;
    const from = sequence + 1 - first.change.sequence;
    return kept.slice(from, from + PAGE);
  };
  return {
    head: feed.head,
    after: async (sequence, signal) => {
      while (!signal.aborted) {
        const wake = wakened.promise;
        const near = atHand(sequence);
        if (near !== null && near.length > 0) return ok(near);
        const far = near === null ? await feed.read(sequence, PAGE) : ok([]);
        if (!far.ok) return far;
        if (far.value.length > 0) return ok(far.value.map(toldOf));
        await untilEither(wake, signal);
      }
      return ok([]);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      ring();
      await running;
    },
  };
}

async function untilEither(wake: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const end = (): void => aborted.resolve();
  signal.addEventListener("abort", end, { once: true });
  await Promise.race([wake, aborted.promise]);
  signal.removeEventListener("abort", end);
}

const RETRY = millis(250);

/** Follows for as long as it lasts; null tells of a gap. While the store is away the feed goes on by itself. */
async function keep(
  feed: Feed,
  signal: AbortSignal,
  tell: (changes: readonly Change[] | null) => void,
): Promise<void> {
  while (!signal.aborted) {
    const head = await feed.head();
    if (head.ok) {
      const following = feed.follow({ after: head.value, signal });
      for await (const changes of following) tell(changes.ok ? changes.value : []);
      tell(null);
    }
    await sleep(RETRY, signal);
  }
}
