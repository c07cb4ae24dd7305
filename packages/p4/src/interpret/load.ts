/** From the text of a program to a switch that runs it. */
import { err, ok, type Result } from "@seam/base";
import { analyse } from "../analyse.ts";
import type { ReadOptions } from "../preprocess/job.ts";
import type { Diagnostic } from "../source/diagnostic.ts";
import type { Switch } from "../stf/switch.ts";
import { simulate, type SimulateOptions } from "./simulate.ts";

/** Why a program does not run: what is wrong with it, or what the simulator lacks. */
export type NotRun =
  | { readonly kind: "rejected"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: "not simulated"; readonly message: string };

/** A switch that runs the program of a file; errors are those of the front end, or that the simulator cannot run it. */
export function simulateFile(
  name: string,
  options: ReadOptions & SimulateOptions,
): Result<Switch, NotRun> {
  const { program, tree, diagnostics } = analyse(name, options);
  if (program === undefined || tree === undefined) return err({ kind: "rejected", diagnostics });
  const made = simulate({ program, tree }, options);
  return made.ok ? ok(made.value) : err({ kind: "not simulated", message: made.error });
}
