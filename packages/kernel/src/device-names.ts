/** Names of the host's ends of pods' links. */

/** All of them start so; other links' neighbours and addresses are not Seam's. */
export const DEVICE_PREFIX = "seam";
