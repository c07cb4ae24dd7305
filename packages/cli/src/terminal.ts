/** What a terminal gets and a file does not: lines cut to its width, and a little colour. */
import { styleText } from "node:util";
import { print } from "./session.ts";

/** Cuts each line to `columns`; a cut line ends with an ellipsis. Pure. */
export const cutLines = (text: string, columns: number): string =>
  text
    .split("\n")
    .map((line) => {
      const letters = Array.from(line);
      return letters.length > columns ? `${letters.slice(0, columns - 1).join("")}…` : line;
    })
    .join("\n");

const COLOURS = {
  green: ["Ready", "Running", "Active", "Bound", "True", "added"],
  yellow: ["Pending", "Progressing", "Degraded", "Deleting", "Terminating", "Suspended", "changed"],
  red: ["Failed", "Expired", "NotReady", "Unknown", "False", "deleted"],
} as const;

type Colour = keyof typeof COLOURS;

const colours: readonly Colour[] = ["green", "yellow", "red"];

/** Gives the words of a phase their colour, where they stand alone in a cell. Pure. */
export const painted = (text: string, paint: (colour: Colour, word: string) => string): string =>
  text.replaceAll(/(?<= {2}|^)[A-Za-z]+(?= {2}|$)/gm, (word) => {
    const colour = colours.find((each) => COLOURS[each].some((known) => known === word));
    return colour === undefined ? word : paint(colour, word);
  });

/** Prints a table: cut and coloured on a terminal, whole and plain elsewhere. */
export function printTable(text: string): void {
  if (!process.stdout.isTTY) {
    print(text);
    return;
  }
  // The colours are left out when NO_COLOR is set or the terminal has none.
  const paint = (colour: Colour, word: string): string =>
    styleText(colour, word, { stream: process.stdout });
  print(painted(cutLines(text, process.stdout.columns), paint));
}
