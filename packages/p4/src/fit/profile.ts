/** What a target can do, as files in JSON declare it. What such a file leaves out, or gives as null, is not stated. */
import { err, ok, type Result } from "@seam/base";

/** Limits of a target, each the greatest number that it takes. */
const LIMITS = [
  "exactKeyBits",
  "lpmKeyBits",
  "ternaryKeyBits",
  "exactEntries",
  "lpmEntries",
  "ternaryEntries",
  "tables",
  "dependentTables",
  "parserStates",
  "headerBytes",
  "fieldBits",
  "arithmeticBits",
  "digestBytes",
] as const;

/** Constructs that a target has or lacks. */
const CONSTRUCTS = [
  "varbit",
  "headerUnions",
  "headerStacks",
  "pushAndPop",
  "valueSets",
  "subParsers",
  "parserLoops",
  "loops",
  "multiplication",
  "division",
  "variableShifts",
  "signedIntegers",
  "conditionalOperator",
  "recirculation",
  "resubmission",
  "cloning",
  "digests",
  "idleTimeout",
  "addOnMiss",
] as const;

/** A limit of a target. */
export type Limit = (typeof LIMITS)[number];

/** A construct that a target has or lacks. */
export type Construct = (typeof CONSTRUCTS)[number];

/** A target. */
export type Profile = {
  readonly name: string;
  /** What it is. */
  readonly title: string;
  /** Other names of it. */
  readonly aliases: readonly string[];
  /** Those that its compiler takes, as P4Info names them; none for a target that runs no P4. */
  readonly architectures: readonly string[];
  readonly matchKinds: readonly string[] | undefined;
  /** Types of objects and functions of the architecture. */
  readonly externs: readonly string[] | undefined;
  /** The same that it lacks although its architecture has them. */
  readonly missingExterns: readonly string[];
  readonly limits: ReadonlyMap<Limit, number>;
  readonly constructs: ReadonlyMap<Construct, boolean>;
  /** Public documents, with what was taken from each. */
  readonly sources: readonly { readonly about: string; readonly from: string }[];
};

type Json = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

const FIELDS = [
  "name",
  "title",
  "aliases",
  "architectures",
  "matchKinds",
  "externs",
  "missingExterns",
  "limits",
  "constructs",
  "sources",
] as const;

/** Reads a target from parsed JSON; errors name the field, and what was expected. */
export function profileOf(json: unknown): Result<Profile, readonly string[]> {
  if (!isObject(json))
    return err(["expected an object with the name of the target and what it can do"]);
  const errors: string[] = [];
  const lists = listsIn(json, errors);
  const profile: Profile = {
    name: textIn(json, "name", errors),
    title: textIn(json, "title", errors),
    aliases: lists("aliases") ?? [],
    architectures: lists("architectures") ?? [],
    matchKinds: lists("matchKinds"),
    externs: lists("externs"),
    missingExterns: lists("missingExterns") ?? [],
    limits: mapIn({ json, field: "limits", known: LIMITS }, isLimit, errors),
    constructs: mapIn({ json, field: "constructs", known: CONSTRUCTS }, isTruth, errors),
    sources: sourcesIn(json, errors),
  };
  if (!Array.isArray(json["architectures"]))
    errors.push("architectures: expected a list of texts, empty when the target runs no P4");
  for (const key of Object.keys(json))
    if (!FIELDS.some((field) => field === key))
      errors.push(`${key}: no such field; there are ${FIELDS.join(", ")}`);
  return errors.length === 0 ? ok(profile) : err(errors);
}

function textIn(json: Json, field: string, errors: string[]): string {
  const value = json[field];
  if (isText(value)) return value;
  errors.push(`${field}: expected a text`);
  return "";
}

const listsIn =
  (json: Json, errors: string[]) =>
  (field: string): readonly string[] | undefined => {
    const value = json[field];
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value) && value.every(isText)) return value;
    errors.push(`${field}: expected a list of texts`);
    return undefined;
  };

type Check<T> = { readonly is: (value: unknown) => value is T; readonly expected: string };

const isLimit: Check<number> = {
  is: (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0,
  expected: "a whole number, or null when it is not stated",
};

const isTruth: Check<boolean> = {
  is: (value): value is boolean => typeof value === "boolean",
  expected: "true, false, or null when it is not stated",
};

type Mapped<K extends string> = {
  readonly json: Json;
  readonly field: string;
  readonly known: readonly K[];
};

function mapIn<K extends string, T>(
  { json, field, known }: Mapped<K>,
  { is, expected }: Check<T>,
  errors: string[],
): ReadonlyMap<K, T> {
  const found = new Map<K, T>();
  const given = json[field] ?? {};
  if (!isObject(given)) {
    errors.push(`${field}: expected an object`);
    return found;
  }
  for (const [key, value] of Object.entries(given)) {
    const name = known.find((each) => each === key);
    if (name === undefined)
      errors.push(`${field}.${key}: no such field; there are ${known.join(", ")}`);
    else if (is(value)) found.set(name, value);
    else if (value !== null) errors.push(`${field}.${key}: expected ${expected}`);
  }
  return found;
}

function sourcesIn(json: Json, errors: string[]): Profile["sources"] {
  const given = json["sources"] ?? [];
  const list: readonly unknown[] = Array.isArray(given) ? given : [undefined];
  return list.flatMap((each) => {
    if (isObject(each) && isText(each["about"]) && isText(each["from"]))
      return [{ about: each["about"], from: each["from"] }];
    errors.push("sources: expected a list of objects, each with texts about and from");
    return [];
  });
}
