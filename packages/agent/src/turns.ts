/** Work that is done in turns, one after another: what comes during one is for the next. */

/** What is done in a turn. */
export type TurnsOptions = {
  /** Whether it worked; if not, it is tried again after `retryMs`. */
  readonly work: () => Promise<boolean>;
  readonly retryMs: number;
  /** Told after a turn when nothing has come since it began. */
  readonly onCurrent: () => void;
  /** Whether there are no turns, not yet or no more. */
  readonly isIdle: () => boolean;
};

/** Turns; disposing of them ends none that has begun. */
export type Turns = Disposable & {
  /** Something has come: a turn begins after so many milliseconds at the latest. */
  readonly ask: (delayMs: number) => void;
  /** The same without a delay, and in the caller's turn of the event loop when no work is going on. */
  readonly now: () => void;
  readonly isWorking: () => boolean;
  /** Resolves when the work that is going on has ended. */
  readonly ended: () => Promise<void>;
};

/** No turn has begun. */
export function createTurns({ work, retryMs, onCurrent, isIdle }: TurnsOptions): Turns {
  let timer: NodeJS.Timeout | null = null;
  let turn: Promise<void> | null = null;
  let isDue = false;
  const ask = (delayMs: number): void => {
    timer ??= setTimeout(now, delayMs);
  };
  const take = async (): Promise<void> => {
    isDue = false;
    const hasWorked = await work();
    turn = null;
    if (isIdle()) return;
    if (!hasWorked) ask(retryMs);
    else if (isDue) ask(0);
    else if (timer === null) onCurrent();
  };
  const now = (): void => {
    timer = null;
    isDue = true;
    if (!isIdle()) turn ??= take();
  };
  return {
    ask,
    now,
    isWorking: () => turn !== null,
    ended: async () => turn ?? undefined,
    [Symbol.dispose]: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
}
