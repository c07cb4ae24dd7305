/** Which warnings a program silences: `@noWarn("kind")` on a declaration is for all in it (section 20.3.8). */
import { kindOf } from "../source/catalogue.ts";
import type { Diagnostic } from "../source/diagnostic.ts";
import type { Span } from "../source/file.ts";
import type { Annotation } from "../syntax/ast.ts";
import type { Program } from "../syntax/ast-program.ts";

/** Kinds are written with - or with _. */
const plain = (kind: string): string => kind.replaceAll("_", "-");

/** The kinds of an annotation; none when it is another one. */
function kindsOf({ name, body }: Annotation): readonly string[] {
  if (name.text !== "noWarn") return [];
  const tokens = body.kind === "tokens" || body.kind === "pragma" ? body.tokens : [];
  const strings = tokens.filter((each) => each.startsWith('"')).map((each) => each.slice(1, -1));
  const values = body.kind === "expressions" ? body.expressions : [];
  const texts = values.flatMap((each) => (each.kind === "string" ? [each.text] : []));
  return [...strings, ...texts].map(plain);
}

/** Any node of the tree that has annotations and a place. */
type Annotated = { readonly annotations: readonly Annotation[]; readonly span: Span };

const isAnnotated = (node: object): node is Annotated => "annotations" in node && "span" in node;

/** Where each kind is silenced: by kind and text of the file, in the order of the file and apart from each other. */
type Silenced = Map<string, Map<string, Span[]>>;

/** Goes through all that hangs on a node; places are left out, as they lead to files. */
function collect(node: unknown, silenced: Silenced): void {
  if (typeof node !== "object" || node === null) return;
  if (isAnnotated(node))
    for (const kind of node.annotations.flatMap(kindsOf)) note(silenced, kind, node.span);
  for (const [key, value] of Object.entries(node)) if (key !== "span") collect(value, silenced);
}

/** What is silenced by what is around it, or was read before, is not noted again. */
function note(silenced: Silenced, kind: string, span: Span): void {
  const byFile = silenced.get(kind) ?? new Map<string, Span[]>();
  silenced.set(kind, byFile);
  const { text } = span.file;
  const places = byFile.get(text) ?? [];
  byFile.set(text, places);
  if (span.start >= (places.at(-1)?.end ?? 0)) places.push(span);
}

/** Whether an offset is in one of some places, by halving. */
function isInAny(offset: number, places: readonly Span[]): boolean {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle]?.end ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return (places[low]?.start ?? Infinity) <= offset;
}

/** A test for the warnings that a program silences. */
export function silencer({ declarations }: Program): (diagnostic: Diagnostic) => boolean {
  const silenced: Silenced = new Map();
  collect(declarations, silenced);
  return ({ code, span }) => {
    const kind = kindOf(code);
    const places = kind === undefined ? undefined : silenced.get(plain(kind))?.get(span.file.text);
    return places !== undefined && isInAny(span.start, places);
  };
}
