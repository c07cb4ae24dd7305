/** Maps that remember so many keys, and forget the one that was set longest ago. */

/** Sets a key as the newest; the oldest goes when there are more than `most`. */
export function remember<V>(
  recent: Map<string, V>,
  [key, value]: readonly [string, V],
  most: number,
): void {
  // Deleted first, so that the map's order is that of last use.
  recent.delete(key);
  recent.set(key, value);
  const [oldest] = recent.keys();
  if (recent.size > most && oldest !== undefined) recent.delete(oldest);
}
