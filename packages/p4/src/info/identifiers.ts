/**
 * Numbers and short names of objects (P4Runtime 1.5, sections 6.3 and 6.4.1). A number's first byte tells the sort of the object; the others are
 * those of `@id`, or a hash of the name, so that they stay when something else is added. The hash is Jenkins' one-at-a-time (Dr. Dobb's
 * Journal, September 1997), as p4c's: numbers are the same as there.
 */
import { err, ok, type Result } from "@seam/base";

/** First bytes, as published (P4Ids.Prefix). */
const PREFIXES = {
  action: 0x01,
  table: 0x02,
  valueSet: 0x03,
  controllerHeader: 0x04,
  actionProfile: 0x11,
  counter: 0x12,
  directCounter: 0x13,
  meter: 0x14,
  directMeter: 0x15,
  register: 0x16,
  digest: 0x17,
} as const;

/** A sort of objects. */
export type Sort = keyof typeof PREFIXES;

/** What is to be numbered: its name, and what its `@id` says. */
export type Numbered = {
  readonly sort: Sort;
  readonly name: string;
  /** What the number is made of, where it is not the name. */
  readonly hashed?: string;
  readonly given?: bigint;
};

const REST = 0xff_ff_ff;

/** 32 bits of a text's UTF-8. */
function hashOf(text: string): number {
  let hash = 0;
  for (const byte of new TextEncoder().encode(text)) {
    hash = (hash + byte) >>> 0;
    hash = (hash + (hash << 10)) >>> 0;
    hash = (hash ^ (hash >>> 6)) >>> 0;
  }
  hash = (hash + (hash << 3)) >>> 0;
  hash = (hash ^ (hash >>> 11)) >>> 0;
  return (hash + (hash << 15)) >>> 0;
}

/** The number of an object; 0, which is none, when it was not numbered. */
export type IdOf = (sort: Sort, name: string) => number;

const keyOf = ({ sort, name }: Pick<Numbered, "sort" | "name">): string => `${sort} ${name}`;

/** A number for each: first those that are given, then the others, each the next free one from its hash. */
export function numbers(objects: readonly Numbered[]): Result<IdOf, string> {
  const byKey = new Map<string, number>();
  const owners = new Map<number, string>();
  for (const object of objects) {
    if (object.given === undefined) continue;
    const id = withPrefix(object, object.given);
    if (!id.ok) return id;
    const owner = owners.get(id.value);
    if (owner !== undefined && owner !== keyOf(object))
      return err(`@id(${object.given}) is given to ${owner} and to ${keyOf(object)}`);
    owners.set(id.value, keyOf(object));
    byKey.set(keyOf(object), id.value);
  }
  for (const object of objects) {
    if (byKey.has(keyOf(object))) continue;
    let rest = hashOf(object.hashed ?? object.name) & REST;
    const idOf = (): number => PREFIXES[object.sort] * (REST + 1) + rest;
    while (owners.has(idOf())) rest = (rest + 1) & REST;
    owners.set(idOf(), keyOf(object));
    byKey.set(keyOf(object), idOf());
  }
  return ok((sort, name) => byKey.get(keyOf({ sort, name })) ?? 0);
}

/** A number that the program gives may leave its first byte out. */
function withPrefix({ sort, name }: Numbered, given: bigint): Result<number, string> {
  const prefix = PREFIXES[sort];
  const [first, rest] = [given >> 24n, Number(given & BigInt(REST))];
  if ((first !== 0n && first !== BigInt(prefix)) || rest === 0)
    return err(
      `@id(${given}) of ${name}: expected 1 to ${REST}, or with the first byte 0x${prefix.toString(16).padStart(2, "0")} of its sort`,
    );
  return ok(prefix * (REST + 1) + rest);
}

/** For each name the shortest end, of whole parts between dots, that no other name has. */
export function aliases(names: readonly string[]): ReadonlyMap<string, string> {
  const endsOf = (name: string): readonly string[] => {
    const parts = name.split(".");
    return parts.map((_, index) => parts.slice(parts.length - 1 - index).join("."));
  };
  const owners = new Map<string, number>();
  const unique = new Set(names);
  for (const end of [...unique].flatMap(endsOf)) owners.set(end, (owners.get(end) ?? 0) + 1);
  return new Map(
    [...unique].map((name) => [name, endsOf(name).find((end) => owners.get(end) === 1) ?? name]),
  );
}
