/**
 * Source files and places in them. An offset counts UTF-16 units of the text as it was read; lines and columns, both from 1, are
 * worked out only when somebody reads them.
 */

/** A text and what it is called in messages. */
export type SourceFile = {
  readonly name: string;
  readonly text: string;
  /** Set by `#line`: the line that `offset` stands in is told as `line`. */
  readonly numbered?: { readonly offset: number; readonly line: number };
};

/** A piece of a file: from `start` to before `end`. */
export type Span = {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
  /** For what a macro wrote: where the macro's definition spells it; the span itself is where the macro is used. */
  readonly spelled?: Span;
};

/** Where an offset is, both from 1; a tab is one column. */
export type Place = { readonly line: number; readonly column: number };

const lines = new WeakMap<SourceFile, readonly number[]>();

/** Offsets at which the lines of a file begin. */
function lineStarts(file: SourceFile): readonly number[] {
  const known = lines.get(file);
  if (known !== undefined) return known;
  const starts = [0];
  for (let at = file.text.indexOf("\n"); at >= 0; at = file.text.indexOf("\n", at + 1))
    starts.push(at + 1);
  lines.set(file, starts);
  return starts;
}

/** Index of the line that an offset is in, by halving. */
function lineIndex(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The place of an offset, counted as `#line` says. */
export function placeOf(file: SourceFile, offset: number): Place {
  const starts = lineStarts(file);
  const index = lineIndex(starts, offset);
  const column = offset - (starts[index] ?? 0) + 1;
  const { numbered } = file;
  if (numbered === undefined) return { line: index + 1, column };
  return { line: index - lineIndex(starts, numbered.offset) + numbered.line, column };
}

/** The text of the line that an offset is in, without its end. */
export function lineText(file: SourceFile, offset: number): string {
  const starts = lineStarts(file);
  const index = lineIndex(starts, offset);
  return file.text.slice(starts[index], starts[index + 1]).replace(/\r?\n$/, "");
}

/** From the start of one span to the end of another; the first alone when they are in two files. */
export function joined(first: Span, last: Span): Span {
  if (first === last || first.file !== last.file || last.end < first.end) return first;
  return { file: first.file, start: first.start, end: last.end };
}
