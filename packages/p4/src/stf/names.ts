/**
 * Finds what an STF file names. A name is written in full, or as the end of it after a dot, as long as only one thing fits; a stack's
 * element is `h[1]` or `h$1`, masks and slices of keys may be left out, a header's validity `h.isValid()`, `h.$valid$`, `h.valid` or `h.$valid`. Names that p4c's eBPF back end
 * makes up are understood too: `pipe_table` for `pipe.table`, `field0` for the first field of a key.
 */
import { err, ok, type Result } from "@seam/base";

/** Names of one thing look the same when this is done to them. */
const plain = (name: string): string =>
  name
    .replaceAll(/\s|&.*$|\[\d+:\d+\]$/g, "")
    .replaceAll(/\$(\d+)/g, "[$1]")
    .replace(/\.(?:isValid\(\)|\$valid\$|\$valid|valid)$/, ".isValid()")
    .replace(/^(?:\$valid\$|\$valid|valid)$/, "isValid()")
    .replaceAll("$", "");

const underscored = (name: string): string => name.replaceAll(/[.]/g, "_");

const endsWith = (whole: string, end: string, separator: string): boolean =>
  whole === end || whole.endsWith(`${separator}${end}`);

/** The tests that names are tried with, the strictest first. */
const fits: readonly ((whole: string, name: string) => boolean)[] = [
  (whole, name) => whole === name,
  (whole, name) => endsWith(plain(whole), plain(name), "."),
  (whole, name) => endsWith(underscored(whole), underscored(name), "_"),
  (whole, name) => endsWith(underscored(plain(name)), underscored(plain(whole)), "_"),
];

/** The one of some names that is meant, or why there is none. */
export function findName(
  what: string,
  name: string,
  known: readonly string[],
): Result<string, string> {
  for (const fit of fits) {
    const found = known.filter((each) => fit(each, name));
    const [only] = found;
    if (only !== undefined && found.length === 1) return ok(only);
    if (found.length > 1) {
      return err(`${what} ${name} could be ${found.join(" or ")}: write more of its name`);
    }
  }
  const list = known.length === 0 ? "there are none" : `known are ${known.join(", ")}`;
  return err(`there is no ${what} ${name}: ${list}`);
}

/** The place of a key's field by its name; `field1` is the second when no field has that name. */
export function findKey(name: string, known: readonly string[]): Result<number, string> {
  const found = findName("field of the key", name, known);
  if (found.ok) return ok(known.indexOf(found.value));
  const [, place] = /(?:^|\.)field(\d+)$/.exec(name) ?? [];
  if (place !== undefined && Number(place) < known.length) return ok(Number(place));
  return found;
}
