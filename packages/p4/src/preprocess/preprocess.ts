/**
 * The preprocessor: C's, as far as programs in P4 use it (section 6.2 asks for less). From a file to the tokens that the parser
 * reads, each with the place where it was written.
 */
import { joined, placeOf, type SourceFile, type Span } from "../source/file.ts";
import { lineEnd, nextToken, type Scanner, scannerOf, spanAt } from "../syntax/lexer.ts";
import { describe, type Token } from "../syntax/token.ts";
import { holds } from "./condition.ts";
import { define, defineOption, foundAt, type Line, nameOf } from "./define.ts";
import { beginsDirective, expandAll, expandAt, type Feed, next } from "./expand.ts";
import { type Job, jobOf, mayGoOn, type ReadOptions, report } from "./job.ts";
import { findFile, placesOf } from "./paths.ts";

/** An open `#if`: whether one of its branches was taken, and whether `#else` was seen. */
type Condition = { readonly opener: Token; taken: boolean; hasElse: boolean };

/** A file that is being read. */
type Frame = {
  readonly job: Job;
  readonly path: string;
  readonly depth: number;
  readonly scanner: Scanner;
  readonly feed: Feed;
  readonly conditions: Condition[];
};

/** How deep files may include each other. */
const DEEPEST_INCLUDE = 64;

/** Preprocesses a file; the last token is `end`. Never throws: what is wrong is in the job's diagnostics. */
export function preprocess(path: string, options: ReadOptions): Job {
  const job = jobOf(options);
  for (const option of options.defines ?? []) defineOption(job, option);
  const text = options.sources.read(path);
  const file: SourceFile = { name: path, text: text ?? "" };
  const start: Span = { file, start: 0, end: 0 };
  if (text === undefined) report(job, { code: "P123", span: start }, { name: path });
  const end = readFile(job, file, { path, depth: 0 });
  job.tokens.push(end);
  return job;
}

/** Reads a file to its end and gives its last token. */
function readFile(
  job: Job,
  file: SourceFile,
  { path, depth }: { readonly path: string; readonly depth: number },
): Token {
  job.files.push(file);
  const scanner = scannerOf(file);
  const feed: Feed = { pushed: [], pull: () => nextToken(scanner) };
  const frame: Frame = { job, path, depth, scanner, feed, conditions: [] };
  let token = next(feed);
  while (token.kind !== "end" && job.budget >= 0) {
    if (beginsDirective(token)) execute(frame, token);
    else if (!expandBuiltIn(frame, token) && !expandAt(job, feed, { token, depth: 0 }))
      emit(job, token);
    token = next(feed);
  }
  for (const { opener } of frame.conditions)
    report(job, { code: "P109", span: opener.span }, { directive: opener.text });
  return { ...token, kind: "end", text: "" };
}

/** `__LINE__` and `__FILE__`. */
function expandBuiltIn({ job }: Frame, token: Token): boolean {
  if (token.text !== "__LINE__" && token.text !== "__FILE__") return false;
  const { file, start } = token.span;
  if (token.text === "__LINE__") {
    emit(job, { ...token, kind: "integer", text: String(placeOf(file, start).line) });
  } else emit(job, { ...token, kind: "string literal", text: JSON.stringify(file.name) });
  return true;
}

function emit(job: Job, token: Token): void {
  if (!mayGoOn(job, token.span, 1)) return;
  const { kind, span } = token;
  if (kind === "unknown" || kind === "#" || kind === "##")
    report(job, { code: "P201", span }, { text: describe(token) });
  else if (kind === "open string") report(job, { code: "P202", span: firstUnit(span) }, {});
  else if (kind === "open comment") report(job, { code: "P203", span: firstUnit(span) }, {});
  else job.tokens.push(token);
}

const firstUnit = (span: Span): Span => ({ ...span, end: span.start + 1 });

/** Reads what follows a directive's name. */
function restOfLine({ scanner }: Frame, directive: string): Line {
  const limit = lineEnd(scanner.text, scanner.offset);
  const inner: Scanner = { ...scanner, text: scanner.text.slice(0, limit) };
  const tokens: Token[] = [];
  for (let token = nextToken(inner); token.kind !== "end"; token = nextToken(inner))
    tokens.push(token);
  scanner.offset = limit;
  return { directive, tokens, end: spanAt(scanner, limit, limit) };
}

/** The text of the rest of a line, for messages. */
function restAsText({ scanner }: Frame): string {
  const limit = lineEnd(scanner.text, scanner.offset);
  const text = scanner.text.slice(scanner.offset, limit).trim();
  scanner.offset = limit;
  return text;
}

type Directive = (frame: Frame, name: Token) => void;

const directives: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ["include", (frame) => include(frame, restOfLine(frame, "include"))],
  ["define", (frame) => define(frame.job, restOfLine(frame, "define"))],
  ["undef", (frame) => undefine(frame, restOfLine(frame, "undef"))],
  ["if", (frame, name) => openBranch(frame, name, whether(frame, name))],
  ["ifdef", (frame, name) => openBranch(frame, name, isDefined(frame, name))],
  ["ifndef", (frame, name) => openBranch(frame, name, isDefined(frame, name) === false)],
  ["elif", (frame, name) => branch(frame, name)],
  ["else", (frame, name) => branch(frame, name)],
  ["endif", (frame, name) => close(frame, name)],
  [
    "error",
    (frame, name) =>
      report(frame.job, { code: "P110", span: name.span }, { text: restAsText(frame) }),
  ],
  [
    "warning",
    (frame, name) =>
      report(frame.job, { code: "P111", span: name.span }, { text: restAsText(frame) }),
  ],
  ["line", (frame) => renumber(frame, restOfLine(frame, "line"))],
  ["pragma", (frame) => pragma(frame)],
]);

function execute(frame: Frame, hash: Token): void {
  const { scanner, job } = frame;
  const before = scanner.offset;
  const name = nextToken(scanner);
  if (name.startsLine || name.kind === "end") {
    scanner.offset = before;
    return;
  }
  if (name.kind === "integer") {
    scanner.offset = before;
    renumber(frame, restOfLine(frame, "line"));
    return;
  }
  const act = directives.get(name.text);
  if (act !== undefined) {
    act(frame, name);
    return;
  }
  const known = [...directives.keys()].join(", ");
  report(
    job,
    { code: "P104", span: { ...name.span, start: hash.span.start } },
    { name: name.text, known },
  );
  restAsText(frame);
}

function include(frame: Frame, line: Line): void {
  const { job, depth, path: from } = frame;
  const wanted = targetOf(frame, line);
  const { found, span } = foundAt(line, 0);
  if (wanted === undefined) {
    report(job, { code: "P102", span }, { found });
    return;
  }
  const folders = job.options.folders ?? [];
  const file = findFile(job.options.sources, { ...wanted, from, folders });
  if (file === undefined) {
    const places = placesOf({ ...wanted, from, folders });
    report(job, { code: "P101", span: wanted.span }, { name: wanted.name, places });
    return;
  }
  if (job.once.has(file.path)) return;
  if (depth >= DEEPEST_INCLUDE) {
    report(job, { code: "P103", span: wanted.span }, { limit: String(DEEPEST_INCLUDE) });
    // One message is enough: nothing more is included.
    job.budget = -1;
    return;
  }
  readFile(job, { name: file.path, text: file.text }, { path: file.path, depth: depth + 1 });
}

type Target = { readonly name: string; readonly isQuoted: boolean; readonly span: Span };

/** The file that `#include` names, in quotes or in angle brackets, written out or by a macro. */
function targetOf({ job }: Frame, line: Line): Target | undefined {
  const isWritten = /^["<]/.test(line.tokens[0]?.text ?? "");
  const tokens = isWritten ? line.tokens : expandAll(job, line.tokens, 0);
  const [first, ...rest] = tokens;
  if (first?.kind === "string literal")
    return { name: first.text.slice(1, -1), isQuoted: true, span: first.span };
  return first?.text === "<" ? angled(first, rest, isWritten) : undefined;
}

/** The name between angle brackets; as it is written it may have spaces. */
function angled(open: Token, rest: readonly Token[], isWritten: boolean): Target | undefined {
  const last = rest.at(-1);
  if (last?.text !== ">") return undefined;
  const span = joined(open.span, last.span);
  const spelled = rest.slice(0, -1).map(({ text }) => text);
  const name = isWritten ? span.file.text.slice(span.start + 1, span.end - 1) : spelled.join("");
  return name.trim() === "" ? undefined : { name: name.trim(), isQuoted: false, span };
}

function undefine(frame: Frame, line: Line): void {
  const name = nameOf(frame.job, line);
  if (name === undefined) return;
  if (name.text === "defined")
    report(frame.job, { code: "P122", span: name.span }, { name: name.text });
  frame.job.macros.delete(name.text);
  nothingAfter(frame, line, 1);
}

/** Tells what stands behind the end of a directive. */
function nothingAfter({ job }: Frame, line: Line, at: number): void {
  if (line.tokens.length <= at) return;
  const { found, span } = foundAt(line, at);
  report(job, { code: "P117", span }, { found, directive: line.directive });
}

function whether(frame: Frame, name: Token): boolean {
  const line = restOfLine(frame, name.text);
  return holds(frame.job, line.tokens, line.end);
}

/** Whether the macro that a line names is defined; undefined when it names none. */
function isDefined(frame: Frame, name: Token): boolean | undefined {
  const line = restOfLine(frame, name.text);
  const macro = nameOf(frame.job, line);
  if (macro === undefined) return undefined;
  nothingAfter(frame, line, 1);
  return frame.job.macros.has(macro.text);
}

function openBranch(frame: Frame, opener: Token, isTaken: boolean | undefined): void {
  const taken = isTaken === true;
  frame.conditions.push({ opener, taken, hasElse: false });
  if (!taken) skip(frame);
}

/** `#elif` and `#else` behind a branch that was read. */
function branch(frame: Frame, name: Token): void {
  if (frame.conditions.length > 0) {
    if (!takes(frame, name)) skip(frame);
    return;
  }
  report(frame.job, { code: "P107", span: name.span }, { directive: name.text });
  restAsText(frame);
}

function close(frame: Frame, name: Token): void {
  if (frame.conditions.pop() === undefined)
    report(frame.job, { code: "P107", span: name.span }, { directive: name.text });
  nothingAfter(frame, restOfLine(frame, "endif"), 0);
}

/** Leaves out lines up to the `#elif`, `#else` or `#endif` that belongs to the innermost condition, and executes that. */
function skip(frame: Frame): void {
  const { scanner } = frame;
  for (let inner = 0; scanner.offset < scanner.text.length;) {
    scanner.offset = lineEnd(scanner.text, scanner.offset) + 1;
    const name = directiveName(scanner);
    if (name === undefined) continue;
    if (/^if(n?def)?$/.test(name.text)) inner += 1;
    else if (name.text === "endif" && inner > 0) inner -= 1;
    else if (inner === 0 && ends(frame, name)) return;
  }
  scanner.offset = Math.min(scanner.offset, scanner.text.length);
}

/** Whether a directive ends what is left out: an `#endif`, or a branch that is taken. */
function ends(frame: Frame, { text, end, token }: Named): boolean {
  if (!/^(elif|else|endif)$/.test(text)) return false;
  frame.scanner.offset = end;
  if (text !== "endif") return takes(frame, token);
  close(frame, token);
  return true;
}

/** Whether the branch that was found is taken. */
function takes(frame: Frame, name: Token): boolean {
  const condition = frame.conditions.at(-1);
  if (condition === undefined) return true;
  if (condition.hasElse) {
    report(frame.job, { code: "P108", span: name.span }, { directive: name.text });
    restAsText(frame);
    return false;
  }
  if (name.text === "else") {
    condition.hasElse = true;
    nothingAfter(frame, restOfLine(frame, "else"), 0);
  }
  const isWanted = !condition.taken && (name.text === "else" || whether(frame, name));
  if (isWanted) condition.taken = true;
  return isWanted;
}

const DIRECTIVE = /[ \t\v\f\r]*(?:\/\*(?:[^*]|\*(?!\/))*\*\/[ \t]*)?#[ \t]*(\w+)/y;

type Named = { readonly text: string; readonly end: number; readonly token: Token };

/** The directive that begins at a line's beginning, in text that is left out. */
function directiveName(scanner: Scanner): Named | undefined {
  DIRECTIVE.lastIndex = scanner.offset;
  const match = DIRECTIVE.exec(scanner.text);
  const [whole = "", text] = match ?? [];
  if (text === undefined) return undefined;
  const end = scanner.offset + whole.length;
  const span = spanAt(scanner, end - text.length, end);
  return { text, end, token: { kind: "identifier", text, span, startsLine: false, spaced: false } };
}

/** `#line`: the line that follows is told as the given one, and in the given file. */
function renumber({ job, scanner }: Frame, line: Line): void {
  const tokens = expandAll(job, line.tokens, 0);
  const [number, name] = tokens;
  if (number === undefined || !/^\d{1,9}$/.test(number.text)) {
    const { found, span } = foundAt(line, 0);
    report(job, { code: "P116", span }, { found });
    return;
  }
  const named = name?.kind === "string literal" ? name.text.slice(1, -1) : scanner.file.name;
  const offset = Math.min(line.end.end + 1, scanner.file.text.length);
  const numbered = { offset, line: Number(number.text) };
  scanner.file = { name: named, text: scanner.file.text, numbered };
}

function pragma(frame: Frame): void {
  const line = restOfLine(frame, "pragma");
  if (line.tokens[0]?.text === "once") frame.job.once.add(frame.path);
}
