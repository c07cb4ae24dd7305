/** Names of the host's ends of pods' links. */

/** All of them start so. */
export const DEVICE_PREFIX = "seam";

const whole = new RegExp(`^${DEVICE_PREFIX}[0-9a-f]{11}$`);

/** Whether `name` is one; other links, their neighbours and their addresses are not Seam's. */
export const isPodDevice = (name: string): boolean => whole.test(name);
