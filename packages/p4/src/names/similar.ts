/** Which name was meant: the nearest by Levenshtein's distance. */

/** Names longer than this are not compared, and among more than this many none is looked for: it keeps hostile input cheap. */
const LONGEST = 64;
const MOST = 2000;

function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let y = 1; y <= from.length; y += 1) {
    const next = [y];
    for (let x = 1; x <= to.length; x += 1) {
      const swap = (row[x - 1] ?? 0) + (from[y - 1] === to[x - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[x] ?? 0) + 1, (next[x - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** The name that differs least from one that is not there, when it differs in at most a third of its letters. */
export function similar(name: string, names: readonly string[]): string | undefined {
  if (name.length > LONGEST || names.length > MOST) return undefined;
  const most = Math.ceil(name.length / 3);
  const near = names
    .filter((each) => Math.abs(each.length - name.length) <= most && each !== name)
    .map((each) => ({ each, far: distance(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ far }) => far <= most);
  const least = Math.min(...near.map(({ far }) => far));
  return near.find(({ far }) => far === least)?.each;
}
