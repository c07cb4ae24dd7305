/** How types relate: whether they are the same, what makes them the same, and what they are with arguments put in (section 7.2.12). */
import type { Parameter } from "../ir/declaration.ts";
import type { Field, InferredType, Type, VariableType } from "./type.ts";

/** A type to be inferred. */
export const inferred = (name: string): InferredType => ({
  kind: "inferred",
  name,
  bound: undefined,
});

/** What a type is bound to, when it was inferred. */
export function known(type: Type): Type {
  let at = type;
  while (at.kind === "inferred" && at.bound !== undefined) at = at.bound;
  return at;
}

const mapped = <T>(list: readonly T[], map: (each: T) => T): readonly T[] => {
  const made = list.map(map);
  return made.every((each, index) => each === list[index]) ? list : made;
};

/** Puts types in for others; the same object when nothing changes. */
function rebuilt(type: Type, put: (leaf: Type) => Type): Type {
  const each = (part: Type): Type => rebuilt(part, put);
  const field = (part: Field): Field => {
    const made = each(part.type);
    return made === part.type ? part : { ...part, type: made };
  };
  switch (type.kind) {
    case "struct":
    case "header":
    case "header_union": {
      if (type.arguments.length === 0) return type;
      const list = mapped(type.arguments, each);
      return list === type.arguments
        ? type
        : { ...type, arguments: list, fields: mapped(type.fields, field) };
    }
    case "record":
      return { ...type, fields: mapped(type.fields, field) };
    case "stack":
    case "list":
    case "set": {
      const element = each(type.element);
      return element === type.element ? type : { ...type, element };
    }
    case "tuple": {
      const elements = mapped(type.elements, each);
      return elements === type.elements ? type : { ...type, elements };
    }
    case "extern": {
      const list = mapped(type.arguments, each);
      return list === type.arguments ? type : { ...type, arguments: list };
    }
    case "parser":
    case "control":
    case "package": {
      if (type.arguments.length === 0) return type;
      const parameters = mapped(type.parameters, (part: Parameter) => ({
        ...part,
        type: each(part.type),
      }));
      return { ...type, arguments: mapped(type.arguments, each), parameters };
    }
    default:
      return put(type);
  }
}

/** A type with arguments in the place of type parameters. */
export function substituted(
  type: Type,
  parameters: readonly VariableType[],
  list: readonly Type[],
): Type {
  if (parameters.length === 0) return type;
  const byId = new Map(parameters.map(({ id }, index) => [id, list[index]]));
  return rebuilt(type, (leaf) => (leaf.kind === "variable" ? (byId.get(leaf.id) ?? leaf) : leaf));
}

/** A type with all that was inferred written out. */
export const settled = (type: Type): Type =>
  rebuilt(type, (leaf) => {
    const bound = known(leaf);
    return bound === leaf ? leaf : settled(bound);
  });

/** A type in which each `_` fits anything, as in a parameter that takes a `Register<bit<1>, _>`. */
export const withAny = (type: Type): Type =>
  rebuilt(type, (leaf) => (known(leaf).kind === "inferred" ? { kind: "nothing" } : leaf));

/** Lets what is still open in a type fit anything, as nothing will tell what it is. */
export function loosen(type: Type): void {
  rebuilt(settled(type), (leaf) => {
    if (leaf.kind === "inferred") leaf.bound = { kind: "nothing" };
    return leaf;
  });
}

/** Whether something in a type is still to be inferred. */
export function isOpen(type: Type): boolean {
  let open = false;
  rebuilt(settled(type), (leaf) => {
    if (leaf.kind === "inferred") open = true;
    return leaf;
  });
  return open;
}

const all = (left: readonly Type[], right: readonly Type[]): boolean =>
  left.length === right.length && left.every((each, index) => unify(each, right[index] ?? each));

/** Makes two types the same by inferring what is still open in them; false when they cannot be. An error's type fits all. */
export function unify(first: Type, second: Type): boolean {
  const left = known(first);
  const right = known(second);
  if (left === right || left.kind === "nothing" || right.kind === "nothing") return true;
  if (left.kind === "inferred") return bind(left, right);
  if (right.kind === "inferred") return bind(right, left);
  return unifyBuilt(left, right);
}

function bind(open: InferredType, type: Type): boolean {
  let isInside = false;
  rebuilt(settled(type), (leaf) => {
    if (leaf === open) isInside = true;
    return leaf;
  });
  if (isInside) return false;
  open.bound = type;
  return true;
}

function unifyBuilt(left: Type, right: Type): boolean {
  switch (left.kind) {
    case "bit":
    case "int":
    case "varbit":
      return right.kind === left.kind && right.width === left.width;
    case "struct":
    case "header":
    case "header_union":
    case "extern":
    case "package":
      return (
        right.kind === left.kind && right.id === left.id && all(left.arguments, right.arguments)
      );
    case "parser":
    case "control":
      return right.kind === left.kind && unifyBlocks(left.parameters, right.parameters);
    case "stack":
      return (
        right.kind === "stack" && right.size === left.size && unify(left.element, right.element)
      );
    case "list":
    case "set":
      return right.kind === left.kind && unify(left.element, right.element);
    case "tuple":
      return right.kind === "tuple" && all(left.elements, right.elements);
    case "record":
      return right.kind === "record" && unifyFields(left.fields, right.fields);
    case "enum":
    case "serializable enum":
    case "newtype":
    case "variable":
    case "table":
      return right.kind === left.kind && right.id === left.id;
    default:
      return right.kind === left.kind;
  }
}

const unifyFields = (left: readonly Field[], right: readonly Field[]): boolean =>
  left.every(({ name }, index) => right[index]?.name === name) &&
  all(
    left.map(({ type }) => type),
    right.map(({ type }) => type),
  );

/** A block fits a type when its parameters do, in number, direction and type; optional ones may be missing (section 7.2.11). */
function unifyBlocks(left: readonly Parameter[], right: readonly Parameter[]): boolean {
  const shared = Math.min(left.length, right.length);
  return (
    [...left.slice(shared), ...right.slice(shared)].every(({ isOptional }) => isOptional) &&
    left.slice(0, shared).every((each, index) => {
      const other = right[index];
      return (
        other !== undefined && other.direction === each.direction && unify(each.type, other.type)
      );
    })
  );
}

/** Whether two types are the same; binds nothing. */
export const same = (left: Type, right: Type): boolean =>
  !isOpen(left) && !isOpen(right) && unify(left, right);
