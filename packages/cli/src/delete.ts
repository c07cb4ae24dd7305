/** `seam delete`: deletes objects and waits until they are gone. */
import type { Millis } from "@seam/base";
import {
  type DeleteEvent,
  type DeleteHow,
  deleteObject,
  deleteObjects,
  nameOf,
} from "@seam/client";
import type { Target } from "./definition.ts";
import { readSources } from "./input.ts";
import { refIn } from "./refs.ts";
import { fail, oneSubject, misused, print, withSeam } from "./session.ts";

type DeleteFlags = Target & {
  readonly filename?: readonly string[];
  readonly wait: boolean;
  readonly timeout: Millis;
  readonly orphan?: boolean;
  readonly withExperiments?: boolean;
};

/** The action of `seam delete`. */
export async function remove(
  word: string | undefined,
  second: string | undefined,
  options: DeleteFlags,
): Promise<void> {
  const how = howOf(options);
  if (options.filename !== undefined && word === undefined) {
    await removeFiles(options, options.filename, how);
    return;
  }
  if (word === undefined || options.filename !== undefined)
    return misused("expected KIND NAME or -f FILE, for example: seam delete exp two-tier");
  const { known, name } = oneSubject(word, second);
  await withSeam(options, async (seam) => {
    await tell(deleteObject(seam.kube, refIn(seam, known, name), how), true);
  });
}

const howOf = (flags: DeleteFlags): DeleteHow => ({
  patience: flags.wait ? flags.timeout : null,
  orphan: flags.orphan === true,
  withExperiments: flags.withExperiments === true,
});

async function removeFiles(
  target: Target,
  names: readonly string[],
  how: DeleteHow,
): Promise<void> {
  const sources = readSources(names);
  if (!sources.ok) {
    fail(sources.error);
    return;
  }
  await withSeam(target, async ({ kube, namespace }) => {
    await tell(deleteObjects(kube, sources.value, { namespace, ...how }), false);
  });
}

/** Prints each step; an object that was not there is a failure only when it was named. */
async function tell(events: AsyncIterable<DeleteEvent>, named: boolean): Promise<void> {
  for await (const event of events) {
    if (event.kind === "failed") fail(event.error);
    else if (event.kind === "waiting") print(`${nameOf(event.ref)}: ${event.message}`);
    else if (event.kind === "absent" && named) {
      const message = `${nameOf(event.ref)} is not there`;
      const hint = `List what there is: seam get ${event.ref.kind.toLowerCase()}`;
      fail({ code: "NotFound", message, hint, details: [] });
    } else print(`${nameOf(event.ref)} ${event.kind === "absent" ? "was not there" : event.kind}`);
  }
}
