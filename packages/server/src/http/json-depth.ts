/** How deep JSON goes; pure. What is nested too deep ends the program's stack in whoever walks over it. */

/** No object of Kubernetes is deeper. */
export const MOST_LEVELS = 100;

/** Whether a JSON text has more levels of lists and objects, said before it is parsed, in one pass. */
export function isDeep(text: string): boolean {
  let levels = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (letter === '"') at = endOfText(text, at);
    else levels += STEPS[letter] ?? 0;
    if (levels > MOST_LEVELS) return true;
  }
  return false;
}

const STEPS: { readonly [letter: string]: number } = { "[": 1, "{": 1, "]": -1, "}": -1 };

/** Where the text that begins at a quote ends; brackets in it are not levels. */
function endOfText(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === "\\" ? 2 : 1;
  return at;
}
