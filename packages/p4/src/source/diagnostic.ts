/** What is wrong with a program, as data and as text. */
import { catalogue, type Code, type Fields, kindOf } from "./catalogue.ts";
import { lineText, placeOf, type Span } from "./file.ts";

/** A further place that explains a diagnostic. */
export type Related = { readonly message: string; readonly span: Span };

/** What is told of a place in a program. */
export type Finding = {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly span: Span;
  readonly related: readonly Related[];
  readonly hint?: string;
};

/** One finding about a program, of the catalogue. */
export type Diagnostic = Finding & { readonly code: Code };

/** A text of a catalogue with its placeholders filled. */
export const filled = (text: string, fields: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => fields[name] ?? whole);

/** Makes a diagnostic of the catalogue; a place written by a macro is explained by the macro's definition. */
export function diagnose<C extends Code>(
  code: C,
  span: Span,
  given: { readonly fields: Fields<C>; readonly related?: readonly Related[] },
): Diagnostic {
  const entry: { severity: "error" | "warning"; message: string; hint?: string } = catalogue[code];
  const { related = [], fields } = given;
  const macro =
    span.spelled === undefined ? [] : [{ message: "written by this macro", span: span.spelled }];
  return {
    code,
    severity: entry.severity,
    message: filled(entry.message, fields),
    span,
    related: [...related, ...macro],
    ...(entry.hint !== undefined && { hint: filled(entry.hint, fields) }),
  };
}

/** Whether any of them is an error. */
export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some(({ severity }) => severity === "error");

const placeText = ({ file, start }: Span): string => {
  const { line, column } = placeOf(file, start);
  return `${file.name}:${line}:${column}`;
};

/** Beyond this many columns a source line is cut around its caret. */
const WIDEST = 160;

/** The line of a span with carets under it; tabs stay tabs above and below, so that they stand under each other. */
function excerpt(span: Span): string {
  const text = lineText(span.file, span.start);
  const at = placeOf(span.file, span.start).column - 1;
  const from = at > WIDEST - 40 ? at - 40 : 0;
  const shown = text.slice(from, from + WIDEST);
  const pad = shown.slice(0, at - from).replaceAll(/[^\t]/g, " ");
  const length = Math.max(1, Math.min(span.end - span.start, shown.length - (at - from)));
  return `  ${shown}\n  ${pad}^${"~".repeat(length - 1)}`;
}

/** A diagnostic as text of several lines, for people; ends without a newline. */
export function renderDiagnostic(diagnostic: Finding): string {
  const { code, severity, message, span, related, hint } = diagnostic;
  const kind = kindOf(code);
  const told = kind === undefined ? code : `${code} [${kind}]`;
  const lines = [`${placeText(span)}: ${severity} ${told}: ${message}`, excerpt(span)];
  for (const other of related) {
    lines.push(`${placeText(other.span)}: note: ${other.message}`, excerpt(other.span));
  }
  if (hint !== undefined) lines.push(`  hint: ${hint}`);
  return lines.join("\n");
}

/** A diagnostic as the command line tells it in JSON. */
export type DiagnosticJson = {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
};

/** A diagnostic as data that leaves the program: its place as file, line and column, both from 1. */
export function diagnosticJson({ code, severity, message, span }: Finding): DiagnosticJson {
  return { code, severity, message, file: span.file.name, ...placeOf(span.file, span.start) };
}
