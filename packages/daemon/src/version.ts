/** The version of Seam that a program is of; a test compares it with `package.json`. */

/** Version of this checkout. */
export const SEAM_VERSION = "0.1.0";
