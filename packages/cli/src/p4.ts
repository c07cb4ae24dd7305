/** `seam p4`: programs in P4-16. What is wrong with a program goes to standard error and ends the command with 1. */
import { readFileSync, writeFileSync } from "node:fs";
import {
  analyse,
  type Diagnostic,
  diagnosticJson,
  format,
  hasErrors,
  preprocess,
  preprocessedText,
  renderDiagnostic,
  type Sources,
} from "@seam/p4";
import { print } from "./session.ts";

/** The door to files; a folder or a file that may not be read counts as none. */
export const programFiles: Sources = {
  read: (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
};

/** Tells what is wrong with a program on standard error, and ends the command with 1 when that is an error. */
export function tell(diagnostics: readonly Diagnostic[]): void {
  for (const each of diagnostics) process.stderr.write(`${renderDiagnostic(each)}\n`);
  if (hasErrors(diagnostics)) process.exitCode = 1;
}

/** The action of `seam p4 format`. */
export function formatFiles(names: readonly string[], options: { readonly check?: true }): void {
  for (const name of names) formatFile(name, options.check === true ? "check" : "write");
}

function formatFile(name: string, mode: "check" | "write"): void {
  const text = name === "-" ? readFileSync(0, "utf8") : readFileSync(name, "utf8");
  const result = format({ name: name === "-" ? "standard input" : name, text });
  if (!result.ok) {
    tell(result.error);
    return;
  }
  const isChanged = result.value !== text;
  if (mode === "check") {
    if (!isChanged) return;
    print(name);
    process.exitCode = 1;
  } else if (name === "-") process.stdout.write(result.value);
  else if (isChanged) {
    writeFileSync(name, result.value);
    print(name);
  }
}

/** Where included files are, which macros there are, and how results are printed. */
export type PreprocessOptions = {
  readonly include: readonly string[];
  readonly define: readonly string[];
  readonly json?: true;
};

/** The action of `seam p4 preprocess`. */
export function preprocessFile(name: string, options: PreprocessOptions): void {
  const { include: folders, define: defines } = options;
  const { tokens, diagnostics } = preprocess(name, { sources: programFiles, folders, defines });
  if (options.json === true) {
    print(JSON.stringify({ file: name, diagnostics: diagnostics.map(diagnosticJson) }));
    if (hasErrors(diagnostics)) process.exitCode = 1;
    return;
  }
  tell(diagnostics);
  if (!hasErrors(diagnostics)) process.stdout.write(preprocessedText(tokens));
}

type CheckOptions = PreprocessOptions & { readonly std: string };

/** The action of `seam p4 check`: ends with 0, with 1 when a program is rejected, with 2 when the checker fails itself. */
export function checkFiles(names: readonly string[], options: CheckOptions): void {
  for (const name of names) {
    try {
      checkFile(name, options);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(`${name}: the checker failed, which is an error of seam\n${text}\n`);
      process.exitCode = 2;
    }
  }
}

function checkFile(name: string, { include: folders, define: defines, json }: CheckOptions): void {
  const { diagnostics } = analyse(name, { sources: programFiles, folders, defines });
  const isAccepted = !hasErrors(diagnostics);
  if (json === true) {
    const told = diagnostics.map(diagnosticJson);
    print(JSON.stringify({ file: name, accepted: isAccepted, diagnostics: told }));
  } else for (const each of diagnostics) process.stderr.write(`${renderDiagnostic(each)}\n`);
  if (!isAccepted && process.exitCode !== 2) process.exitCode = 1;
}
