/** What a lab remembers of itself between two commands: its members and its families, one small file in its folder. */
import { renameSync, writeFileSync } from "node:fs";
import {
  familyChoices,
  type FamilyChoice,
  labFolders,
  type LabLayout,
  labLayout,
  type MadeLab,
  type Member,
} from "./layout.ts";
import { readText } from "./processes.ts";

const fileOf = (state: string): string => `${state}/members`;

/** The text of the file: the families, then a line for each node with its number and the last part of its addresses. */
export const formatMade = ({ members = [], families = "dual" }: MadeLab): string =>
  [families, ...members.map(({ index, host }) => `n${index} ${host}`), ""].join("\n");

/** Reads the file's text; nothing of a text that is none. */
export function parseMade(text: string): MadeLab {
  const [first = "", ...lines] = text.split("\n");
  const members = lines.flatMap((line): readonly Member[] => {
    const [, index, host] = /^n([1-9]) (\d+)$/.exec(line) ?? [];
    return index === undefined ? [] : [{ index: Number(index), host: Number(host) }];
  });
  return { members, families: choiceOf(first) };
}

const choiceOf = (text: string): FamilyChoice | undefined =>
  familyChoices.find((each) => each === text);

/** What is remembered of a lab; nothing of one that was never made. */
export const readMade = (name: string): MadeLab =>
  parseMade(readText(fileOf(labFolders(name).state)) ?? "");

/** Remembers a lab's members and families. */
export function writeMade({ state, choice, members }: LabLayout): void {
  writeFileSync(`${fileOf(state)}.new`, formatMade({ members, families: choice }));
  renameSync(`${fileOf(state)}.new`, fileOf(state));
}

/** The layout of a lab that is up; an error that says how to start one when there is none. */
export function existingLab(name: string): LabLayout {
  const made = readMade(name);
  if ((made.members ?? []).length === 0) {
    throw new Error(`lab ${name} is not up; start it with: seam lab up`);
  }
  const binFolder = readText(`${labFolders(name).state}/bin-folder`)?.trim() ?? "/usr/bin";
  return labLayout({ name, binFolder }, made);
}
