/** The tokens of P4-16: keywords, punctuation and the rest (specification 1.2.5, section 6.4 and appendix H). */
import type { Span } from "../source/file.ts";

const KEYWORDS = [
  "abstract",
  "action",
  "actions",
  "apply",
  "bit",
  "bool",
  "break",
  "const",
  "continue",
  "control",
  "default",
  "else",
  "entries",
  "enum",
  "error",
  "exit",
  "extern",
  "false",
  "for",
  "header",
  "header_union",
  "if",
  "in",
  "inout",
  "int",
  "key",
  "list",
  "match_kind",
  "out",
  "package",
  "parser",
  "priority",
  "return",
  "select",
  "state",
  "string",
  "struct",
  "switch",
  "table",
  "this",
  "transition",
  "true",
  "tuple",
  "type",
  "typedef",
  "value_set",
  "varbit",
  "void",
  "_",
] as const;

/** Longest first, as the lexer takes the first that fits. `{#}` is one token. */
export const PUNCTUATION = [
  "|+|=",
  "|-|=",
  "{#}",
  "&&&",
  "...",
  "|+|",
  "|-|",
  "<<=",
  ">>=",
  "..",
  "<<",
  ">>",
  "&&",
  "||",
  "==",
  "!=",
  ">=",
  "<=",
  "++",
  "##",
  "+=",
  "-=",
  "*=",
  "/=",
  "%=",
  "&=",
  "|=",
  "^=",
  "+",
  "-",
  "*",
  "/",
  "%",
  "|",
  "&",
  "^",
  "~",
  "[",
  "]",
  "{",
  "}",
  "(",
  ")",
  "<",
  ">",
  "!",
  ":",
  ",",
  "?",
  ".",
  "=",
  ";",
  "@",
  "#",
] as const;

/** A word that the grammar reserves; some may be names where that is clear. */
export type Keyword = (typeof KEYWORDS)[number];

/** An operator or separator. */
export type Punctuation = (typeof PUNCTUATION)[number];

/** What a token is: keywords and punctuation are their own kind. */
export type TokenKind =
  | Keyword
  | Punctuation
  | "identifier"
  | "integer"
  | "string literal"
  | "unknown"
  | "open string"
  | "open comment"
  | "end";

/** One token. */
export type Token = {
  readonly kind: TokenKind;
  /** As the source spells it, without line continuations. */
  readonly text: string;
  readonly span: Span;
  /** Whether it is the first of its line. */
  readonly startsLine: boolean;
  /** Whether white space or a comment stands before it. */
  readonly spaced: boolean;
  /** Macros that must not expand it any more (the "hide set" of Prosser's algorithm). */
  readonly hidden?: ReadonlySet<string>;
};

const keywords: ReadonlyMap<string, Keyword> = new Map(KEYWORDS.map((word) => [word, word]));
const punctuation: ReadonlyMap<string, Punctuation> = new Map(
  PUNCTUATION.map((text) => [text, text]),
);

/** The kind of a word. */
export const wordKind = (word: string): Keyword | "identifier" =>
  keywords.get(word) ?? "identifier";

/** The kind of an operator or separator. */
export const punctuationKind = (text: string): Punctuation | "unknown" =>
  punctuation.get(text) ?? "unknown";

/** Keywords that may be names (grammar: nonTypeName and name). */
const NAMES: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "identifier",
  "apply",
  "key",
  "actions",
  "state",
  "entries",
  "type",
  "priority",
  "list",
]);

/** Whether a token may be a name. */
export const isName = ({ kind }: Token): boolean => NAMES.has(kind);

/** Whether a kind is a reserved word. */
export const isKeyword = (kind: TokenKind): boolean => keywords.has(kind);

/** A token as messages name it. */
export function describe(token: Token): string {
  if (token.kind === "end") return "the end of the file";
  const text = token.text.length > 40 ? `${token.text.slice(0, 37)}...` : token.text;
  return text.replaceAll(/\s+/g, " ");
}
