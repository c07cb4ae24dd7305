/** The words of one line of an STF file. What does not fit is remembered once, and then the line is at its end. */
import type { Literal } from "./statement.ts";

/** A line that is being read. */
export type Line = {
  readonly text: string;
  /** Where reading goes on. */
  at: number;
  /** What is wrong with the line, and where. */
  error?: { readonly message: string; readonly column: number };
};

/** Notes what is wrong; only the first counts. */
export function refuse(line: Line, message: string): void {
  line.error ??= { message, column: line.at + 1 };
  line.at = line.text.length;
}

/** What stands at the place, of a pattern that is sticky; white space in front of it is left out. */
export function take(line: Line, pattern: RegExp): string | undefined {
  const blank = /[\s]*/y;
  blank.lastIndex = line.at;
  blank.test(line.text);
  pattern.lastIndex = blank.lastIndex;
  const [found] = pattern.exec(line.text) ?? [];
  if (found !== undefined) line.at = pattern.lastIndex;
  return found;
}

/** What follows, for messages. */
const rest = (line: Line): string => {
  const text = line.text.slice(line.at).trim();
  return text === "" ? "the end of the line" : JSON.stringify(text.split(/\s/)[0]);
};

/** As `take`, but it has to be there. */
export function need(line: Line, pattern: RegExp, expected: string): string {
  const found = take(line, pattern);
  if (found === undefined) refuse(line, `expected ${expected}, found ${rest(line)}`);
  return found ?? "";
}

/** Whether nothing but white space and a comment is left. */
export function atEnd(line: Line): boolean {
  return /^\s*(#.*)?$/.test(line.text.slice(line.at));
}

/** Ends a line: whatever is left is too much. */
export function end(line: Line): void {
  if (!atEnd(line)) refuse(line, `expected the end of the line, found ${rest(line)}`);
}

const part = String.raw`(?:[A-Za-z$_][\w$]*|"[^"]+")(?:\[\d+\])*`;
const identifier = new RegExp(part, "y");
const qualified = new RegExp(String.raw`${part}(?:\s*\.\s*${part})*(?:\(\))?`, "y");

/** A name with dots, without its quotes and blanks. */
export const qualifiedName = (line: Line, expected: string): string =>
  need(line, qualified, expected).replaceAll(/["\s]/g, "");

/** A name of one part, without its quotes. */
export const simpleName = (line: Line, expected: string): string =>
  need(line, identifier, expected).replaceAll('"', "");

/** Whether a name of a table, action or counter could begin here. */
export const isName = (line: Line): boolean => /^\s*["A-Za-z$_]/.test(line.text.slice(line.at));

/** A whole number in decimal, at most 2^53. */
export const decimal = (line: Line, expected: string): number =>
  Number(need(line, /\d+/y, expected));

/** A number of a text of digits with a prefix; don't-care digits count as 0 and have no bits in the mask. */
function prefixed(text: string, digitBits: 1 | 4): Literal {
  const prefix = text.slice(0, 2).toLowerCase();
  const digits = text.slice(2);
  const value = BigInt(`${prefix}${digits.replaceAll("*", "0")}`);
  const bits = digits.length * digitBits;
  const star = digits.indexOf("*");
  if (star === -1) return { text, value, bits, leadingBits: bits };
  const full = digitBits === 4 ? "f" : "1";
  const mask = BigInt(`${prefix}${digits.replaceAll(/[^*]/g, full).replaceAll("*", "0")}`);
  return { text, value, bits, mask, leadingBits: star * digitBits };
}

/** A number: decimal, or with don't-care digits in hexadecimal and binary. */
export function literal(line: Line): Literal {
  const pattern = /0x[\da-f*]+|0b[01*]+|\d+/iy;
  const text = need(line, pattern, "a number such as 17, 0x1f, 0x1* or 0b10*");
  if (/^0x/i.test(text)) return prefixed(text, 4);
  if (/^0b/i.test(text)) return prefixed(text, 1);
  return { text, value: BigInt(text || 0) };
}
