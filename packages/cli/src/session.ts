/** What every command that speaks to a cluster shares: the connection, how it prints, fails and is interrupted. */
import { existsSync } from "node:fs";
import {
  createSeam,
  findKind,
  formatError,
  fromKube,
  type KnownKind,
  type ObjectEvent,
  type Seam,
  type SeamError,
  type Watched,
  watchObjects,
} from "@seam/client";
import type { KubeError } from "@seam/kube";
import { CommanderError } from "commander";
import { defaultLab, MISUSED, type Target } from "./definition.ts";

/** Runs `use` with a connection; a failure to connect is told like any other. */
export async function withSeam(target: Target, use: (seam: Seam) => Promise<void>): Promise<void> {
  const kubeconfig = target.kubeconfig ?? (await labKubeconfig());
  const opened = createSeam({
    ...target,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    onWarning: warn,
  });
  if (!opened.ok) {
    fail(opened.error);
    return;
  }
  using seam = opened.value;
  await use(seam);
}

/** The local lab's kubeconfig when nothing else is named and the lab is up. */
async function labKubeconfig(): Promise<string | undefined> {
  if ((process.env["KUBECONFIG"] ?? "") !== "") return undefined;
  const { labStatus } = await import("@seam/lab");
  const { kubeconfig, processes } = await labStatus(defaultLab);
  const forwarder = processes.find((each) => each.name === "forwarder");
  return forwarder?.pid !== undefined && existsSync(kubeconfig) ? kubeconfig : undefined;
}

/** Prints a line. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const told = new Set<string>();

/**
 * Tells what the API server warns of, once, also when an object is tried before it is written; the names of Seam's own policies
 * say nothing to people.
 */
function warn(text: string): void {
  if (told.has(text)) return;
  told.add(text);
  const said = text.replace(/^Validation failed for ValidatingAdmissionPolicy 'seam-.*?': /u, "");
  process.stderr.write(`seam: warning: ${said}\n`);
}

/** Tells a failure; the process ends with 1. */
export function fail(error: SeamError): void {
  process.stderr.write(`seam: ${formatError(error)}\n`);
  process.exitCode = 1;
}

/** The kind that `word` names; wrong usage when there is none. */
function kindNamed(word: string): KnownKind {
  const found = findKind(word);
  return found.ok ? found.value : misused(formatError(found.error));
}

/** A kind and perhaps one object of it. */
export type Subject = { readonly known: KnownKind; readonly name: string | undefined };

/** What KIND and NAME, or KIND/NAME, mean; wrong usage when it is neither. */
export function subjectOf(word: string, name: string | undefined): Subject {
  const [kind = "", inner, ...more] = word.split("/");
  if (inner === undefined) return { known: kindNamed(word), name };
  if (inner === "" || more.length > 0 || name !== undefined)
    return misused(`expected KIND, KIND NAME or KIND/NAME, found "${word}"`);
  return { known: kindNamed(kind), name: inner };
}

/** One object of a kind. */
export type Named = { readonly known: KnownKind; readonly name: string };

/** One object, named as KIND NAME or KIND/NAME. */
export function oneSubject(word: string, name: string | undefined): Named {
  const subject = subjectOf(word, name);
  return subject.name === undefined
    ? misused(`expected KIND NAME or KIND/NAME, for example ${subject.known.plural} NAME`)
    : { known: subject.known, name: subject.name };
}

/** Ends the command as wrong usage. */
export function misused(message: string): never {
  throw new CommanderError(2, MISUSED, message);
}

/** Runs `use` until it ends or the user interrupts it, which is no failure. */
export async function untilInterrupted(use: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt);
  try {
    await use(stop.signal);
  } finally {
    process.off("SIGINT", interrupt);
  }
}

/** A change, or that all that was there has been told. */
export type ToldEvent = Exclude<ObjectEvent, { readonly kind: "trouble" }>;

/** Watches objects; trouble is told on standard error, and ends the watch when waiting cannot help. */
export async function* changesOf(
  seam: Seam,
  watched: Watched,
  signal: AbortSignal,
): AsyncGenerator<ToldEvent, void> {
  let last = "";
  for await (const event of watchObjects(seam.kube, watched, signal)) {
    if (event.kind !== "trouble") {
      last = "";
      yield event;
      continue;
    }
    const error = fromKube(`watch ${watched.ref.kind.toLowerCase()}s`, event.error);
    if (isHopeless(event.error)) {
      fail(error);
      return;
    }
    // A server ends every watch after some minutes; only what is still there the second time is worth a line.
    if (error.message === last) process.stderr.write(`seam: ${error.message}; trying again\n`);
    last = error.message;
  }
}

const isHopeless = ({ kind, code }: KubeError): boolean =>
  kind === "usage" || [400, 401, 403, 404].includes(code);
