/** Events between one who cannot wait, a watch, and one who may be slow, a caller. */

/** A queue with a limit; `push` and `end` never wait. */
export type EventQueue<T, E> = {
  /** An event beyond the limit ends the queue with `overflow`. */
  readonly push: (event: T) => void;
  /** No event comes after those that wait; the first end counts. */
  readonly end: (how: E) => void;
  /** The next event, or how it ended. */
  readonly next: () => Promise<
    { readonly done: false; readonly event: T } | { readonly done: true; readonly how: E }
  >;
};

/** A queue of at most `limit` waiting events. */
export function createEventQueue<T, E>(limit: number, overflow: E): EventQueue<T, E> {
  const waiting: T[] = [];
  const state: { ended: { readonly how: E } | null; wake: () => void } = {
    ended: null,
    wake: () => undefined,
  };
  const end = (how: E): void => {
    state.ended ??= { how };
    state.wake();
  };
  return {
    push: (event) => {
      if (state.ended !== null) return;
      if (waiting.length === limit) return end(overflow);
      waiting.push(event);
      state.wake();
    },
    end,
    next: async () => {
      while (waiting.length === 0 && state.ended === null) {
        const { promise, resolve } = Promise.withResolvers<void>();
        state.wake = resolve;
        await promise;
      }
      const [event] = waiting.splice(0, 1);
      if (event !== undefined) return { done: false, event };
      if (state.ended === null) throw new Error("bug in Seam: a queue woke without an event");
      return { done: true, how: state.ended.how };
    },
  };
}
