/** Literals: numbers with and without a width, strings, booleans and the like (section 6.4.3). */
import type { Expression, Integer } from "../syntax/ast.ts";
import type { Token } from "../syntax/token.ts";
import { complain, type Parser, take } from "./state.ts";

/** More digits than this are no number that a program means. */
const MOST_DIGITS = 5000;

const NUMBER =
  /^(?:(\d+)([ws]))?(0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|0[dD][\d_]+|\d[\d_]*)$/;

/** The value of digits with a base's prefix; undefined when there are none but underscores. */
function valueOf(digits: string): bigint | undefined {
  const plain = digits.replaceAll("_", "");
  const decimal = plain.replace(/^0[dD]/, "");
  const text = /^0[xXbBoO]/.test(plain) ? plain : decimal;
  if (text === "" || /^0[xXbBoO]$/.test(text)) return undefined;
  return BigInt(text.toLowerCase());
}

/** Why a text that begins with a digit is no number. */
function whyNot(text: string): string {
  if (text.length > MOST_DIGITS) return `more than ${MOST_DIGITS} digits`;
  if (/^\d+_\d*[ws]/.test(text)) return "a width has no underscores";
  if (/^\d+[ws]$/.test(text)) return "no value follows the width";
  if (/^(\d+[ws])?_/.test(text)) return "it begins with an underscore";
  if (/^(\d+[ws])?0[xX]_*$/.test(text)) return "no digits follow 0x";
  if (/^(\d+[ws])?0[bB]_*$/.test(text)) return "no digits follow 0b";
  if (/^(\d+[ws])?0[bB]/.test(text)) return "base 2 has the digits 0 and 1";
  if (/^(\d+[ws])?0[oO]/.test(text)) return "base 8 has the digits 0 to 7";
  return "letters follow its digits";
}

function integer(parser: Parser, { text, span }: Token): Integer {
  const [, width, sign, digits] = (text.length > MOST_DIGITS ? null : NUMBER.exec(text)) ?? [];
  const value = digits === undefined ? undefined : valueOf(digits);
  if (value === undefined)
    complain(parser, { code: "P204", span }, { text: text.slice(0, 40), why: whyNot(text) });
  return {
    kind: "integer",
    value: value ?? 0n,
    ...(width !== undefined && { width: Number(width) }),
    isSigned: sign === "s",
    text,
    span,
  };
}

/** Takes a literal; undefined when the token begins none. */
export function literal(parser: Parser, token: Token): Expression | undefined {
  const read = literalOf(parser, token);
  if (read === undefined) return undefined;
  take(parser);
  parser.height = 1;
  return read;
}

function literalOf(parser: Parser, token: Token): Expression | undefined {
  const kind: string = token.kind;
  const { text, span } = token;
  switch (kind) {
    case "integer":
      return integer(parser, token);
    case "string literal":
      return { kind: "string", text: text.slice(1, -1), span };
    case "true":
    case "false":
      return { kind: "boolean", value: kind === "true", span };
    case "...":
      return { kind: "rest", span };
    case "this":
      return { kind: "this", span };
    case "{#}":
      return { kind: "invalid header", span };
    default:
      return undefined;
  }
}
