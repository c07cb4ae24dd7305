/** `seam completion`: prints the script that a shell needs. */
import { kindNames } from "@seam/client";
import { completionScript, type Shell } from "./completion-scripts.ts";
import { createProgram } from "./program.ts";
import { print } from "./session.ts";

/** The action of `seam completion`. */
export const completion = (shell: Shell): void =>
  print(completionScript(shell, createProgram(), kindNames()));
