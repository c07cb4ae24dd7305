/** `seam logs`: what a pod printed, or the pods of an experiment. */
import type { Millis } from "@seam/base";
import { findPods, type LogOptions, readLogs } from "@seam/client";
import type { Target } from "./definition.ts";
import { fail, untilInterrupted, withSeam } from "./session.ts";

type LogFlags = Target & {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly since?: Millis;
  readonly container?: string;
  readonly previous?: boolean;
};

/** The action of `seam logs`. */
export async function logs(word: string, flags: LogFlags): Promise<void> {
  await withSeam(flags, async (seam) => {
    const pods = await findPods(seam, word);
    if (!pods.ok) {
      fail(pods.error);
      return;
    }
    await untilInterrupted(async (signal) => {
      const failed = await readLogs(seam.kube, pods.value, { ...optionsOf(flags), signal });
      for (const error of failed) fail(error);
    });
  });
}

const optionsOf = ({ follow, tail, since, container, previous }: LogFlags): LogOptions => ({
  onBytes: (part) => void process.stdout.write(part),
  ...(follow === true ? { follow } : {}),
  ...(previous === true ? { previous } : {}),
  ...(tail === undefined ? {} : { tailLines: tail }),
  // The API counts whole seconds.
  ...(since === undefined ? {} : { sinceSeconds: Math.ceil(since / 1000) }),
  ...(container === undefined ? {} : { container }),
});
