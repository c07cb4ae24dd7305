/**
 * The order of resourceVersions of one kind: decimal numbers of any length, without leading zeros (KEP-5504). What is no such
 * number has no place in it.
 */

/** Whether `version` is `wanted` or a later one; false when either is no number. */
export function hasReached(version: string, wanted: string): boolean {
  if (!isVersion(version) || !isVersion(wanted)) return false;
  // Without leading zeros the longer number is the greater one, and equal lengths compare as texts.
  return version.length === wanted.length ? version >= wanted : version.length > wanted.length;
}

/** The latest of `versions`; null when none of them is a number. */
export function latestVersion(versions: readonly string[]): string | null {
  const [first, ...others] = versions.filter(isVersion);
  if (first === undefined) return null;
  return others.reduce((latest, each) => (hasReached(each, latest) ? each : latest), first);
}

const isVersion = (text: string): boolean => /^[1-9][0-9]*$/.test(text);
