/**
 * Work in another network namespace. The calling thread goes there and comes back within one synchronous
 * call; sockets opened in between stay there. Never pass an asynchronous function.
 */
import { err, invariant, ok, type Result } from "@seam/base";
import { closeSync, openSync } from "node:fs";
import { type KernelError, kernelError, setNetns } from "./libc.ts";

/** Path of the namespace that the calling thread is in (a worker may live in another than the main thread). */
export const OWN_NETNS = "/proc/thread-self/ns/net";

/** What `work` returns when it runs in the namespace at `path`. */
export function inNetns<T>(
  path: string,
  work: () => Result<T, KernelError>,
): Result<T, KernelError> {
  if (path === OWN_NETNS) return work();
  using there = openPath(path);
  if (!there.opened.ok) return there.opened;
  using home = openPath(OWN_NETNS);
  if (!home.opened.ok) return home.opened;
  const entered = setNetns(there.opened.value);
  if (!entered.ok) return entered;
  try {
    return work();
  } finally {
    // Staying would send everything that Seam does next into a pod: better to die.
    invariant(setNetns(home.opened.value).ok, "the way back to the own network namespace is open");
  }
}

/** Moves the calling thread to the namespace at `path` for good; its other threads stay where they are. */
export function enterNetns(path: string): Result<null, KernelError> {
  using there = openPath(path);
  if (!there.opened.ok) return there.opened;
  const entered = setNetns(there.opened.value);
  return entered.ok ? ok(null) : entered;
}

/** An open namespace file. */
export type OpenPath = Disposable & { readonly opened: Result<number, KernelError> };

/** Opens `path` for reading; closed when the variable that holds it goes out of scope. */
export function openPath(path: string): OpenPath {
  const opened = attempt(`open ${path}`, () => openSync(path, "r"));
  return {
    opened,
    [Symbol.dispose]: () => {
      if (opened.ok) closeSync(opened.value);
    },
  };
}

/** The result of a file operation of Node.js, whose exceptions carry an error number. */
export function attempt<T>(operation: string, work: () => T): Result<T, KernelError> {
  try {
    return ok(work());
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!("errno" in error) || typeof error.errno !== "number") throw error;
    return err(kernelError(error.errno, operation));
  }
}
