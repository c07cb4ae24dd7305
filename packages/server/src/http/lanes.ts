/** Work on one thing at a time, in the order in which it came; work on other things goes on beside it. */

/** Runs work in the lane of a name. */
export type Lanes = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Lanes that last for as long as there is work in them. */
export function createLanes(): Lanes {
  const last = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const before = last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (last.get(name) === mine) last.delete(name);
    }
  };
}
