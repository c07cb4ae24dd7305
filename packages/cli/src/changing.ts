/** `seam apply`, `seam delete` and `seam wait`: changing objects and waiting until it is done. */
import { millis, type Millis } from "@seam/base";
import {
  applyObjects,
  type DeleteEvent,
  deleteObject,
  deleteObjects,
  describeProgress,
  findKind,
  formatError,
  type Goal,
  type KnownKind,
  nameOf,
  type Seam,
  waitFor,
} from "@seam/client";
import { type Command, Option } from "commander";
import { readSources } from "./input.ts";
import { kind, refIn } from "./reading.ts";
import { durationArgument, fail, print, type Target, withSeam, withTarget } from "./session.ts";

type Files = { readonly filename: readonly string[] };

type ApplyFlags = Target & Files & { readonly force?: boolean };

async function apply(options: ApplyFlags): Promise<void> {
  const sources = readSources(options.filename);
  if (!sources.ok) {
    fail(sources.error);
    return;
  }
  await withSeam(options, async ({ kube, namespace }) => {
    const how = { namespace, force: options.force === true };
    for await (const event of applyObjects(kube, sources.value, how)) {
      switch (event.kind) {
        case "applied":
          print(`${nameOf(event.ref)} ${event.outcome}`);
          break;
        case "waiting":
          print(event.message);
          break;
        case "failed":
          fail(event.error);
      }
    }
  });
}

type DeleteFlags = Target & Partial<Files> & { readonly wait: boolean; readonly timeout: Millis };

async function remove(
  words: readonly string[],
  options: DeleteFlags,
  command: Command,
): Promise<void> {
  const patience = options.wait ? options.timeout : null;
  const [word, name, ...more] = words;
  if (options.filename !== undefined && word === undefined) {
    await removeFiles(options, options.filename, patience);
    return;
  }
  const alone = more.length === 0 && options.filename === undefined;
  if (word === undefined || name === undefined || !alone) {
    return command.error(
      "error: expected KIND NAME or -f FILE, for example: seam delete exp two-tier",
    );
  }
  const known = findKind(word);
  if (!known.ok) return command.error(`error: ${formatError(known.error)}`);
  await withSeam(options, async (seam) => {
    await tell(deleteObject(seam.kube, refIn(seam, known.value, name), patience), true);
  });
}

async function removeFiles(
  target: Target,
  names: readonly string[],
  patience: Millis | null,
): Promise<void> {
  const sources = readSources(names);
  if (!sources.ok) {
    fail(sources.error);
    return;
  }
  await withSeam(target, async ({ kube, namespace }) => {
    await tell(deleteObjects(kube, sources.value, { namespace, patience }), false);
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

type WaitFlags = Target & { readonly for: Goal; readonly timeout: Millis };

async function wait(known: KnownKind, name: string, options: WaitFlags): Promise<void> {
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

const timeout = (): Option =>
  new Option("--timeout <duration>", "how long to wait, such as 90s or 5m")
    .argParser(durationArgument)
    .default(millis(120_000), "120s");

const files = (): Option =>
  new Option("-f, --filename <file...>", "file or folder of YAML, or - for standard input");

/** Adds `apply`, `delete` and `wait` to the program. */
export function addChangingCommands(program: Command): void {
  withTarget(program.command("apply").description("create or change objects from YAML"))
    .addOption(files().makeOptionMandatory())
    .option("--force", "take over fields that others have set")
    .action(apply);
  withTarget(program.command("delete").description("delete objects and wait until they are gone"))
    .argument("[what...]", "KIND NAME, such as experiment two-tier")
    .addOption(files())
    .option("--no-wait", "do not wait until it is gone")
    .addOption(timeout())
    .action(remove);
  withTarget(program.command("wait").description("wait until an object is Ready or gone"))
    .addArgument(kind())
    .argument("<name>", "the object")
    .addOption(
      new Option("--for <goal>", "what to wait for").choices(["Ready", "Deleted"]).default("Ready"),
    )
    .addOption(timeout())
    .action(wait);
}
