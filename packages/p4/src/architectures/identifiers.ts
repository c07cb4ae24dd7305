/**
 * Numbers that PSA and PNA give types of their own, such as `PortId_t`: each with the plain number behind it, the form that it has in
 * headers, and the functions between them (PSA 1.2, section 4.1; PNA, section 4).
 */
type Identifier = {
  readonly name: string;
  /** Bits in the data plane of the target. */
  readonly width: number;
  /** Bits in headers, the same for all targets. */
  readonly inHeader: number;
  /** Whether the architecture has functions between the two forms. */
  readonly isConverted: boolean;
};

const declared = (architecture: string, { name, width, inHeader }: Identifier): string => `
typedef bit<${width}> ${name}Uint_t;
typedef bit<${inHeader}> ${name}InHeaderUint_t;
@p4runtime_translation("p4.org/${architecture}/v1/${name}_t", ${inHeader})
type ${name}Uint_t ${name}_t;
@p4runtime_translation("p4.org/${architecture}/v1/${name}InHeader_t", ${inHeader})
type ${name}InHeaderUint_t ${name}InHeader_t;
`;

const converted = (architecture: string, { name }: Identifier): string => `
${name}_t ${architecture}_${name}_header_to_int(in ${name}InHeader_t x) {
    return (${name}_t) (${name}Uint_t) (${name}InHeaderUint_t) x;
}
${name}InHeader_t ${architecture}_${name}_int_to_header(in ${name}_t x) {
    return (${name}InHeader_t) (${name}InHeaderUint_t) (${name}Uint_t) x;
}
`;

/** The declarations of all identifiers of an architecture. */
export const identifiers = (architecture: string, list: readonly Identifier[]): string =>
  [
    ...list.map((each) => declared(architecture, each)),
    ...list.filter((each) => each.isConverted).map((each) => converted(architecture, each)),
  ].join("");
