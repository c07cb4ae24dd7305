/** Types as a control plane sees them (P4Runtime 1.5, section 6.5). */
import type {
  Count,
  EnumType,
  NewType,
  SerializableEnumType,
  StructType,
  Type,
} from "../types/type.ts";
import { undocumentedOf } from "./annotated.ts";
import { bytesOf } from "./bytes.ts";
import type { BitstringLike, DataType, NamedType, TypeInfo, Wide } from "./p4info.ts";

/** `@p4runtime_translation(uri, bits)` or with `string`: what the control plane has instead of the program's numbers. */
function translationOf({ annotations }: NewType) {
  const tokens = annotations
    .find(({ name }) => name === "p4runtime_translation")
    ?.tokens.filter((each) => each !== " " && each !== ",");
  if (tokens === undefined) return undefined;
  const [uri = "", type = ""] = tokens;
  // A width stands alone, or as bit<W>.
  const width = Number(tokens.slice(1).find((each) => /^\d+$/.test(each)) ?? Number.NaN);
  return { uri: uri.replaceAll('"', ""), width: type === "string" ? undefined : width };
}

/** How many bits a control plane gives for a value; undefined when it gives a text, or when the type has no width. */
function bitwidthOf(type: Type): number | undefined {
  if ("width" in type) return type.width;
  if (type.kind === "bool") return 1;
  if (type.kind === "serializable enum") return bitwidthOf(type.underlying);
  if (type.kind !== "newtype") return undefined;
  const translation = translationOf(type);
  return translation === undefined ? bitwidthOf(type.target) : translation.width;
}

/** The name of a type that the program made of another. */
export const typeNameOf = (type: Type | undefined): NamedType | undefined =>
  type?.kind === "newtype" ? { name: type.name } : undefined;

/** Width and name of something's type. */
export function wideOf(type: Type): Wide {
  const [bitwidth, name] = [bitwidthOf(type), typeNameOf(type)];
  return {
    ...(bitwidth !== undefined && { bitwidth }),
    ...(name !== undefined && { type_name: name }),
  };
}

const NOTHING = {};

function bitstringOf(type: Type): BitstringLike {
  if (type.kind === "int") return { int: { bitwidth: type.width } };
  if (type.kind === "varbit") return { varbit: { max_bitwidth: type.width } };
  return { bit: { bitwidth: bitwidthOf(type) ?? 0 } };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Found = {
  readonly [K in keyof Required<Omit<TypeInfo, "error">>]: Mutable<Required<TypeInfo>[K]>;
};

/** Types with names that were described so far. */
export type TypeBook = { readonly found: Found; usesErrors: boolean };

/** A book without types yet. */
export const createTypeBook = (): TypeBook => ({
  found: {
    structs: {},
    headers: {},
    header_unions: {},
    enums: {},
    serializable_enums: {},
    new_types: {},
  },
  usesErrors: false,
});

/** What the book has; `errors` are those of the program. */
export const typeInfoOf = (
  { found, usesErrors }: TypeBook,
  errors: readonly string[],
): TypeInfo => ({
  ...Object.fromEntries(Object.entries(found).filter(([, types]) => Object.keys(types).length > 0)),
  ...(usesErrors && { error: { members: errors } }),
});

/** A type; those with names are written into the book. */
export function describeType(book: TypeBook, type: Type): DataType {
  if (type.kind === "bool") return { bool: NOTHING };
  if (type.kind === "tuple")
    return { tuple: { members: type.elements.map((each) => describeType(book, each)) } };
  if (type.kind === "stack") return stackOf(describeType(book, type.element), type.size);
  if (type.kind === "error") {
    book.usesErrors = true;
    return { error: NOTHING };
  }
  return isNamed(type) ? describeNamed(book, type) : { bitstring: bitstringOf(type) };
}

type Named = StructType | EnumType | SerializableEnumType | NewType;

function isNamed(type: Type): type is Named {
  const kinds = ["struct", "header", "header_union", "enum", "serializable enum", "newtype"];
  return kinds.includes(type.kind);
}

function describeNamed(book: TypeBook, type: Named): DataType {
  const { found } = book;
  const { name } = type;
  switch (type.kind) {
    case "struct":
      found.structs[name] ??= fieldsOf(type, (each) => ({ type_spec: describeType(book, each) }));
      return { struct: { name } };
    case "header":
      found.headers[name] ??= fieldsOf(type, (each) => ({ type_spec: bitstringOf(each) }));
      return { header: { name } };
    case "header_union":
      found.header_unions[name] ??= fieldsOf(type, (each) => {
        describeType(book, each);
        return { header: { name: "name" in each ? each.name : "" } };
      });
      return { header_union: { name } };
    case "enum":
      found.enums[name] ??= {
        members: type.members.map((member) => ({ name: member })),
        ...undocumentedOf(type.annotations),
      };
      return { enum: { name } };
    case "serializable enum":
      found.serializable_enums[name] ??= serializableOf(type);
      return { serializable_enum: { name } };
    case "newtype":
      found.new_types[name] ??= newTypeOf(type, (each) => describeType(book, each));
      return { new_type: { name } };
  }
}

const fieldsOf = <T extends object>(
  { fields, annotations }: StructType,
  make: (type: Type) => T,
): { readonly members: readonly ({ readonly name: string } & T)[] } => ({
  members: fields.map(({ name, type }) => ({ name, ...make(type) })),
  ...undocumentedOf(annotations),
});

function stackOf(element: DataType, size: Count): DataType {
  if ("header" in element) return { header_stack: { header: element.header, size } };
  if ("header_union" in element)
    return { header_union_stack: { header_union: element.header_union, size } };
  // An array of anything else has no form of its own: as many members.
  return { tuple: { members: Array.from({ length: size }, () => element) } };
}

function serializableOf(type: SerializableEnumType) {
  const bitwidth = bitwidthOf(type.underlying) ?? 0;
  return {
    underlying_type: { bitwidth },
    members: type.members.map(({ name, value }) => ({
      name,
      value: bytesOf(BigInt.asUintN(bitwidth, value)),
    })),
    ...undocumentedOf(type.annotations),
  };
}

function newTypeOf(type: NewType, describe: (type: Type) => DataType) {
  const translation = translationOf(type);
  const rest = undocumentedOf(type.annotations);
  if (translation === undefined) return { original_type: describe(type.target), ...rest };
  const { uri, width } = translation;
  const sdn = width === undefined ? { sdn_string: NOTHING } : { sdn_bitwidth: width };
  return { translated_type: { uri, ...sdn }, ...rest };
}
