/**
 * Selectors as Calico writes them: a text with operators on labels (projectcalico.org/v3, NetworkPolicySpec.selector, and
 * "Selectors" in the reference of its resources). `&&` binds more than `||`, `!` more than both; texts know no escapes.
 */
import { err, ok, type Result } from "@seam/base";
import type { Json } from "@seam/kube";

/** A selector that was read. */
export type Expression =
  | { readonly kind: "all" | "global" }
  | { readonly kind: "has"; readonly key: string }
  | {
      readonly kind: "is" | "contains" | "starts" | "ends";
      readonly key: string;
      readonly text: string;
    }
  | { readonly kind: "in"; readonly key: string; readonly texts: readonly string[] }
  | { readonly kind: "not"; readonly of: Expression }
  | { readonly kind: "and" | "or"; readonly of: readonly Expression[] };

/** What a selector is held against; only a namespaceSelector tells things apart that are in no namespace. */
export type Labelled = { readonly labels: Json; readonly isGlobal: boolean };

/** Whether something meets a selector. */
export function meets(expression: Expression, thing: Labelled): boolean {
  switch (expression.kind) {
    case "all":
      return !thing.isGlobal;
    case "global":
      return thing.isGlobal;
    case "not":
      return !meets(expression.of, thing);
    case "and":
      return expression.of.every((each) => meets(each, thing));
    case "or":
      return expression.of.some((each) => meets(each, thing));
    case "has":
    case "is":
    case "contains":
    case "starts":
    case "ends":
    case "in":
      return isMet(expression, valueOf(thing.labels, expression.key));
  }
}

const valueOf = (labels: Json, key: string): string | null => {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  return typeof value === "string" ? value : null;
};

type Term = Extract<Expression, { readonly key: string }>;

/** A label that is missing meets none of these; their negations it meets. */
function isMet(term: Term, value: string | null): boolean {
  if (value === null) return false;
  switch (term.kind) {
    case "has":
      return true;
    case "is":
      return value === term.text;
    case "contains":
      return value.includes(term.text);
    case "starts":
      return value.startsWith(term.text);
    case "ends":
      return value.endsWith(term.text);
    case "in":
      return term.texts.includes(value);
  }
}

/** Whether a selector says `global()` anywhere. */
export function saysGlobal(expression: Expression): boolean {
  const { kind } = expression;
  if (kind === "and" || kind === "or") return expression.of.some(saysGlobal);
  return kind === "not" ? saysGlobal(expression.of) : kind === "global";
}

/** Reads a selector; an empty one selects everything. */
export function parseSelector(text: string): Result<Expression, string> {
  const source: Source = { text, at: 0 };
  skipBlanks(source);
  if (source.at === text.length) return ok({ kind: "all" });
  const read = readOr(source);
  if (!read.ok) return read;
  return source.at === text.length ? read : expected(source, "&&, || or the end");
}

/** The text, and how far it was read; blanks before `at` are read too. */
type Source = { readonly text: string; at: number };
type Read = Result<Expression, string>;

const expected = ({ text, at }: Source, what: string): Result<never, string> =>
  err(`expected ${what} at "${text.slice(at, at + 20)}"`);

function skipBlanks(source: Source): void {
  while (" \t".includes(source.text[source.at] ?? "x")) source.at += 1;
}

/** Takes a sign or a word if it comes next. */
function take(source: Source, word: string): boolean {
  if (!source.text.startsWith(word, source.at)) return false;
  source.at += word.length;
  skipBlanks(source);
  return true;
}

const readOr = (source: Source): Read => readChain(source, { sign: "||", kind: "or" });

type Chain = { readonly sign: string; readonly kind: "and" | "or" };

function readChain(source: Source, { sign, kind }: Chain): Read {
  const of: Expression[] = [];
  do {
    const next =
      kind === "or" ? readChain(source, { sign: "&&", kind: "and" }) : readOperation(source);
    if (!next.ok) return next;
    of.push(next.value);
  } while (take(source, sign));
  const [only] = of;
  return ok(only !== undefined && of.length === 1 ? only : { kind, of });
}

function readOperation(source: Source): Read {
  if (take(source, "!")) {
    const of = readOperation(source);
    return of.ok ? ok({ kind: "not", of: of.value }) : of;
  }
  if (!take(source, "(")) return readCall(source) ?? readComparison(source);
  const inner = readOr(source);
  if (!inner.ok) return inner;
  return take(source, ")") ? inner : expected(source, ")");
}

/** What stands before a bracket; `null` when it is no call. */
function readCall(source: Source): Read | null {
  for (const kind of ["all", "global"] as const) {
    if (take(source, `${kind}(`)) return take(source, ")") ? ok({ kind }) : expected(source, ")");
  }
  if (!take(source, "has(")) return null;
  const key = takeKey(source);
  if (key === null) return expected(source, "a label");
  return take(source, ")") ? ok({ kind: "has", key }) : expected(source, ")");
}

function takeKey(source: Source): string | null {
  const [key = null] = /^[\w./-]{1,512}/.exec(source.text.slice(source.at)) ?? [];
  source.at += key?.length ?? 0;
  skipBlanks(source);
  return key;
}

/** Words that stand between a label and one text. */
const WITH_TEXT = [
  ["==", "is"],
  ["!=", "is not"],
  ["contains", "contains"],
  ["starts with", "starts"],
  ["ends with", "ends"],
] as const;

function readComparison(source: Source): Read {
  const key = takeKey(source);
  if (key === null) return expected(source, "a label");
  for (const [words, kind] of WITH_TEXT) {
    if (!takeWords(source, words)) continue;
    const text = takeText(source);
    if (text === null) return expected(source, "a text in quotes");
    return ok(
      kind === "is not" ? { kind: "not", of: { kind: "is", key, text } } : { kind, key, text },
    );
  }
  if (takeWords(source, "not in")) {
    const of = readSet(source, key);
    return of.ok ? ok({ kind: "not", of: of.value }) : of;
  }
  return takeWords(source, "in") ? readSet(source, key) : expected(source, "an operator");
}

/** Words with any number of blanks between them, also none. */
function takeWords(source: Source, words: string): boolean {
  const before = source.at;
  if (words.split(" ").every((word) => take(source, word))) return true;
  source.at = before;
  return false;
}

function takeText(source: Source): string | null {
  const quote = source.text[source.at];
  if (quote !== '"' && quote !== "'") return null;
  const end = source.text.indexOf(quote, source.at + 1);
  if (end === -1) return null;
  const text = source.text.slice(source.at + 1, end);
  source.at = end + 1;
  skipBlanks(source);
  return text;
}

function readSet(source: Source, key: string): Read {
  if (!take(source, "{")) return expected(source, "{");
  const texts: string[] = [];
  let text = takeText(source);
  while (text !== null) {
    texts.push(text);
    text = take(source, ",") ? takeText(source) : null;
  }
  return take(source, "}") ? ok({ kind: "in", key, texts }) : expected(source, "}");
}
