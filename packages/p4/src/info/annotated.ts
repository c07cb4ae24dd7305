/** What annotations say to a control plane (P4Runtime 1.5, section 6.4). */
import { type Annotation, annotationText } from "../ir/annotation.ts";
import type { Expr } from "../ir/expression.ts";
import type { Annotated, StructuredAnnotation } from "./p4info.ts";

/** Those that have fields of their own. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set([
  "name",
  "id",
  "brief",
  "description",
  "pkginfo",
  "p4runtime_translation",
  "controller_header",
]);

const textOf = ({ name, tokens }: Annotation): string =>
  tokens.length === 0 ? `@${name}` : `@${name}(${tokens.join("")})`;

/** Annotations, documentation and structured annotations of something. */
export function annotatedOf(annotations: readonly Annotation[]): Annotated {
  const told = annotations.filter(({ name }) => !TOLD_ELSEWHERE.has(name));
  const structured = told.filter(isStructured).map(structuredOf);
  const texts = told.filter((each) => !isStructured(each)).map(textOf);
  const brief = annotationText(annotations, "brief");
  const description = annotationText(annotations, "description");
  return {
    ...(texts.length > 0 && { annotations: texts }),
    ...((brief !== undefined || description !== undefined) && {
      doc: {
        ...(brief !== undefined && { brief }),
        ...(description !== undefined && { description }),
      },
    }),
    ...(structured.length > 0 && { structured_annotations: structured }),
  };
}

/** The same where P4Info has no place for documentation. */
export function undocumentedOf(annotations: readonly Annotation[]): Omit<Annotated, "doc"> {
  const { doc: _, ...said } = annotatedOf(annotations);
  return said;
}

const isStructured = ({ values, named }: Annotation): boolean =>
  values.length > 0 || named.length > 0;

function structuredOf({ name, values, named }: Annotation): StructuredAnnotation {
  if (named.length > 0) {
    const pairs = named.map((each) => ({ key: each.name, value: expressionOf(each.value) }));
    return { name, kv_pair_list: { kv_pairs: pairs } };
  }
  return { name, expression_list: { expressions: values.map(expressionOf) } };
}

function expressionOf(value: Expr) {
  if (value.kind === "bool") return { bool_value: value.value };
  if (value.kind === "integer") {
    const number = Number(value.value);
    return Number.isSafeInteger(number)
      ? { int64_value: number }
      : { string_value: `${value.value}` };
  }
  return { string_value: value.kind === "string" ? value.value : "" };
}

/** Whether something has an annotation. */
export const has = (annotations: readonly Annotation[], name: string): boolean =>
  annotations.some((each) => each.name === name);

/** The number of an annotation such as `@id(7)`; undefined when there is none. */
export function annotationNumber(
  annotations: readonly Annotation[],
  name: string,
): bigint | undefined {
  const text = annotations
    .find((each) => each.name === name)
    ?.tokens.join("")
    .trim();
  return text !== undefined && /^(0[xX][\da-fA-F]+|\d+)$/.test(text) ? BigInt(text) : undefined;
}
