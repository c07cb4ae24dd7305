/**
 * Expansion of macros by Prosser's algorithm: each token carries the macros that made it, and those do not expand it again, so that
 * expansion ends.
 */
import { nextToken, scannerOf } from "../syntax/lexer.ts";
import type { Token } from "../syntax/token.ts";
import { type Job, type Macro, mayGoOn, report } from "./job.ts";

/** Where tokens come from: those that were pushed back, last first, then those of the file. */
export type Feed = { readonly pushed: Token[]; readonly pull: () => Token };

/** The next token of a feed. */
export const next = (feed: Feed): Token => feed.pushed.pop() ?? feed.pull();

/** Pushes tokens back, so that the first of them comes next. */
function pushBack(feed: Feed, tokens: readonly Token[]): void {
  for (let at = tokens.length - 1; at >= 0; at -= 1) {
    const token = tokens[at];
    if (token !== undefined) feed.pushed.push(token);
  }
}

/** Whether a token is the `#` that begins a line of the preprocessor. */
export const beginsDirective = ({ kind, startsLine, hidden }: Token): boolean =>
  kind === "#" && startsLine && hidden === undefined;

/** How deep macros may stand in each other's arguments. */
const DEEPEST = 200;

/** Expands what a token begins. True: its replacement is in the feed. False: the token stands for itself. */
export function expandAt(job: Job, feed: Feed, given: { token: Token; depth: number }): boolean {
  const { token, depth } = given;
  const macro = token.kind === "end" ? undefined : job.macros.get(token.text);
  if (macro === undefined || token.hidden?.has(macro.name) === true) return false;
  const use = { job, macro, token, depth };
  if (!macro.takesArguments) {
    const hidden = withName(token.hidden ?? NONE, macro.name);
    return replaceBy(use, feed, substituted(use, [], hidden));
  }
  const open = next(feed);
  if (open.kind !== "(") {
    feed.pushed.push(open);
    return false;
  }
  const found = argumentsOf(use, feed);
  if (found === undefined) return false;
  const hidden = withName(token.hidden ?? NONE, macro.name);
  return replaceBy(use, feed, substituted(use, found.arguments, hidden));
}

type Names = ReadonlySet<string>;

const NONE: Names = new Set();
const extended = new WeakMap<Names, Map<string, Names>>();

/** A set with one name more; the same set for the same arguments, as many tokens share one. */
function withName(names: Names, name: string): Names {
  if (names.has(name)) return names;
  const known = extended.get(names) ?? new Map<string, Names>();
  extended.set(names, known);
  const result = known.get(name) ?? new Set(names).add(name);
  known.set(name, result);
  return result;
}

const union = (one: Names, other: Names): Names =>
  one === other ? one : [...other].reduce(withName, one);

/** A use of a macro. */
type Use = {
  readonly job: Job;
  readonly macro: Macro;
  readonly token: Token;
  readonly depth: number;
};

function replaceBy({ job, token }: Use, feed: Feed, tokens: readonly Token[]): boolean {
  if (!mayGoOn(job, token.span, tokens.length)) return true;
  pushBack(feed, tokens);
  return true;
}

type Arguments = { readonly arguments: readonly (readonly Token[])[] };

/** Reads arguments up to the closing parenthesis; tells what is wrong with them, and then gives undefined. */
function argumentsOf(use: Use, feed: Feed): Arguments | undefined {
  const { job, macro, token } = use;
  const found: Token[][] = [[]];
  let depth = 0;
  for (let each = next(feed); depth > 0 || each.kind !== ")"; each = next(feed)) {
    if (each.kind === "end" || beginsDirective(each)) {
      feed.pushed.push(each);
      report(job, { code: "P113", span: token.span }, { name: macro.name });
      return undefined;
    }
    if (depth === 0 && separates(macro, each, found.length)) found.push([]);
    else found.at(-1)?.push(each);
    depth += NESTING[each.text] ?? 0;
  }
  return counted(use, found);
}

const NESTING: { readonly [text: string]: number } = { "(": 1, ")": -1 };

/** Whether a comma ends an argument; the last parameter of a variadic macro takes commas too. */
const separates = ({ isVariadic, parameters }: Macro, { kind }: Token, count: number): boolean =>
  kind === "," && !(isVariadic && count === parameters.length);

const plural = (count: number): string => `${count} argument${count === 1 ? "" : "s"}`;

/** The arguments when they are as many as the parameters. */
function counted({ job, macro, token }: Use, found: Token[][]): Arguments | undefined {
  const wanted = macro.parameters.length;
  const isNone = found.length === 1 && found[0]?.length === 0;
  const given = isNone && wanted === 0 ? [] : found;
  if (macro.isVariadic && given.length === wanted - 1) given.push([]);
  if (given.length === wanted) return { arguments: given };
  const related = [{ message: `${macro.name} is defined here`, span: macro.span }];
  const expected = macro.isVariadic ? `at least ${plural(wanted - 1)}` : plural(wanted);
  const count = isNone ? "none" : String(given.length);
  const at = { code: "P112", span: token.span, related } as const;
  report(job, at, { name: macro.name, expected, found: count });
  return undefined;
}

/** All tokens of a list expanded. */
export function expandAll(job: Job, tokens: readonly Token[], depth: number): readonly Token[] {
  const [first] = tokens;
  if (first === undefined) return tokens;
  if (depth > DEEPEST) {
    report(job, { code: "P901", span: first.span }, { limit: String(DEEPEST) });
    return [];
  }
  const end: Token = { ...first, kind: "end", text: "" };
  const feed: Feed = { pushed: tokens.toReversed(), pull: () => end };
  const expanded: Token[] = [];
  for (let token = next(feed); token.kind !== "end" && job.budget >= 0; token = next(feed)) {
    if (!expandAt(job, feed, { token, depth })) expanded.push(token);
  }
  return expanded;
}

/** The macro's text with arguments in place of parameters, at the place of its use. */
function substituted(
  use: Use,
  given: readonly (readonly Token[])[],
  hidden: ReadonlySet<string>,
): readonly Token[] {
  const { macro, token } = use;
  const result: Token[] = [];
  const expanded = new Map<number, readonly Token[]>();
  for (let at = 0; at < macro.body.length; at += 1) {
    const each = macro.body[at];
    if (each === undefined) break;
    const made = piece(use, { at, given, expanded });
    if (each.kind === "##") pasteOnto(use, result, made);
    else result.push(...made);
    if (each.kind === "##" || (each.kind === "#" && macro.takesArguments)) at += 1;
  }
  return result.map((each, index) => ({
    ...each,
    hidden: each.hidden === undefined ? hidden : union(each.hidden, hidden),
    startsLine: index === 0 && token.startsLine,
    spaced: index === 0 ? token.spaced : each.spaced,
  }));
}

type Position = {
  readonly at: number;
  readonly given: readonly (readonly Token[])[];
  readonly expanded: Map<number, readonly Token[]>;
};

/** What one token of a macro's text becomes; `#` and `##` take the next token with them. */
function piece(use: Use, position: Position): readonly Token[] {
  const { macro, token } = use;
  const { at, given } = position;
  const each = macro.body[at];
  if (each === undefined) return [];
  const following = raw(use, { ...position, at: at + 1 });
  if (each.kind === "##") return following;
  const { file, start, end } = each.span;
  const here: Token = { ...each, span: { ...token.span, spelled: { file, start, end } } };
  if (each.kind === "#" && macro.takesArguments) return [stringised(here, following)];
  const index = macro.parameters.indexOf(each.text);
  const argument = given[index];
  if (argument === undefined) return [here];
  const isPasted = macro.body[at + 1]?.kind === "##";
  return spacedAs(each, isPasted ? argument : expandedArgument(use, position, index));
}

function expandedArgument(
  use: Use,
  { given, expanded }: Position,
  index: number,
): readonly Token[] {
  const known = expanded.get(index) ?? expandAll(use.job, given[index] ?? [], use.depth + 1);
  expanded.set(index, known);
  return known;
}

/** A token of a macro's text, its argument not expanded. */
function raw({ macro, token }: Use, { at, given }: Position): readonly Token[] {
  const each = macro.body[at];
  if (each === undefined) return [];
  const index = macro.parameters.indexOf(each.text);
  return given[index] ?? [{ ...each, span: { ...token.span, spelled: each.span } }];
}

const spacedAs = ({ spaced }: Token, tokens: readonly Token[]): readonly Token[] =>
  tokens.map((token, index) => (index === 0 ? { ...token, spaced } : token));

function stringised(at: Token, tokens: readonly Token[]): Token {
  const text = tokens
    .map((token, index) => `${index > 0 && token.spaced ? " " : ""}${token.text}`)
    .join("")
    .replaceAll(/["\\]/g, String.raw`\$&`);
  return { ...at, kind: "string literal", text: `"${text}"` };
}

/** Joins the last token so far with the first of those that follow. */
function pasteOnto({ job }: Use, result: Token[], right: readonly Token[]): void {
  const left = result.pop();
  const [first, ...rest] = right;
  if (left === undefined || first === undefined) {
    result.push(...(left === undefined ? [] : [left]), ...right);
    return;
  }
  const text = left.text + first.text;
  const scanner = scannerOf({ name: "", text });
  const joined = nextToken(scanner);
  if (joined.kind === "unknown" || scanner.offset !== text.length) {
    report(job, { code: "P121", span: left.span }, { left: left.text, right: first.text });
    result.push(left, ...right);
    return;
  }
  result.push({ ...left, kind: joined.kind, text }, ...rest);
}
