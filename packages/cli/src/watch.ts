/** `seam watch`: one line for each change of objects, until interrupted. */
import { progressOf } from "@seam/client";
import { type KubeObject, withoutManagers } from "@seam/kube";
import type { Target } from "./definition.ts";
import { nameOfObject, phaseOf, readyOf } from "./render.ts";
import { scope } from "./refs.ts";
import { changesOf, subjectOf, misused, print, untilInterrupted, withSeam } from "./session.ts";
import { printTable } from "./terminal.ts";

type WatchFlags = Target & {
  readonly output: "table" | "json";
  readonly allNamespaces?: boolean;
  readonly selector?: string;
};

/** The action of `seam watch`. */
export async function watch(
  word: string,
  second: string | undefined,
  flags: WatchFlags,
): Promise<void> {
  const { known, name } = subjectOf(word, second);
  if (name !== undefined && flags.selector !== undefined)
    return misused("a name and --selector exclude each other");
  const selector = selectorOf(name, flags.selector);
  await withSeam(flags, async (seam) => {
    const ref = scope(seam, known, { everywhere: flags.allNamespaces === true });
    await untilInterrupted(async (signal) => {
      for await (const event of changesOf(seam, { ref, selector }, signal)) {
        if (event.kind === "complete") continue;
        if (flags.output === "json") print(JSON.stringify(documentOf(event.kind, event.object)));
        else printTable(`${clock(new Date())}  ${changeLine(event.kind, event.object)}`);
      }
    });
  });
}

type Selector = { readonly fieldSelector?: string; readonly labelSelector?: string };

function selectorOf(name: string | undefined, labels: string | undefined): Selector {
  if (name !== undefined) return { fieldSelector: `metadata.name=${name}` };
  return labels === undefined ? {} : { labelSelector: labels };
}

type Change = "added" | "changed" | "deleted";

const documentOf = (event: Change, object: KubeObject): object => ({
  event,
  object: withoutManagers(object),
});

/** Hours, minutes and seconds of this place. */
const clock = (time: Date): string => time.toTimeString().slice(0, 8);

/** What changed on which object, and how it is: phase, readiness and what it says, where it has them. */
export function changeLine(event: Change, object: KubeObject): string {
  const { phase, message } = progressOf(object);
  const ready = readyOf(object);
  const said = message === NOTHING_SAID ? "" : message;
  const shown = [phaseOf(object) === "-" ? "" : phase, ready === "-" ? "" : ready, said];
  const parts = event === "deleted" ? [] : shown.filter((part) => part !== "");
  return [event.padEnd(7), nameOfObject(object), ...parts].join("  ");
}

/** What `progressOf` says of an object that says nothing. */
const NOTHING_SAID = "no condition yet";
