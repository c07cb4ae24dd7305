/** Long work in slices, between which others have their turn. */
import { setImmediate } from "node:timers/promises";

/** Work that may be left for a while wherever it yields. */
export type Sliced<T> = Generator<undefined, T>;

/** How long others wait for a slice. */
const SLICE_MS = 8;

/** Does all of it at once. */
export function wholly<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** Does a slice at a time. */
export async function inSlices<T>(work: Sliced<T>): Promise<T> {
  for (;;) {
    const end = performance.now() + SLICE_MS;
    while (performance.now() < end) {
      const step = work.next();
      if (step.done === true) return step.value;
    }
    await setImmediate();
  }
}
