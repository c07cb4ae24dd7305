/** `seam wait`: waits until an object is Ready or gone. */
import type { Millis } from "@seam/base";
import { describeProgress, type Goal, nameOf, type Seam, waitFor } from "@seam/client";
import type { Target } from "./definition.ts";
import { refIn } from "./refs.ts";
import { fail, oneSubject, print, withSeam } from "./session.ts";

type WaitFlags = Target & { readonly for: Goal; readonly timeout: Millis };

/** The action of `seam wait`. */
export async function wait(
  word: string,
  second: string | undefined,
  options: WaitFlags,
): Promise<void> {
  const { known, name } = oneSubject(word, second);
  await withSeam(options, async (seam: Seam) => {
    const ref = refIn(seam, known, name);
    const goal = { until: options.for, timeout: options.timeout };
    for await (const event of waitFor(seam.kube, ref, goal)) {
      if (event.kind === "failed") fail(event.error);
      else
        print(event.kind === "done" ? `${nameOf(ref)} is ${goal.until}` : describeProgress(event));
    }
  });
}
