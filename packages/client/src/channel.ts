/** From callbacks to an async iterable: what is pushed comes out in order; the reader waits when there is nothing. */

/** One writer's end and one reader's end. */
export type Channel<T> = {
  readonly push: (item: T) => void;
  readonly end: () => void;
  readonly items: AsyncIterable<T>;
};

/** A channel that holds what is not read yet. */
export function createChannel<T>(): Channel<T> {
  const waiting: T[] = [];
  let ended = false;
  let wake = Promise.withResolvers<void>();
  const ring = (): void => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  async function* read(): AsyncGenerator<T, void> {
    for (;;) {
      const bell = wake.promise;
      yield* waiting.splice(0);
      if (ended && waiting.length === 0) return;
      if (waiting.length === 0) await bell;
    }
  }
  return {
    push: (item) => {
      waiting.push(item);
      ring();
    },
    end: () => {
      ended = true;
      ring();
    },
    items: { [Symbol.asyncIterator]: read },
  };
}
