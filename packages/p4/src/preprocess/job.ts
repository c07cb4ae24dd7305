/** What one run of the preprocessor knows and has found. */
import type { Code, Fields } from "../source/catalogue.ts";
import { diagnose, type Diagnostic, type Related } from "../source/diagnostic.ts";
import type { SourceFile, Span } from "../source/file.ts";
import type { Token } from "../syntax/token.ts";

/** The door to files: the text of a path, or undefined when there is no such file. */
export type Sources = { readonly read: (path: string) => string | undefined };

/** How a program is read. */
export type ReadOptions = {
  readonly sources: Sources;
  /** Folders that hold included files, searched in this order (`-I`); the architectures' own files come after them. */
  readonly folders?: readonly string[];
  /** Macros that are defined from the start (`-D`): names, or `NAME=TEXT`. */
  readonly defines?: readonly string[];
};

/** A macro and what it stands for. */
export type Macro = {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly takesArguments: boolean;
  /** Whether the last parameter takes all further arguments. */
  readonly isVariadic: boolean;
  readonly body: readonly Token[];
  readonly span: Span;
};

/** The state of a run; `tokens` is its result. */
export type Job = {
  readonly options: ReadOptions;
  readonly macros: Map<string, Macro>;
  readonly tokens: Token[];
  readonly diagnostics: Diagnostic[];
  /** Files that were read, in the order of their first reading; those with `#pragma once` are in `once`. */
  readonly files: SourceFile[];
  readonly once: Set<string>;
  /** Tokens that macros and includes may still make. */
  budget: number;
};

/** How many tokens a program may have after preprocessing. */
const MOST_TOKENS = 1_000_000;

/** A run that has not begun. */
export const jobOf = (options: ReadOptions): Job => ({
  options,
  macros: new Map(),
  tokens: [],
  diagnostics: [],
  files: [],
  once: new Set(),
  budget: MOST_TOKENS,
});

/** Adds a diagnostic. */
export function report<C extends Code>(
  job: Job,
  at: { readonly code: C; readonly span: Span; readonly related?: readonly Related[] },
  fields: Fields<C>,
): void {
  job.diagnostics.push(diagnose(at.code, at.span, { fields, related: at.related ?? [] }));
}

/** Takes from the budget; tells once when nothing is left, and says whether work may go on. */
export function mayGoOn(job: Job, span: Span, tokens: number): boolean {
  if (job.budget < 0) return false;
  job.budget -= tokens;
  if (job.budget < 0) report(job, { code: "P902", span }, { limit: String(MOST_TOKENS) });
  return job.budget >= 0;
}
