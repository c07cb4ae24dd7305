/** Broken promises inside Seam throw; they are bugs in Seam, never in what a user wrote. */

/** Throws when a condition that the code relies on does not hold. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`bug in Seam: ${message}`);
}

/** Ends a switch over a closed union; the compiler rejects the call when a case is missing. */
export function exhaustive(value: never): never {
  throw new Error(`bug in Seam: unexpected case ${JSON.stringify(value)}`);
}
