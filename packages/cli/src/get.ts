/** `seam get`: lists objects or shows one, as a table or as data; on demand it goes on with each change. */
import { err, ok } from "@seam/base";
import {
  type FieldPath,
  formatError,
  fromKube,
  type KnownKind,
  listObjects,
  nameOf,
  parseFieldPath,
  type Reply,
  type Seam,
  sortedBy,
  valueAt,
} from "@seam/client";
import type { KubeObject } from "@seam/kube";
import type { Target } from "./definition.ts";
import { hasWide, type Listing, listing, serverListing, withNamespaces } from "./listing.ts";
import { refIn, scope } from "./refs.ts";
import { type Format, structured, table, tableRow, widthsOf } from "./render.ts";
import {
  changesOf,
  fail,
  misused,
  print,
  subjectOf,
  untilInterrupted,
  withSeam,
} from "./session.ts";
import { printTable } from "./terminal.ts";

type GetFlags = Target & {
  readonly output: "table" | "wide" | Format;
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly sortBy?: string;
  readonly watch?: boolean;
};

/** What was asked for, checked. */
type Wish = {
  readonly known: KnownKind;
  readonly name: string | undefined;
  readonly flags: GetFlags;
  readonly sortBy: FieldPath | null;
};

/** The action of `seam get`. */
export async function get(
  word: string,
  second: string | undefined,
  flags: GetFlags,
): Promise<void> {
  const { known, name } = subjectOf(word, second);
  const complaint = contradiction(known, name, flags);
  if (complaint !== null) return misused(complaint);
  const wish = { known, name, flags, sortBy: sortPath(flags.sortBy) };
  await withSeam(flags, (seam) => (flags.watch === true ? follow(seam, wish) : once(seam, wish)));
}

function contradiction(known: KnownKind, name: string | undefined, flags: GetFlags): string | null {
  if (name !== undefined && flags.selector !== undefined)
    return "a name and --selector exclude each other: the name is one object, the labels are many";
  if (flags.watch !== true) return null;
  if (flags.sortBy !== undefined)
    return "--sort-by and --watch exclude each other: changes come in their own order";
  return flags.output === "wide" && !hasWide(known.kind)
    ? "-o wide and --watch go together only for experiments and pods"
    : null;
}

function sortPath(text: string | undefined): FieldPath | null {
  if (text === undefined) return null;
  const path = parseFieldPath(text);
  return path.ok ? path.value : misused(`--sort-by: ${formatError(path.error)}`);
}

/** Namespaces are shown when they can differ. */
const showsNamespaces = ({ known, flags }: Wish): boolean =>
  known.namespaced && flags.allNamespaces === true;

async function once(seam: Seam, wish: Wish): Promise<void> {
  const found = await find(seam, wish);
  if (!found.ok) {
    fail(found.error);
    return;
  }
  const rows = sorted(wish, found.value.rows);
  if (rows === null) return;
  const { output } = wish.flags;
  if (output !== "table" && output !== "wide") {
    const objects = rows.map(({ object }) => object);
    print(structured(objects, output, wish.name !== undefined));
  } else if (rows.length === 0) {
    process.stderr.write(`${nothing(seam, wish)}\n`);
  } else {
    const { head } = found.value;
    printTable(table([head, ...rows.map(({ cells }) => cells)]));
  }
}

function nothing(seam: Seam, wish: Wish): string {
  const { known, flags } = wish;
  const labels = flags.selector === undefined ? "" : ` with labels ${flags.selector}`;
  const where = known.namespaced && !showsNamespaces(wish) ? ` in namespace ${seam.namespace}` : "";
  return `no ${known.plural}${labels}${where}`;
}

/** The rows in the wanted order; null when no object has the field, which is told. */
function sorted({ known, flags, sortBy }: Wish, rows: Listing["rows"]): Listing["rows"] | null {
  if (sortBy === null || rows.length === 0) return rows;
  if (rows.some(({ object }) => valueAt(object, sortBy) !== undefined))
    return sortedBy(rows, sortBy);
  fail({
    code: "BadInput",
    message: `--sort-by: none of the ${known.plural} has a field ${flags.sortBy ?? ""}`,
    hint: `See the fields of one: seam get ${known.plural} NAME -o yaml`,
    details: [],
  });
  return null;
}

async function find(seam: Seam, wish: Wish): Reply<Listing> {
  const objects = await objectsOf(seam, wish);
  if (!objects.ok) return objects;
  const wide = wish.flags.output === "wide";
  const asked = wide && !hasWide(wish.known.kind) && objects.value.length > 0;
  const found = asked ? await serverTable(seam, wish) : ok(rowsOf(wish, objects.value));
  return found.ok && showsNamespaces(wish) ? ok(withNamespaces(found.value)) : found;
}

const rowsOf = ({ flags }: Wish, objects: readonly KubeObject[]): Listing =>
  listing(objects, { now: Date.now(), wide: flags.output === "wide" });

async function objectsOf(seam: Seam, wish: Wish): Reply<readonly KubeObject[]> {
  const { known, name, flags } = wish;
  if (name === undefined) return listObjects(seam.kube, wholeScope(seam, wish), selection(flags));
  const ref = refIn(seam, known, name);
  const found = await seam.kube.get(ref);
  return found.ok ? ok([found.value]) : err(fromKube(`get ${nameOf(ref)}`, found.error));
}

const wholeScope = (seam: Seam, { known, name, flags }: Wish): ReturnType<typeof scope> =>
  scope(seam, known, { everywhere: name === undefined && flags.allNamespaces === true });

const selection = ({ selector }: GetFlags): { readonly labelSelector?: string } =>
  selector === undefined ? {} : { labelSelector: selector };

async function serverTable(seam: Seam, wish: Wish): Reply<Listing> {
  const { known, name, flags } = wish;
  const query = name === undefined ? selection(flags) : { fieldSelector: `metadata.name=${name}` };
  const found = await seam.kube.table(wholeScope(seam, wish), query);
  return found.ok
    ? ok(serverListing(found.value))
    : err(fromKube(`list ${known.plural}`, found.error));
}

/** The table of what is there, then a row for each change, until interrupted. */
async function follow(seam: Seam, wish: Wish): Promise<void> {
  const { name, flags } = wish;
  const selector =
    name === undefined ? selection(flags) : { fieldSelector: `metadata.name=${name}` };
  const watched = { ref: wholeScope(seam, wish), selector };
  const before: KubeObject[] = [];
  let widths: readonly number[] | null = null;
  await untilInterrupted(async (signal) => {
    for await (const event of changesOf(seam, watched, signal)) {
      if (event.kind === "complete") widths = printStart(wish, before);
      else if (widths === null) before.push(event.object);
      else printChange(wish, event.object, widths);
    }
  });
}

const listingOf = (wish: Wish, objects: readonly KubeObject[]): Listing =>
  showsNamespaces(wish) ? withNamespaces(rowsOf(wish, objects)) : rowsOf(wish, objects);

/** Prints what was there; the widths of the columns hold for the rows that follow. */
function printStart(wish: Wish, objects: readonly KubeObject[]): readonly number[] {
  const { output } = wish.flags;
  if (output !== "table" && output !== "wide") {
    for (const object of objects) print(structured([object], output, true));
    return [];
  }
  const { head, rows } = listingOf(wish, objects);
  const cells = [head, ...rows.map((row) => row.cells)];
  printTable(table(cells));
  return widthsOf(cells);
}

function printChange(wish: Wish, object: KubeObject, widths: readonly number[]): void {
  const { output } = wish.flags;
  if (output !== "table" && output !== "wide") {
    print(structured([object], output, true));
    return;
  }
  for (const { cells } of listingOf(wish, [object]).rows) printTable(tableRow(cells, widths));
}
