/** JSON pointers (RFC 6901). */

/** The steps of a pointer, with its escapes undone (section 4). */
export const stepsOf = (pointer: string): readonly string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
