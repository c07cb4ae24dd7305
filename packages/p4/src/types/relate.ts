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

/** Puts types in for the parts of another; the same object when nothing changes. */
function rebuilt(type: Type, put: (leaf: Type) => Type): Type {
  const each = (part: Type): Type => rebuilt(part, put);
  const field = (part: Field): Field => {
    const made = each(part.type);
    return made === part.type ? part : { ...part, type: made };
  };
  switch (type.kind) {
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
    case "struct":
    case "header":
    case "header_union":
    case "extern":
    case "parser":
    case "control":
    case "package":
      return applied(type, { each, field });
    case "action run":
    case "apply result":
    case "bit":
    case "bool":
    case "enum":
    case "error":
    case "inferred":
    case "int":
    case "integer":
    case "invalid":
    case "match_kind":
    case "newtype":
    case "nothing":
    case "rest":
    case "serializable enum":
    case "string":
    case "table":
    case "varbit":
    case "variable":
    case "void":
      return put(type);
  }
}

type Applied = Extract<Type, { readonly arguments: readonly Type[] }>;

type Each = { readonly each: (part: Type) => Type; readonly field: (part: Field) => Field };

/** A type with arguments: with other ones its parts are others, too. Methods of externs stay as they are declared. */
function applied(type: Applied, { each, field }: Each): Type {
  const list = mapped(type.arguments, each);
  if (list === type.arguments) return type;
  if (type.kind === "extern") return { ...type, arguments: list };
  if ("fields" in type) return { ...type, arguments: list, fields: mapped(type.fields, field) };
  const parameters = type.parameters.map((part: Parameter): Parameter => ({
    ...part,
    type: each(part.type),
  }));
  return { ...type, arguments: list, parameters };
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
  if (left.kind !== right.kind) return false;
  if ("width" in left) return "width" in right && left.width === right.width;
  if ("elements" in left) return "elements" in right && all(left.elements, right.elements);
  if ("element" in left) return "element" in right && unifyElements(left, right);
  return unifyNamed(left, right);
}

type Holder = Extract<Type, { readonly element: Type }>;

function unifyElements(left: Holder, right: Holder): boolean {
  const size = left.kind === "stack" ? left.size : 0;
  return size === (right.kind === "stack" ? right.size : 0) && unify(left.element, right.element);
}

function unifyNamed(left: Type, right: Type): boolean {
  const isBlock = left.kind === "parser" || left.kind === "control";
  if (isBlock && "parameters" in right) return unifyBlocks(left.parameters, right.parameters);
  if ("id" in left)
    return "id" in right && left.id === right.id && all(argumentsOf(left), argumentsOf(right));
  if (left.kind === "record" && right.kind === "record")
    return unifyFields(left.fields, right.fields);
  return true;
}

const argumentsOf = (type: Type): readonly Type[] => ("arguments" in type ? type.arguments : []);

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
