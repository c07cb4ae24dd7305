/** What the preprocessor makes, as text that can be read again: the same tokens, and `#line` where places jump. */
import { placeOf } from "../source/file.ts";
import { pieces } from "../syntax/lexer.ts";
import type { Token } from "../syntax/token.ts";

/** More line ends than these are left out by `#line`. */
const MOST_EMPTY_LINES = 8;

type Writer = { readonly parts: string[]; file: string; line: number; last: string };

/** The text of tokens, the last of which is `end`. */
export function preprocessedText(tokens: readonly Token[]): string {
  const writer: Writer = { parts: [], file: "", line: 1, last: "" };
  for (const token of tokens) {
    if (token.kind === "end") break;
    moveTo(writer, token);
    writer.parts.push(token.text);
    writer.line += token.text.split("\n").length - 1;
    writer.last = token.text;
  }
  writer.parts.push("\n");
  return writer.parts.join("");
}

/** Writes what stands before a token: line ends, `#line`, or a space. */
function moveTo(writer: Writer, { span, spaced, text }: Token): void {
  const { line, column } = placeOf(span.file, span.start);
  const ahead = line - writer.line;
  const isSameFile = writer.file === span.file.name;
  // What a macro writes behind an argument of a later line stays on that line.
  if (isSameFile && ahead <= 0) {
    if (spaced || wouldMerge(writer.last, text)) writer.parts.push(" ");
    return;
  }
  if (isSameFile && ahead <= MOST_EMPTY_LINES) writer.parts.push("\n".repeat(ahead));
  else {
    const start = writer.last === "" ? "" : "\n";
    writer.parts.push(`${start}#line ${line} ${JSON.stringify(span.file.name)}\n`);
  }
  writer.parts.push(" ".repeat(Math.min(column - 1, 40)));
  writer.file = span.file.name;
  writer.line = line;
}

/** Whether two texts would be other tokens when they stood close. */
function wouldMerge(left: string, right: string): boolean {
  if (/\w$/.test(left) && /^\w/.test(right)) return true;
  const read = pieces(left.slice(-4) + right);
  return read.at(-1)?.text !== right;
}
