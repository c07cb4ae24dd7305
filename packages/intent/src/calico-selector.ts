/**
 * Calico's selector expressions (projectcalico/calico, libcalico-go/lib/selector): comparisons of labels, `has`, sets, parts of values,
 * with `!`, `&&`, `||` and parentheses, of which `&&` binds closer. They ask about pods and sets of networks alike, which have labels of
 * their own, of their namespace (`pcns.`) and of their service account (`pcsa.`).
 */
import { err, ok, type Result } from "@seam/base";

/** The value of a label. */
type Lookup = (key: string) => string | undefined;

/** What a text selects; equal ones have equal texts. */
export type Expression = {
  readonly text: string;
  readonly selects: (label: Lookup) => boolean;
};

/** The name of the namespace, among the labels of what has one. */
export const NAMESPACE_LABEL = "projectcalico.org/namespace";
/** The name of a pod's service account, among its labels. */
export const ACCOUNT_LABEL = "projectcalico.org/serviceaccount";

/** What labels of namespaces and service accounts begin with, where a pod has them. */
export const PREFIX = { namespace: "pcns.", account: "pcsa.", own: "" } as const;

type Test = (label: Lookup) => boolean;
type Token = { readonly kind: "sign" | "word" | "text"; readonly value: string };
type Parsed = { readonly test: Test; readonly next: number };
type Source = { readonly tokens: readonly Token[]; readonly prefix: string };

/** Reads an expression; an empty one selects everything. Names of labels are taken to begin with the prefix. */
export function parseSelector(
  text: string,
  prefix: (typeof PREFIX)[keyof typeof PREFIX] = PREFIX.own,
): Result<Expression, string> {
  const tokens = tokenize(text);
  if (!tokens.ok) return tokens;
  const canonical = [prefix, ...tokens.value.map(({ kind, value }) => `${kind[0]}${value}`)];
  const named = JSON.stringify(canonical);
  if (tokens.value.length === 0) return ok({ text: named, selects: () => true });
  const parsed = either({ tokens: tokens.value, prefix }, 0);
  if (!parsed.ok) return parsed;
  const rest = tokens.value[parsed.value.next];
  if (rest !== undefined) return err(`expected && or ||, found ${rest.value}`);
  return ok({ text: named, selects: parsed.value.test });
}

/** What selects what all of them select. */
export const allOf = (selectors: readonly Expression[]): Expression => ({
  text: selectors.map(({ text }) => text).join("&"),
  selects: (label) => selectors.every(({ selects }) => selects(label)),
});

/** What selects what has one of these values. */
export const labelIn = (key: string, values: readonly string[]): Expression => ({
  text: JSON.stringify([key, ...values.toSorted()]),
  selects: (label) => values.includes(label(key) ?? ""),
});

const TOKEN = /[ \t]*(?:(==|!=|&&|\|\||[!(){},])|"([^"]*)"|'([^']*)'|([a-zA-Z0-9_./-]+))/y;

function tokenize(text: string): Result<readonly Token[], string> {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (found === null) return err(`not understood from here on: ${text.slice(at).trimStart()}`);
    const [, sign, double, single, word] = found;
    if (sign !== undefined) tokens.push({ kind: "sign", value: sign });
    else if (word !== undefined) tokens.push({ kind: "word", value: word });
    else tokens.push({ kind: "text", value: double ?? single ?? "" });
  }
  return ok(tokens);
}

const isSign = (token: Token | undefined, value: string): boolean =>
  token?.kind === "sign" && token.value === value;

const either = (source: Source, at: number): Result<Parsed, string> =>
  chain(source, at, {
    sign: "||",
    part: both,
    join: (tests) => (label) => tests.some((test) => test(label)),
  });

const both = (source: Source, at: number): Result<Parsed, string> =>
  chain(source, at, {
    sign: "&&",
    part: operation,
    join: (tests) => (label) => tests.every((test) => test(label)),
  });

type Chain = {
  readonly sign: string;
  readonly part: (source: Source, at: number) => Result<Parsed, string>;
  readonly join: (tests: readonly Test[]) => Test;
};

function chain(source: Source, at: number, { sign, part, join }: Chain): Result<Parsed, string> {
  const tests: Test[] = [];
  for (let next = at; ; next += 1) {
    const one = part(source, next);
    if (!one.ok) return one;
    tests.push(one.value.test);
    ({ next } = one.value);
    if (isSign(source.tokens[next], sign)) continue;
    const [first] = tests;
    return ok({ test: tests.length === 1 && first !== undefined ? first : join(tests), next });
  }
}

function operation(source: Source, at: number): Result<Parsed, string> {
  const token = source.tokens[at];
  if (token === undefined) return err("expected a label, has(label), all() or (; found the end");
  if (isSign(token, "!")) {
    const negated = operation(source, at + 1);
    if (!negated.ok) return negated;
    const { test, next } = negated.value;
    return ok({ test: (label) => !test(label), next });
  }
  if (isSign(token, "(")) {
    const inner = either(source, at + 1);
    return inner.ok ? closed(source, inner.value) : inner;
  }
  if (token.kind !== "word") return err(`expected a label, found ${token.value}`);
  return isSign(source.tokens[at + 1], "(") ? call(source, at) : comparison(source, at);
}

function closed({ tokens }: Source, { test, next }: Parsed): Result<Parsed, string> {
  const token = tokens[next];
  return isSign(token, ")")
    ? ok({ test, next: next + 1 })
    : err(`expected ), found ${token?.value ?? "the end"}`);
}

const inNamespace: Test = (label) => label(NAMESPACE_LABEL) !== undefined;

/** `has(label)`, `all()`, `global()`; of namespaces `all()` means whatever is in one, and `global()` what is in none. */
function call(source: Source, at: number): Result<Parsed, string> {
  const name = source.tokens[at]?.value ?? "";
  if (name === "has") return hasLabel(source, at + 2);
  const isOfNamespaces = source.prefix === PREFIX.namespace;
  if (name === "all") {
    const test = isOfNamespaces ? inNamespace : (): boolean => true;
    return closed(source, { test, next: at + 2 });
  }
  if (name !== "global") return err(`expected has(, all( or global(, found ${name}(`);
  return isOfNamespaces
    ? closed(source, { test: (label) => !inNamespace(label), next: at + 2 })
    : err("global() is for namespaceSelector of rules alone");
}

function hasLabel(source: Source, at: number): Result<Parsed, string> {
  const label = source.tokens[at];
  if (label?.kind !== "word") return err("expected the name of a label after has(");
  const key = source.prefix + label.value;
  return closed(source, { test: (lookup) => lookup(key) !== undefined, next: at + 1 });
}

const COMPARISONS: Readonly<Record<string, (value: string | undefined, text: string) => boolean>> =
  {
    "==": (value, text) => value === text,
    "!=": (value, text) => value !== text,
    contains: (value, text) => value?.includes(text) ?? false,
    "starts with": (value, text) => value?.startsWith(text) ?? false,
    "ends with": (value, text) => value?.endsWith(text) ?? false,
  };

function comparison(source: Source, at: number): Result<Parsed, string> {
  const { tokens, prefix } = source;
  const key = prefix + (tokens[at]?.value ?? "");
  const { word, next } = operatorAt(tokens, at + 1);
  if (word === "in" || word === "not in") {
    const values = setAt(tokens, next);
    if (!values.ok) return values;
    const { list, next: after } = values.value;
    const isIn: Test = (label) => list.has(label(key));
    return ok({ test: word === "in" ? isIn : (label) => !isIn(label), next: after });
  }
  const compares = COMPARISONS[word];
  if (compares === undefined)
    return err(`expected ==, !=, in, not in, contains, starts with or ends with after ${key}`);
  const literal = tokens[next];
  if (literal?.kind !== "text") return err(`expected a value in quotes after ${key} ${word}`);
  return ok({ test: (label) => compares(label(key), literal.value), next: next + 1 });
}

/** An operator of one word or of two. */
function operatorAt(
  tokens: readonly Token[],
  at: number,
): { readonly word: string; readonly next: number } {
  const [first, second] = [tokens[at], tokens[at + 1]];
  if (first === undefined || first.kind === "text") return { word: "", next: at };
  const two = `${first.value} ${second?.value ?? ""}`;
  return first.kind === "word" && ["not in", "starts with", "ends with"].includes(two)
    ? { word: two, next: at + 2 }
    : { word: first.value, next: at + 1 };
}

type ValueSet = { readonly list: ReadonlySet<string | undefined>; readonly next: number };

function setAt(tokens: readonly Token[], at: number): Result<ValueSet, string> {
  if (!isSign(tokens[at], "{")) return err("expected { and values in quotes");
  const list = new Set<string>();
  let next = at + 1;
  while (tokens[next]?.kind === "text") {
    list.add(tokens[next]?.value ?? "");
    next += 1;
    if (!isSign(tokens[next], ",")) break;
    next += 1;
  }
  return isSign(tokens[next], "}")
    ? ok({ list, next: next + 1 })
    : err(`expected } after values in quotes, found ${tokens[next]?.value ?? "the end"}`);
}
